#include "proto/policy/rules.h"

#include <algorithm>
#include <utility>

#include "crypto/sha256.h"
#include "proto/policy/checks.h"
#include "proto/policy/limits.h"

namespace otokura::policy {

absl::StatusOr<std::shared_ptr<const Rules>> Rules::Compile(std::string_view text) {
  auto policy = ParsePolicy(text);
  if (!policy.ok()) return policy.status();
  if (absl::Status checked = CheckPolicy(*policy); !checked.ok()) return checked;
  std::shared_ptr<Rules> rules(new Rules(text, *std::move(policy)));
  for (const v1::PurposeRule& purpose : rules->policy_.purposes()) {
    auto reference = ReferencePattern::Compile(purpose.reference_pattern());
    if (!reference.ok()) return reference.status();
    rules->purposes_.emplace(purpose.name(), Purpose{&purpose, *std::move(reference)});
  }
  return rules;
}

Rules::Rules(std::string_view text, v1::Policy policy)
    : text_(text),
      sha256_(crypto::Sha256(text)),
      policy_(std::move(policy)),
      grants_(WithDefaults(policy_.grants())),
      incidents_(WithDefaults(policy_.incidents())),
      listen_pace_(WithDefaults(policy_.listen_pace())),
      exports_(WithDefaults(policy_.exports())) {
  for (const v1::RoleRule& rule : policy_.roles()) {
    const auto role = static_cast<size_t>(rule.role());
    roles_[role] = &rule;
    for (const v1::Right& right : rule.rights()) scopes_[role][static_cast<size_t>(*ActionNamed(right.action()))] = right.scope();
  }
  for (const v1::CentreRule& centre : policy_.centres()) centres_[centre.centre()] = &centre;
}

const v1::RoleRule* Rules::RuleOf(v1::Role role) const {
  return role >= 0 && role < v1::Role_ARRAYSIZE ? roles_[static_cast<size_t>(role)] : nullptr;
}

v1::Scope Rules::ScopeOf(v1::Role role, Action action) const {
  if (RuleOf(role) == nullptr) return v1::SCOPE_UNSPECIFIED;
  return scopes_[static_cast<size_t>(role)][static_cast<size_t>(action)];
}

std::optional<Conflict> Rules::ConflictOf(absl::Span<const v1::Role> roles) const {
  std::vector<Action> rights;
  for (int i = 0; i < kActions; ++i) {
    const Action action = static_cast<Action>(i);
    const auto has = [&](v1::Role role) { return ScopeOf(role, action) != v1::SCOPE_UNSPECIFIED; };
    if (std::any_of(roles.begin(), roles.end(), has)) rights.push_back(action);
  }
  return FindConflict(rights);
}

bool Rules::MayState(v1::Role role, std::string_view purpose) const {
  const auto found = purposes_.find(purpose);
  if (found == purposes_.end()) return false;
  const auto& roles = found->second.rule->roles();
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

bool Rules::FitsPurpose(std::string_view purpose, std::string_view reference) const {
  const auto found = purposes_.find(purpose);
  return found != purposes_.end() && found->second.reference.Matches(reference);
}

std::string_view Rules::ReferenceForm(std::string_view purpose) const {
  const auto found = purposes_.find(purpose);
  return found == purposes_.end() ? std::string_view() : found->second.rule->reference_pattern();
}

bool Rules::DemandsCase(v1::Role role, std::string_view purpose) const {
  const auto found = purposes_.find(purpose);
  if (found == purposes_.end()) return false;
  const auto& roles = found->second.rule->case_demanded_of();
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

absl::Duration Rules::OwnCallsPeriod(std::string_view purpose) const {
  const auto found = purposes_.find(purpose);
  return found == purposes_.end() ? absl::ZeroDuration() : absl::Hours(found->second.rule->own_calls_hours());
}

bool Rules::Sees(v1::Role role, v1::PersonalField field) const {
  const v1::RoleRule* const rule = RuleOf(role);
  return rule != nullptr && std::find(rule->fields().begin(), rule->fields().end(), field) != rule->fields().end();
}

bool Rules::SeesNotes(v1::Role role) const {
  const v1::RoleRule* const rule = RuleOf(role);
  return rule != nullptr && rule->notes();
}

const google::protobuf::RepeatedPtrField<v1::Budget>& Rules::BudgetsOf(v1::Role role) const {
  const v1::RoleRule* const rule = RuleOf(role);
  return rule != nullptr ? rule->budgets() : v1::RoleRule::default_instance().budgets();
}

const v1::Recipient* Rules::RecipientNamed(std::string_view name) const {
  const auto& recipients = exports_.recipients();
  const auto found =
      std::find_if(recipients.begin(), recipients.end(), [name](const v1::Recipient& recipient) { return recipient.name() == name; });
  return found == recipients.end() ? nullptr : &*found;
}

const v1::CentreRule* Rules::CentreRuleOf(std::string_view centre) const {
  auto found = centres_.find(centre);
  if (found == centres_.end()) found = centres_.find("");
  return found == centres_.end() ? nullptr : found->second;
}

}  // namespace otokura::policy
