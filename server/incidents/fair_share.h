// Who had more than its part of a budget that many share (FORMAT.md, "Fair share").
#ifndef OTOKURA_SERVER_INCIDENTS_FAIR_SHARE_H_
#define OTOKURA_SERVER_INCIDENTS_FAIR_SHARE_H_

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "server/access/directory.h"
#include "server/access/egress/budget_refusal.h"

namespace otokura::incidents {

// Counting goes over every account, which nobody who is refused may have done as often as he likes.
inline constexpr absl::Duration kSharersCountedFor = absl::Minutes(1);
inline constexpr size_t kSharedBudgetsMax = 1024;  // counted at a time; beyond, anew

// Whether somebody who used so much of a budget that so many share had more than its part of it.
bool IsOverFairShare(uint64_t own_use, uint64_t budget, uint64_t accounts);

// Not thread-safe.
class FairShare {
 public:
  explicit FairShare(const access::Directory* directory) : directory_(directory) {}
  // Whether the refused account had more than its part of the contract's or the centre's budget. True for budgets of its own.
  bool IsExceeded(const access::BudgetRefusal& refusal, absl::Duration now);

 private:
  struct Counted {
    uint64_t accounts = 0;
    absl::Duration at;
  };
  uint64_t Sharers(const access::BudgetRefusal& refusal, absl::Duration now);

  const access::Directory* const directory_;
  absl::flat_hash_map<std::string, Counted> counted_;  // by kind and name
};

}  // namespace otokura::incidents

#endif  // OTOKURA_SERVER_INCIDENTS_FAIR_SHARE_H_
