// A policy, compiled: what decisions ask. Immutable, so that one decision sees one policy however many are loaded meanwhile.
#ifndef OTOKURA_PROTO_POLICY_RULES_H_
#define OTOKURA_PROTO_POLICY_RULES_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "otokura/v1/policy.pb.h"
#include "proto/policy/actions.h"
#include "proto/policy/duties.h"
#include "proto/policy/reference_pattern.h"

namespace otokura::policy {

// The text of a policy. A thousand centres with budgets are 100 KB, and a request to the gateway is at most 128 KiB.
inline constexpr size_t kPolicyBytesMax = 120 * 1024;
inline constexpr std::string_view kFirstLine = "# otokura policy v1\n";

class Rules {
 public:
  // Checks the exact text and compiles it. INVALID_ARGUMENT with each thing wrong, naming its field.
  static absl::StatusOr<std::shared_ptr<const Rules>> Compile(std::string_view text);

  // The widest scope in which the role may do it; SCOPE_UNSPECIFIED: not at all.
  v1::Scope ScopeOf(v1::Role role, Action action) const;
  // Two rights that one person may not have, of all that these roles have together.
  std::optional<Conflict> ConflictOf(absl::Span<const v1::Role> roles) const;
  // Whether the role may state this purpose; whether any role may.
  bool MayState(v1::Role role, std::string_view purpose) const;
  bool IsPurpose(std::string_view purpose) const { return purposes_.contains(purpose); }
  // Whether the reference has the form that the purpose demands. False for an unknown purpose.
  bool FitsPurpose(std::string_view purpose, std::string_view reference) const;
  // The form, as the policy writes it; empty where any will do.
  std::string_view ReferenceForm(std::string_view purpose) const;
  // Whether the role, stating this purpose, needs an open case; and for how long after a call it does not, where it answered the call
  // itself.
  bool DemandsCase(v1::Role role, std::string_view purpose) const;
  absl::Duration OwnCallsPeriod(std::string_view purpose) const;
  // Whether the role sees, and may search by, this field of the personal metadata.
  bool Sees(v1::Role role, v1::PersonalField field) const;
  bool SeesNotes(v1::Role role) const;

  // Of each account of the role; none for a role without.
  const google::protobuf::RepeatedPtrField<v1::Budget>& BudgetsOf(v1::Role role) const;
  // Of the centre by its own rule, or by that of every other centre; null: it has none.
  const v1::CentreRule* CentreRuleOf(std::string_view centre) const;
  const v1::ContractRule& contracts() const { return policy_.contracts(); }
  // With defaults in place of what the text leaves out.
  const v1::GrantRule& grants() const { return grants_; }
  const v1::IncidentRule& incidents() const { return incidents_; }
  const v1::ListenPace& listen_pace() const { return listen_pace_; }
  const v1::ExportRule& exports() const { return exports_; }
  const v1::Recipient* RecipientNamed(std::string_view name) const;  // null: none of that name

  uint64_t serial() const { return policy_.serial(); }
  const std::string& text() const { return text_; }
  const std::string& sha256() const { return sha256_; }                                                      // of the text, 32 bytes
  std::vector<std::string> signers() const { return {policy_.signers().begin(), policy_.signers().end()}; }  // two of them sign the next
  const v1::Policy& policy() const { return policy_; }

 private:
  struct Purpose {
    const v1::PurposeRule* rule;
    ReferencePattern reference;
  };
  Rules(std::string_view text, v1::Policy policy);
  const v1::RoleRule* RuleOf(v1::Role role) const;

  const std::string text_;
  const std::string sha256_;
  const v1::Policy policy_;
  const v1::GrantRule grants_;
  const v1::IncidentRule incidents_;
  const v1::ListenPace listen_pace_;
  const v1::ExportRule exports_;
  std::array<std::array<v1::Scope, kActions>, v1::Role_ARRAYSIZE> scopes_{};
  std::array<const v1::RoleRule*, v1::Role_ARRAYSIZE> roles_{};
  std::map<std::string, Purpose, std::less<>> purposes_;
  std::map<std::string, const v1::CentreRule*, std::less<>> centres_;
};

}  // namespace otokura::policy

#endif  // OTOKURA_PROTO_POLICY_RULES_H_
