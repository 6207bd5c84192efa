// What the compiled policy answers.
#include "crypto/sha256.h"
#include "proto/policy/rules.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::policy {
namespace {

TEST(RulesTest, ARoleOfTomorrowMayDoNothing) {
  const auto rules = ShippedRules();
  for (const v1::Role role : {v1::ROLE_UNSPECIFIED, static_cast<v1::Role>(99), static_cast<v1::Role>(-1)}) {
    for (int action = 0; action < kActions; ++action) EXPECT_EQ(rules->ScopeOf(role, static_cast<Action>(action)), v1::SCOPE_UNSPECIFIED);
    EXPECT_FALSE(rules->MayState(role, "inquiry"));
    EXPECT_FALSE(rules->Sees(role, v1::AGENT));
    EXPECT_FALSE(rules->SeesNotes(role));
    EXPECT_TRUE(rules->BudgetsOf(role).empty());
    EXPECT_EQ(RoleName(role), "");
  }
}

TEST(RulesTest, ActionsHaveNamesThatLeadBack) {
  for (int number = 0; number < kActions; ++number) {
    const auto action = static_cast<Action>(number);
    EXPECT_FALSE(ActionName(action).empty());
    EXPECT_EQ(ActionNamed(ActionName(action)), action);
  }
  EXPECT_EQ(ActionNamed(""), std::nullopt);
  EXPECT_EQ(ActionNamed("Listen"), std::nullopt);
}

TEST(RulesTest, WhatTheTextSays) {
  const std::string text = TextForTest(7, [](v1::Policy* policy) {
    policy->add_centres()->set_centre("Tokyo");
    v1::CentreRule* const others = policy->add_centres();
    others->add_budgets()->set_window(v1::DAY);
    others->mutable_budgets(0)->set_rows(5);
    RuleOf(policy, v1::SUPERVISOR)->set_notes(false);
    RuleOf(policy, v1::SUPERVISOR)->clear_fields();
    RuleOf(policy, v1::SUPERVISOR)->add_fields(v1::CALL_ID);
  });
  const auto rules = *Rules::Compile(text);
  EXPECT_EQ(rules->serial(), 7u);
  EXPECT_EQ(rules->text(), text);
  EXPECT_EQ(rules->sha256(), crypto::Sha256(text));
  EXPECT_EQ(rules->signers(), SignersForTest());
  EXPECT_EQ(rules->CentreRuleOf("Tokyo")->budgets_size(), 0);
  EXPECT_EQ(rules->CentreRuleOf("Osaka")->budgets(0).rows(), 5u);
  EXPECT_EQ(ShippedRules()->CentreRuleOf("Osaka"), nullptr);
  EXPECT_TRUE(rules->Sees(v1::SUPERVISOR, v1::CALL_ID));
  EXPECT_FALSE(rules->Sees(v1::SUPERVISOR, v1::BASIC_PENSION_NUMBER));
  EXPECT_FALSE(rules->SeesNotes(v1::SUPERVISOR));
  EXPECT_TRUE(rules->SeesNotes(v1::OPERATOR));
  EXPECT_EQ(rules->BudgetsOf(v1::CONTRACTOR).size(), 3);
}

TEST(RulesTest, ReferencesFitThePurposeWhole) {
  const auto rules = ShippedRules();
  for (const char* fits : {"CASE-2025-0042", "7", "a/b.c_d"}) EXPECT_TRUE(rules->FitsPurpose("inquiry", fits)) << fits;
  for (const char* does_not : {"", "-1", "CASE 1", "CASE-1\n", " CASE-1", "件名"})
    EXPECT_FALSE(rules->FitsPurpose("inquiry", does_not)) << does_not;
  EXPECT_TRUE(rules->FitsPurpose("inquiry", std::string(128, 'r')));
  EXPECT_FALSE(rules->FitsPurpose("inquiry", std::string(129, 'r')));
  EXPECT_FALSE(rules->FitsPurpose("inquiry", std::string("CASE-1\0 and more", 16)));
  EXPECT_FALSE(rules->FitsPurpose("curiosity", "CASE-1"));
}

TEST(ReferencePatternTest, NoParenthesisOrAlternativeGetsAroundTheWhole) {
  EXPECT_FALSE(ReferencePattern::Compile("a|b")->Matches("ax"));
  EXPECT_TRUE(ReferencePattern::Compile("a|ab")->Matches("ab"));
  EXPECT_TRUE(ReferencePattern::Compile("(a|ab)(c|bcd)?")->Matches("abcd"));
  EXPECT_FALSE(ReferencePattern::Compile("a)|b(c)")->Matches("b"));
  EXPECT_FALSE(ReferencePattern::Compile("a)|b(c)")->Matches("xa"));
  EXPECT_TRUE(ReferencePattern::Compile("")->Matches("anything at all"));
}

TEST(ReferencePatternTest, I10_CostIsBounded) {
  for (const char* bomb :
       {"((a{255}){255}){255}", "(a{1,1024}){2}", "a{1025}", "(a{2,}){1000}", "(a)\\1", "a{9999999999999999999999}", "\\w+"}) {
    EXPECT_EQ(ReferencePattern::Compile(bomb).status().code(), absl::StatusCode::kInvalidArgument) << bomb;
  }
  EXPECT_TRUE(ReferencePattern::Compile("(a{32}){32}").ok());
  EXPECT_TRUE(ReferencePattern::Compile("a{1,1024}").ok());
  EXPECT_TRUE(ReferencePattern::Compile("\\[a\\]\\{").ok());
  EXPECT_TRUE(ReferencePattern::Compile(std::string(kPatternBytesMax, 'a')).ok());
  EXPECT_FALSE(ReferencePattern::Compile(std::string(kPatternBytesMax + 1, 'a')).ok());
  for (const char* wrong : {"[a", "(a", "a{2,1}", "*"}) EXPECT_FALSE(ReferencePattern::Compile(wrong).ok()) << wrong;
}

}  // namespace
}  // namespace otokura::policy
