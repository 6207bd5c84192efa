// I9: a policy that joins duties is refused, and the refusal names the two.
#include "proto/policy/duties.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::policy {
namespace {

using ::testing::HasSubstr;

v1::Scope ScopeFor(Action action) { return IsOfRecordings(action) ? v1::CENTRE : v1::ALL; }

// A role that has these two rights and budgets enough, and nothing else.
absl::Status LoadWith(v1::Role role, Action first, Action second) {
  const std::string text = TextForTest(2, [&](v1::Policy* policy) {
    v1::RoleRule* const rule = RuleOf(policy, role);
    rule->clear_rights();
    *rule->mutable_budgets() = ShippedRules()->BudgetsOf(v1::SUPERVISOR);
    GiveRight(policy, role, first, ScopeFor(first));
    GiveRight(policy, role, second, ScopeFor(second));
  });
  return Rules::Compile(text).status();
}

TEST(DutiesTest, I9_EveryPairOfDutiesThatMustNotMeetIsRefusedAndNamed) {
  int pairs = 0;
  for (const IncompatibleDuties& pair : IncompatiblePairs()) {
    for (const Action first : pair.first.actions) {
      for (const Action second : pair.second.actions) {
        for (const v1::Role role : kEveryRole) {
          const absl::Status status = LoadWith(role, first, second);
          EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << ActionName(first) << " " << ActionName(second);
          const std::string said(status.message());
          EXPECT_THAT(said, HasSubstr(std::string(RoleName(role)) + " has "));
          EXPECT_THAT(said, HasSubstr(std::string(ActionName(first)))) << said;
          EXPECT_THAT(said, HasSubstr(std::string(ActionName(second)))) << said;
        }
        ++pairs;
      }
    }
  }
  EXPECT_EQ(pairs, 187) << "as many as README's table has";
}

TEST(DutiesTest, I9_WhatHearsNeverChangesTheLogTheKeysThePolicyOrRights) {
  for (const Action hears : {Action::kShowPersonal, Action::kSearchPersonal, Action::kListen, Action::kDownload, Action::kRequestGrant,
                             Action::kRequestExport}) {
    for (const Action rules :
         {Action::kAddAccount, Action::kRenewAccount, Action::kConfirmAccount, Action::kRestoreAccount, Action::kConfirmContract,
          Action::kSuspendAccount, Action::kReopenLog, Action::kLoadPolicy, Action::kListAudit}) {
      EXPECT_TRUE(FindConflict({hears, rules}).has_value()) << ActionName(hears) << " " << ActionName(rules);
      EXPECT_TRUE(FindConflict({rules, hears}).has_value()) << ActionName(hears) << " " << ActionName(rules);
    }
  }
}

TEST(DutiesTest, WhatMayMeetMeets) {
  for (const v1::RoleRule& rule : ShippedRules()->policy().roles()) {
    std::vector<Action> rights;
    for (const v1::Right& right : rule.rights()) rights.push_back(*ActionNamed(right.action()));
    EXPECT_FALSE(FindConflict(rights).has_value()) << RoleName(rule.role());
  }
}

TEST(DutiesTest, I5_AContractorNeverDownloadsSearchesOrDecides) {
  for (const RoleBar& bar : RoleBars()) {
    const std::string text = TextForTest(2, [&](v1::Policy* policy) { GiveRight(policy, bar.role, bar.action, ScopeFor(bar.action)); });
    const absl::Status status = Rules::Compile(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr(std::string(RoleName(bar.role)) + " never has " + std::string(ActionName(bar.action))));
  }
  for (const Action action : {Action::kDownload, Action::kSearch, Action::kSearchPersonal, Action::kShowPersonal, Action::kApproveGrant,
                              Action::kRevokeGrant, Action::kRequestExport, Action::kApproveExport, Action::kRevokeExport}) {
    EXPECT_TRUE(std::any_of(RoleBars().begin(), RoleBars().end(), [&](const RoleBar& bar) {
      return bar.role == v1::CONTRACTOR && bar.action == action;
    })) << ActionName(action);
  }
}

}  // namespace
}  // namespace otokura::policy
