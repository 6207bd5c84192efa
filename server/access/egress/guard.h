// The egress guard: nobody, and no firm, lets more leave than its budgets say, however it asks (DESIGN §8, I5).
//
// What is asked for is reserved before its entry commits; the entry carries what was reserved, and the record lane counts it into the
// ledger in the same write (I3). What then did not leave is given back by the entry that closes the release. So the ledger is a sum of
// entries, and a crash at any moment leaves it too high rather than too low.
#ifndef OTOKURA_SERVER_ACCESS_EGRESS_GUARD_H_
#define OTOKURA_SERVER_ACCESS_EGRESS_GUARD_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "otokura/v1/admin.pb.h"
#include "otokura/v1/policy.pb.h"
#include "server/access/egress/budget_refusal.h"
#include "server/access/egress/fit.h"
#include "server/access/egress/ledger_book.h"
#include "server/access/egress/ledger_rows.h"
#include "server/access/egress/reservations.h"
#include "server/access/egress/window_clock.h"
#include "server/audit/log.h"
#include "server/runtime/clock.h"
#include "server/storage/storage.h"

namespace otokura::access {

inline constexpr size_t kSubjectsInMemoryMax = 262'144;  // some hundred bytes of most, 5 KiB at most; beyond, memory begins anew

// Somebody whose budgets a release must fit into.
struct BudgetSubject {
  SubjectKind kind = SubjectKind::kAccount;
  std::string id;  // SubjectId
  std::vector<v1::Budget> budgets;
  std::string name{};
};

// What is about to leave.
struct Wanted {
  uint64_t audio_bytes = 0;
  uint64_t rows = 0;
  std::vector<Term> terms{};
};

struct Reserved {
  uint64_t number = 0;
  absl::Time window_time;
};

// An entry that may change the ledger.
struct ChargedDraft : audit::Draft {
  std::optional<LedgerEvent> event;
  uint64_t reservation = 0;                       // counted by this entry from when it is durable
  v1::Role approver_role = v1::ROLE_UNSPECIFIED;  // of the person that particulars.approver names
};

// Thread-safe but for the Tally half, which is the record lane's.
class EgressGuard : public audit::Tally {
 public:
  // Borrowed. Without a window clock nothing is ever reserved: its error is the answer.
  EgressGuard(const storage::RecordReader* records, const runtime::Clock* clock, absl::StatusOr<std::unique_ptr<WindowClock>> window_clock)
      : records_(records), clock_(clock), window_clock_(std::move(window_clock)) {}

  // RESOURCE_EXHAUSTED, with a BudgetExhausted detail, where it does not fit into every budget: nothing is reserved then. DATA_LOSS where
  // the ledger cannot be read. Reads the store. The first of `subjects` is the account that asks; where a budget refuses, `*refusal`,
  // unless it is null, says what it met.
  absl::StatusOr<Reserved> Reserve(const std::vector<BudgetSubject>& subjects, const Wanted& wanted, BudgetRefusal* refusal = nullptr);
  // Its entry was not stored.
  void Drop(uint64_t reservation);

  absl::Status Add(absl::Span<const std::unique_ptr<storage::LogDraft>> drafts) override;
  void PutInto(storage::Batch* batch) const override;
  void Committed() override;
  void Forget() override;

 private:
  using Usages = absl::flat_hash_map<std::string, Usage>;

  // What the subject used, valid until the next is asked for.
  absl::StatusOr<const Usage*> UsageOf(const BudgetSubject& subject) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A term, and when each of the subjects met it last, be it under this year's pseudonym or under that of the year before.
  struct MetTerm {
    TermKey key;
    LastMet last;
  };
  absl::StatusOr<std::vector<MetTerm>> ReadTerms(const std::vector<Term>& terms, const std::vector<BudgetSubject>& subjects) const;
  // `place`: of the subject among those that the terms were read for.
  Reservations::Share ShareOf(const BudgetSubject& subject, size_t place, const Wanted& wanted, const std::vector<MetTerm>& terms,
                              absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<Excess> FirstExcessOf(const BudgetSubject& subject, const Usage& used, const Reservations::Share& share,
                                      absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Exhausted(const BudgetSubject& subject, const Excess& excess, absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  BudgetRefusal Describe(const BudgetSubject& account, const BudgetSubject& subject, const Excess& excess, absl::Time now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Usage> DurableUsage(const std::string& subject);
  absl::Status LoadFor(const LedgerEvent& event);

  const storage::RecordReader* const records_;
  const runtime::Clock* const clock_;
  const absl::StatusOr<std::unique_ptr<WindowClock>> window_clock_;

  // The lane's: what is sequenced and not yet durable.
  LedgerBook pending_;
  Touched touched_;
  std::vector<uint64_t> settled_;  // reservations that pending_ counts

  absl::Mutex mutex_;
  Usages durable_ ABSL_GUARDED_BY(mutex_);  // of those who asked lately, as the store has it
  Reservations reservations_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_EGRESS_GUARD_H_
