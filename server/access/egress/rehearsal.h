// The log gone through under another policy (DESIGN §8): what of all that was allowed it would have refused, and to whom. Reads only.
//
// A release is judged by the role, purpose and reference that its entry carries, by the scope where the other policy's is narrower, and by
// every budget, with the guard's own arithmetic over the same window time; what would have been stopped is not counted. Cases, grants, the
// pace of listening and the fields searched by are not in the log, and not judged.
#ifndef OTOKURA_SERVER_ACCESS_EGRESS_REHEARSAL_H_
#define OTOKURA_SERVER_ACCESS_EGRESS_REHEARSAL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "otokura/v1/audit.pb.h"
#include "otokura/v1/rehearsal.pb.h"
#include "server/access/egress/budgets.h"
#include "server/access/egress/charges.h"
#include "server/access/egress/ledger_book.h"
#include "server/access/egress/rehearsal_findings.h"
#include "server/access/roles.h"
#include "server/keys/release_permit.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::access {

inline constexpr size_t kRehearsalFindingsMax = 10'000;  // some 500 bytes each
inline constexpr size_t kRehearsalKeptMax = 2'000'000;   // terms met, and recordings of findings: some 150 bytes each
inline constexpr uint32_t kRehearsalDaysMax = 400;       // the longest window, and some days to see it full

// Not thread-safe; a step at a time.
class Rehearsal {
 public:
  struct Parts {
    std::unique_ptr<storage::RecordReader> records;  // a snapshot
    const keys::SiteKeys* keys = nullptr;            // borrowed
    std::shared_ptr<const Rules> draft;
    std::shared_ptr<const Rules> in_force;
    BudgetSource budgets;  // under the draft
    // Whether the account reaches that recording, 16 bytes, in that scope; nothing where one of them is gone.
    std::function<std::optional<bool>(std::string_view account, std::string_view recording_id, v1::Scope scope)> reaches;
    std::function<v1::Role(std::string_view grant_id)> approver_role;  // of who approved it; ROLE_UNSPECIFIED: not known any more
    size_t findings_max = kRehearsalFindingsMax;
    size_t kept_max = kRehearsalKeptMax;
  };
  // Over the entries from `from` on that are there now.
  static absl::StatusOr<std::unique_ptr<Rehearsal>> Begin(Parts parts, absl::Time from);

  bool done() const { return next_ == end_; }
  // Goes through so many entries more, or to the end. RESOURCE_EXHAUSTED beyond kept_max; DATA_LOSS where the log is damaged.
  absl::Status Step(const keys::ReleasePermit& permit, uint64_t entries_max);

  v1::RehearsalProgress progress() const;
  const std::vector<v1::RehearsalFinding>& findings() const { return findings_.listed(); }
  v1::RehearsalSummary summary() const;

 private:
  struct Release;
  Rehearsal(Parts parts, uint64_t first, uint64_t end)
      : parts_(std::move(parts)), first_(first), next_(first), end_(end), findings_(parts_.findings_max) {}

  absl::Status Take(const keys::ReleasePermit& permit, const v1::AuditEntry& entry);
  absl::Status TakeRelease(const keys::ReleasePermit& permit, const v1::AuditEntry& entry, Action action, v1::Role role);
  absl::Status TakeOther(const keys::ReleasePermit& permit, const v1::AuditEntry& entry, Action action, v1::Role role);
  void TakeDelivered(const v1::AuditEntry& entry);

  // By what it would have been stopped, if by anything: `*finding` then says so.
  bool StoppedByRules(const Release& release, v1::RehearsalFinding* finding);
  bool StoppedByScope(const Release& release, v1::RehearsalFinding* finding);
  bool StoppedByBudget(const Release& release, const std::vector<BudgetSubject>& subjects, v1::RehearsalFinding* finding);
  std::vector<BudgetSubject> SubjectsOf(const Release& release) const;
  void Charge(const Release& release, const std::vector<BudgetSubject>& subjects);
  void Count(const LedgerEvent& event);

  const Parts parts_;
  const uint64_t first_;
  uint64_t next_;
  const uint64_t end_;
  RehearsalFindings findings_;
  v1::RehearsalSummary summary_;

  LedgerBook book_;                                                  // of what would have been allowed, of subjects that have budgets
  size_t terms_met_ = 0;                                             // in book_
  absl::Time now_ = absl::InfinitePast();                            // window time: of the latest release
  absl::flat_hash_map<uint64_t, std::vector<std::string>> charged_;  // ids of the subjects, by sequence, until the release is closed
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_EGRESS_REHEARSAL_H_
