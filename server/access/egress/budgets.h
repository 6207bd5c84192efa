// Whose budgets a release must fit into, and what a policy gives each of them: the one in force for the guard, another one for a rehearsal.
#ifndef OTOKURA_SERVER_ACCESS_EGRESS_BUDGETS_H_
#define OTOKURA_SERVER_ACCESS_EGRESS_BUDGETS_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/access/contract.h"
#include "server/access/egress/charges.h"
#include "server/access/egress/guard.h"
#include "server/access/roles.h"
#include "server/audit/log.h"
#include "server/keys/site_keys.h"

namespace otokura::access {

using RulesSource = std::function<std::shared_ptr<const Rules>()>;
using ContractSource = std::function<std::shared_ptr<const Contract>(std::string_view name)>;  // null: there is none

// What the policy says, whenever asked, with the contracts as they are then.
BudgetSource BudgetsUnder(RulesSource rules, ContractSource contracts);

// As Contract::Chain, under these rules.
std::vector<ContractBudgets> ChainUnder(const Contract& contract, const Rules& rules);

// Of the release that the leaf tells of, by somebody of that role. `approver_role`: of the person that particulars.approver names.
std::vector<BudgetSubject> SubjectsOfRelease(const BudgetSource& budgets, const keys::SiteKeys& keys, const audit::Particulars& who,
                                             const v1::AuditEntry& leaf, v1::Role role, v1::Role approver_role);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_EGRESS_BUDGETS_H_
