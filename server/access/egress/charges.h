// What a release takes of whose budgets: reserved with the guard before its entry, said in the entry, and what did not leave given back
// with the entry that closes it.
#ifndef OTOKURA_SERVER_ACCESS_EGRESS_CHARGES_H_
#define OTOKURA_SERVER_ACCESS_EGRESS_CHARGES_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "otokura/v1/admin.pb.h"
#include "otokura/v1/policy.pb.h"
#include "server/access/caller.h"
#include "server/access/egress/guard.h"
#include "server/access/egress/ledger_event.h"
#include "server/keys/site_keys.h"

namespace otokura::access {

struct Ask;

inline constexpr size_t kOpenReleasesMax = 65'536;  // remembered, some 100 bytes each; what one beyond did not let leave stays charged

// What the policy and the contracts say now. Safe from any thread.
struct BudgetSource {
  std::function<std::vector<v1::Budget>(v1::Role role)> of_role;  // each account's and each person's
  std::function<std::vector<v1::Budget>(std::string_view centre)> of_centre;
  std::function<std::vector<v1::Budget>(std::string_view contract)> of_contract;
  std::function<std::vector<v1::Budget>()> of_exports;  // each person's who requests them, and each person's who approves them
  ContractChain chain;
};

// Thread-safe.
class Charges {
 public:
  // Borrowed.
  Charges(EgressGuard* guard, const keys::SiteKeys* keys, BudgetSource budgets)
      : guard_(guard), keys_(keys), budgets_(std::move(budgets)) {}

  // Reserves what the ask wants, and has `draft`, which is to be its entry, say and charge it. As EgressGuard::Reserve; UNAVAILABLE where
  // the recording's caller cannot be told. Nothing for asks that let nothing leave.
  absl::Status Reserve(const Caller& caller, const Ask& ask, ChargedDraft* draft, BudgetRefusal* refusal = nullptr);
  // The entry is durable, or was not stored. `approver`: of the grant or export under which it is a release, if any.
  void Stored(uint64_t sequence, const v1::AuditEntry& leaf, const std::string& approver);
  void NotStored(uint64_t reservation) { guard_->Drop(reservation); }
  // Has `draft`, which closes the release and says what was delivered, give back the rest.
  void Settle(uint64_t of_sequence, ChargedDraft* draft);

 private:
  struct OpenRelease {
    uint64_t bytes = 0;
    uint32_t rows = 0;
    int64_t window_time_unix_us = 0;
    std::string centre;
    std::string grant_id;
    std::string export_id;
    std::string approver;
  };
  std::vector<BudgetSubject> SubjectsOf(const ChargedDraft& draft, v1::Role role) const;

  EgressGuard* const guard_;
  const keys::SiteKeys* const keys_;
  const BudgetSource budgets_;
  absl::Mutex mutex_;
  absl::flat_hash_map<uint64_t, OpenRelease> open_ ABSL_GUARDED_BY(mutex_);  // by sequence
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_EGRESS_CHARGES_H_
