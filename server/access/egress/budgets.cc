#include "server/access/egress/budgets.h"

#include <utility>

namespace otokura::access {
namespace {

std::vector<v1::Budget> Copied(const google::protobuf::RepeatedPtrField<v1::Budget>& budgets) { return {budgets.begin(), budgets.end()}; }

}  // namespace

BudgetSource BudgetsUnder(RulesSource rules, ContractSource contracts) {
  BudgetSource budgets;
  budgets.of_role = [rules](v1::Role role) { return Copied(rules()->BudgetsOf(role)); };
  budgets.of_centre = [rules](std::string_view centre) {
    const std::shared_ptr<const Rules> now = rules();
    const v1::CentreRule* const rule = now->CentreRuleOf(centre);
    return rule == nullptr ? std::vector<v1::Budget>() : Copied(rule->budgets());
  };
  budgets.of_exports = [rules] { return Copied(rules()->exports().budgets()); };
  budgets.of_contract = [rules, contracts](std::string_view name) {
    const std::shared_ptr<const Contract> contract = contracts(name);
    return contract == nullptr ? std::vector<v1::Budget>() : ChainUnder(*contract, *rules()).front().budgets;
  };
  budgets.chain = [contracts = std::move(contracts)](std::string_view name) {
    std::vector<std::string> names;
    const std::shared_ptr<const Contract> held = contracts(name);
    for (const Contract* one = held.get(); one != nullptr; one = one->parent().get()) names.push_back(one->kept()->contract().name());
    return names;
  };
  return budgets;
}

std::vector<ContractBudgets> ChainUnder(const Contract& contract, const Rules& rules) {
  std::vector<ContractBudgets> chain;
  for (const Contract* one = &contract; one != nullptr; one = one->parent().get()) {
    const std::shared_ptr<const v1::KeptContract> kept = one->kept();
    chain.push_back({kept->contract().name(), Copied(kept->contract().budgets())});
  }
  chain.back().budgets = Smaller(chain.back().budgets, Copied(rules.contracts().budgets()));
  for (size_t i = chain.size(); i-- > 1;) chain[i - 1].budgets = Smaller(chain[i - 1].budgets, chain[i].budgets);
  return chain;
}

std::vector<BudgetSubject> SubjectsOfRelease(const BudgetSource& budgets, const keys::SiteKeys& keys, const audit::Particulars& who,
                                             const v1::AuditEntry& leaf, v1::Role role, v1::Role approver_role) {
  std::vector<BudgetSubject> subjects;
  const auto add = [&](SubjectKind kind, std::string_view name, std::vector<v1::Budget> of_it) {
    if (!name.empty()) subjects.push_back({kind, SubjectId(kind, name, keys), std::move(of_it), std::string(name)});
  };
  if (!leaf.export_id().empty()) {
    add(SubjectKind::kExporter, who.person, budgets.of_exports());
    add(SubjectKind::kExportApprover, who.approver, budgets.of_exports());
    add(SubjectKind::kCentre, leaf.centre(), budgets.of_centre(leaf.centre()));
    return subjects;
  }
  const std::vector<v1::Budget> of_role = budgets.of_role(role);
  add(SubjectKind::kAccount, who.account, of_role);
  add(SubjectKind::kPerson, who.person, of_role);
  if (!who.contract.empty()) {
    for (const std::string& contract : budgets.chain(who.contract)) add(SubjectKind::kContract, contract, budgets.of_contract(contract));
  }
  add(SubjectKind::kCentre, leaf.centre(), budgets.of_centre(leaf.centre()));
  if (!who.approver.empty()) add(SubjectKind::kApprover, who.approver, budgets.of_role(approver_role));
  return subjects;
}

}  // namespace otokura::access
