// Policies made out of the shipped one, and people to sign them. For tests.
#ifndef OTOKURA_TESTS_UNIT_POLICY_POLICY_SITE_H_
#define OTOKURA_TESTS_UNIT_POLICY_POLICY_SITE_H_

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "crypto/secret.h"
#include "crypto/signed_note.h"
#include "proto/policy/rules.h"
#include "proto/policy/shipped.h"

namespace otokura::policy {

inline constexpr v1::Role kEveryRole[] = {v1::RECORDER, v1::OPERATOR, v1::SUPERVISOR, v1::CONTRACTOR, v1::SECURITY, v1::AUDITOR, v1::ADMIN};

// The same key for the same letter.
inline crypto::NoteSigner SignerForTest(char letter) {
  EXPECT_TRUE(crypto::LockSecretMemory().ok());
  auto seed = crypto::SecretBytes::CopyOf(std::string(32, letter));
  EXPECT_TRUE(seed.ok());
  return *crypto::NoteSigner::Create(std::string("signer-") + letter, *std::move(seed));
}
inline std::vector<std::string> SignersForTest() {
  return {SignerForTest('a').VerifierKey(), SignerForTest('b').VerifierKey(), SignerForTest('c').VerifierKey()};
}

using Change = std::function<void(v1::Policy*)>;

// What a test that is about something else would only wait for, have to open, or be suspended for.
inline void NobodyWaits(v1::Policy* policy) {
  policy->mutable_listen_pace()->set_percent(1'000'000);
  policy->mutable_listen_pace()->set_lead_seconds(3'600);
  policy->mutable_listen_pace()->set_streams_max(1'000);
  policy->mutable_incidents()->set_budget_refusals_per_hour_max(1'000);
  policy->mutable_incidents()->set_unreachable_ids_per_hour_max(1'000);
  for (v1::PurposeRule& purpose : *policy->mutable_purposes()) purpose.clear_case_demanded_of();
}

// The shipped policy, with signers a, b and c, nobody waiting or suspended, and changed.
inline std::string TextForTest(uint64_t serial, const Change& change = nullptr) {
  v1::Policy policy = ShippedRules()->policy();
  policy.set_serial(serial);
  for (const std::string& signer : SignersForTest()) policy.add_signers(signer);
  NobodyWaits(&policy);
  if (change != nullptr) change(&policy);
  std::string text;
  EXPECT_TRUE(google::protobuf::TextFormat::PrintToString(policy, &text));
  return std::string(kFirstLine) + text;
}

// With the signatures of these, in this order.
inline std::string NoteForTest(const std::string& text, std::string_view letters = "ab") {
  std::string note;
  for (const char letter : letters) {
    auto more = note.empty() ? SignerForTest(letter).Sign(text) : SignerForTest(letter).AddSignature(note);
    EXPECT_TRUE(more.ok()) << more.status();
    note = more.ok() ? *more : "";
  }
  return note;
}

inline v1::RoleRule* RuleOf(v1::Policy* policy, v1::Role role) {
  for (v1::RoleRule& rule : *policy->mutable_roles()) {
    if (rule.role() == role) return &rule;
  }
  v1::RoleRule* const rule = policy->add_roles();
  rule->set_role(role);
  return rule;
}

inline void GiveRight(v1::Policy* policy, v1::Role role, Action action, v1::Scope scope) {
  v1::Right* const right = RuleOf(policy, role)->add_rights();
  right->set_action(std::string(ActionName(action)));
  right->set_scope(scope);
}

inline void TakeRight(v1::Policy* policy, v1::Role role, Action action) {
  auto* const rights = RuleOf(policy, role)->mutable_rights();
  for (int i = rights->size() - 1; i >= 0; --i) {
    if ((*rights)[i].action() == ActionName(action)) rights->DeleteSubrange(i, 1);
  }
}

}  // namespace otokura::policy

#endif  // OTOKURA_TESTS_UNIT_POLICY_POLICY_SITE_H_
