// What a refusal by a budget met: for whoever tells mishap from attack, and not for who was refused.
#ifndef OTOKURA_SERVER_ACCESS_EGRESS_BUDGET_REFUSAL_H_
#define OTOKURA_SERVER_ACCESS_EGRESS_BUDGET_REFUSAL_H_

#include <cstdint>
#include <string>

#include "server/access/egress/ledger_event.h"

namespace otokura::access {

struct BudgetRefusal {
  SubjectKind of = SubjectKind::kAccount;
  std::string name{};  // of whom the budget is
  uint64_t maximum = 0;
  uint64_t own_use = 0;  // of it, by the account that asked, in flight included
  bool raced = false;    // a budget of the account, which held it but for what the account has in flight
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_EGRESS_BUDGET_REFUSAL_H_
