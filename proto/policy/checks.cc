#include "proto/policy/checks.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "crypto/unicode.h"
#include "proto/policy/duties.h"
#include "proto/policy/limits.h"
#include "proto/policy/reference_pattern.h"
#include "proto/policy/rules.h"
#include "proto/policy/signers.h"

namespace otokura::policy {
namespace {

std::string Text(std::string_view view) { return std::string(view); }

class ParseErrors : public google::protobuf::io::ErrorCollector {
 public:
  explicit ParseErrors(Problems* problems) : problems_(problems) {}
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    problems_->Add(absl::StrCat("line ", line + 1, ", column ", column + 1), message);
  }

 private:
  Problems* const problems_;
};

bool IsCentreName(const std::string& name) {
  const auto decoded = crypto::DecodeUtf8(name);
  return name.size() <= kCentreBytesMax && decoded && std::none_of(decoded->begin(), decoded->end(), crypto::IsControl);
}

void CheckPolicySigners(const v1::Policy& policy, Problems* problems) {
  const SignerProblem wrong = CheckSigners({policy.signers().begin(), policy.signers().end()});
  if (wrong.problem.ok()) return;
  problems->Add(wrong.index < 0 ? "signers" : absl::StrCat("signers[", wrong.index, "]"), std::string(wrong.problem.message()));
}

// Gives the rights that are known.
std::vector<Action> CheckRights(const std::string& field, const v1::RoleRule& rule, Problems* problems) {
  std::vector<Action> rights;
  for (int i = 0; i < rule.rights_size(); ++i) {
    const std::string at = absl::StrCat(field, ".rights[", i, "]");
    const auto action = ActionNamed(rule.rights(i).action());
    if (!action) {
      problems->Add(absl::StrCat(at, ".action"), "no action of this gateway; README lists them");
      continue;
    }
    const v1::Scope scope = rule.rights(i).scope();
    if (std::find(rights.begin(), rights.end(), *action) != rights.end()) problems->Add(absl::StrCat(at, ".action"), "is there twice");
    if (scope == v1::SCOPE_UNSPECIFIED || !v1::Scope_IsValid(scope))
      problems->Add(absl::StrCat(at, ".scope"), "required: OWN, CENTRE or ALL");
    if (scope != v1::ALL && !IsOfRecordings(*action)) problems->Add(absl::StrCat(at, ".scope"), "must be ALL: it is not about recordings");
    rights.push_back(*action);
  }
  return rights;
}

void CheckDuties(const std::string& field, const v1::RoleRule& rule, const std::vector<Action>& rights, Problems* problems) {
  const std::string role = Text(RoleName(rule.role()));
  if (const auto conflict = FindConflict(rights)) {
    problems->Add(field, absl::StrCat("role ", role, " has ", Text(ActionName(conflict->first)), " (", Text(conflict->first_duty), ") and ",
                                      Text(ActionName(conflict->second)), " (", Text(conflict->second_duty),
                                      "), duties that must not meet; take one away"));
  }
  for (const RoleBar& bar : RoleBars()) {
    if (bar.role == rule.role() && std::find(rights.begin(), rights.end(), bar.action) != rights.end())
      problems->Add(field, absl::StrCat("role ", role, " never has ", Text(ActionName(bar.action)), "; take it away"));
  }
}

bool Hears(const std::vector<Action>& rights) {
  return std::any_of(rights.begin(), rights.end(), [](Action action) { return action == Action::kListen || action == Action::kDownload; });
}

void CheckRole(const std::string& field, const v1::RoleRule& rule, Problems* problems) {
  if (RoleName(rule.role()).empty()) return problems->Add(absl::StrCat(field, ".role"), "required, one of those in admin.proto");
  const std::vector<Action> rights = CheckRights(field, rule, problems);
  CheckDuties(field, rule, rights, problems);
  std::set<int> fields;
  for (int i = 0; i < rule.fields_size(); ++i) {
    const std::string at = absl::StrCat(field, ".fields[", i, "]");
    if (rule.fields(i) == v1::PERSONAL_FIELD_UNSPECIFIED || !v1::PersonalField_IsValid(rule.fields(i)))
      problems->Add(at, "no field of the personal metadata");
    if (!fields.insert(rule.fields(i)).second) problems->Add(at, "is there twice");
  }
  const std::string budgets = absl::StrCat(field, ".budgets");
  CheckBudgets(budgets, rule.budgets(), problems);
  if (!Hears(rights) && rule.role() != v1::CONTRACTOR) return;
  for (const v1::Window window : {v1::DAY, v1::DAYS_30}) RequireBudget(budgets, rule.budgets(), window, problems);
}

void CheckRoles(const v1::Policy& policy, Problems* problems) {
  std::set<int> seen;
  for (int i = 0; i < policy.roles_size(); ++i) {
    const std::string field = absl::StrCat("roles[", i, "]");
    if (!seen.insert(policy.roles(i).role()).second) problems->Add(absl::StrCat(field, ".role"), "is there twice");
    CheckRole(field, policy.roles(i), problems);
  }
}

bool SomebodyMay(const v1::Policy& policy, Action action, v1::Role role = v1::ROLE_UNSPECIFIED) {
  return std::any_of(policy.roles().begin(), policy.roles().end(), [&](const v1::RoleRule& rule) {
    return (role == v1::ROLE_UNSPECIFIED || rule.role() == role) &&
           std::any_of(rule.rights().begin(), rule.rights().end(),
                       [&](const v1::Right& right) { return right.action() == ActionName(action); });
  });
}

// A policy that nobody could put right again, or under which a call would not be taken in (I11).
void CheckWayBack(const v1::Policy& policy, Problems* problems) {
  if (!SomebodyMay(policy, Action::kRecord, v1::RECORDER))
    problems->Add("roles", "RECORDER must have record: recording goes on, whatever else stops");
  for (const Action action : {Action::kLoadPolicy, Action::kSuspendAccount, Action::kListAudit}) {
    if (!SomebodyMay(policy, action)) problems->Add("roles", absl::StrCat("nobody has ", Text(ActionName(action)), "; some role must"));
  }
}

void CheckPurpose(const std::string& field, const v1::PurposeRule& purpose, Problems* problems) {
  if (!IsWord(purpose.name())) problems->Add(absl::StrCat(field, ".name"), "must be 1 to 32 of a-z, 0-9 and '-'");
  std::set<int> roles;
  for (int i = 0; i < purpose.roles_size(); ++i) {
    const std::string at = absl::StrCat(field, ".roles[", i, "]");
    if (RoleName(purpose.roles(i)).empty()) problems->Add(at, "one of those in admin.proto");
    if (!roles.insert(purpose.roles(i)).second) problems->Add(at, "is there twice");
  }
  if (roles.empty()) problems->Add(absl::StrCat(field, ".roles"), "at least one: else nobody may state it");
  if (const auto pattern = ReferencePattern::Compile(purpose.reference_pattern()); !pattern.ok())
    problems->Add(absl::StrCat(field, ".reference_pattern"), std::string(pattern.status().message()));
  std::set<int> with_case;
  for (int i = 0; i < purpose.case_demanded_of_size(); ++i) {
    const std::string at = absl::StrCat(field, ".case_demanded_of[", i, "]");
    if (!roles.contains(purpose.case_demanded_of(i))) problems->Add(at, "not among those that may state it");
    if (!with_case.insert(purpose.case_demanded_of(i)).second) problems->Add(at, "is there twice");
  }
  if (purpose.own_calls_hours() > kOwnCallsHoursMax)
    problems->Add(absl::StrCat(field, ".own_calls_hours"), absl::StrCat("must be at most ", kOwnCallsHoursMax));
}

void CheckPurposes(const v1::Policy& policy, Problems* problems) {
  if (policy.purposes_size() > kPurposesMax) return problems->Add("purposes", absl::StrCat("are more than ", kPurposesMax));
  std::set<std::string> names;
  for (int i = 0; i < policy.purposes_size(); ++i) {
    const std::string field = absl::StrCat("purposes[", i, "]");
    if (!names.insert(policy.purposes(i).name()).second) problems->Add(absl::StrCat(field, ".name"), "is there twice");
    CheckPurpose(field, policy.purposes(i), problems);
  }
}

void CheckCentres(const v1::Policy& policy, Problems* problems) {
  if (policy.centres_size() > kCentreRulesMax) return problems->Add("centres", absl::StrCat("are more than ", kCentreRulesMax));
  std::set<std::string> names;
  for (int i = 0; i < policy.centres_size(); ++i) {
    const std::string field = absl::StrCat("centres[", i, "]");
    if (!IsCentreName(policy.centres(i).centre()))
      problems->Add(absl::StrCat(field, ".centre"), absl::StrCat("must be at most ", kCentreBytesMax, " bytes without control characters"));
    if (!names.insert(policy.centres(i).centre()).second) problems->Add(absl::StrCat(field, ".centre"), "is there twice");
    CheckBudgets(absl::StrCat(field, ".budgets"), policy.centres(i).budgets(), problems);
  }
}

void CheckContracts(const v1::ContractRule& rule, Problems* problems) {
  if (rule.clauses_size() > kClausesMax) problems->Add("contracts.clauses", absl::StrCat("are more than ", kClausesMax));
  std::set<std::string> clauses;
  for (int i = 0; i < rule.clauses_size(); ++i) {
    const std::string at = absl::StrCat("contracts.clauses[", i, "]");
    if (!IsWord(rule.clauses(i))) problems->Add(at, "must be 1 to 32 of a-z, 0-9 and '-'");
    if (!clauses.insert(rule.clauses(i)).second) problems->Add(at, "is there twice");
  }
  CheckBudgets("contracts.budgets", rule.budgets(), problems);
  RequireBudget("contracts.budgets", rule.budgets(), v1::DAYS_30, problems);
}

}  // namespace

void Problems::Add(std::string field, std::string problem) {
  if (lines_.size() < kProblemsMax) lines_.push_back(absl::StrCat(field, ": ", problem));
}

absl::Status Problems::Take() const {
  return lines_.empty() ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrCat("policy: ", absl::StrJoin(lines_, "; ")));
}

absl::StatusOr<v1::Policy> ParsePolicy(std::string_view text) {
  if (text.size() > kPolicyBytesMax)
    return absl::InvalidArgumentError(absl::StrCat("policy: ", text.size(), " bytes; at most ", kPolicyBytesMax));
  if (!text.starts_with(kFirstLine)) {
    return absl::InvalidArgumentError(
        absl::StrCat("policy: its first line must be '", Text(kFirstLine.substr(0, kFirstLine.size() - 1)), "'; is it the right file?"));
  }
  Problems problems;
  ParseErrors errors(&problems);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  v1::Policy policy;
  if (parser.ParseFromString(Text(text), &policy)) return policy;
  return problems.Take();
}

absl::Status CheckPolicy(const v1::Policy& policy) {
  Problems problems;
  if (policy.serial() == 0) problems.Add("serial", "required, from 1 up");
  CheckPolicySigners(policy, &problems);
  CheckRoles(policy, &problems);
  CheckWayBack(policy, &problems);
  CheckPurposes(policy, &problems);
  CheckCentres(policy, &problems);
  CheckContracts(policy.contracts(), &problems);
  CheckGrants(policy.grants(), &problems);
  CheckIncidents(policy.incidents(), &problems);
  CheckListenPace(policy.listen_pace(), &problems);
  CheckExports(policy.exports(), &problems);
  return problems.Take();
}

}  // namespace otokura::policy
