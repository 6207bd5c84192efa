#include "proto/policy/statements.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "proto/policy/actions.h"

namespace otokura::policy {
namespace {

std::string Role(v1::Role role) { return std::string(RoleName(role)); }
std::string Lower(const std::string& name) { return absl::AsciiStrToLower(name); }

void AddBudgets(const std::string& whose, const google::protobuf::RepeatedPtrField<v1::Budget>& budgets, std::vector<std::string>* lines) {
  for (const v1::Budget& budget : budgets) {
    const std::string start = absl::StrCat(whose, " budget ", Lower(v1::Window_Name(budget.window())), ": ");
    if (budget.has_recordings()) lines->push_back(absl::StrCat(start, budget.recordings(), " recordings"));
    if (budget.has_callers()) lines->push_back(absl::StrCat(start, budget.callers(), " callers"));
    if (budget.has_audio_bytes()) lines->push_back(absl::StrCat(start, budget.audio_bytes(), " audio bytes"));
    if (budget.has_search_terms()) lines->push_back(absl::StrCat(start, budget.search_terms(), " search terms"));
    if (budget.has_rows()) lines->push_back(absl::StrCat(start, budget.rows(), " rows"));
  }
}

void AddRole(const v1::RoleRule& rule, std::vector<std::string>* lines) {
  const std::string role = absl::StrCat("role ", Role(rule.role()));
  for (const v1::Right& right : rule.rights())
    lines->push_back(absl::StrCat(role, " may ", right.action(), " over ", Lower(v1::Scope_Name(right.scope()))));
  for (const int field : rule.fields())
    lines->push_back(absl::StrCat(role, " sees ", Lower(v1::PersonalField_Name(static_cast<v1::PersonalField>(field)))));
  if (rule.notes()) lines->push_back(absl::StrCat(role, " sees notes"));
  AddBudgets(role, rule.budgets(), lines);
}

void AddPurpose(const v1::PurposeRule& rule, std::vector<std::string>* lines) {
  for (const int role : rule.roles())
    lines->push_back(absl::StrCat("purpose ", rule.name(), " may be stated by ", Role(static_cast<v1::Role>(role))));
  if (!rule.reference_pattern().empty())
    lines->push_back(absl::StrCat("purpose ", rule.name(), " takes references like ", rule.reference_pattern()));
}

std::vector<std::string> Without(const std::vector<std::string>& lines, const std::vector<std::string>& others, const char* mark) {
  const std::set<std::string> known(others.begin(), others.end());
  std::vector<std::string> rest;
  for (const std::string& line : lines) {
    if (!known.contains(line)) rest.push_back(mark + line);
  }
  return rest;
}

}  // namespace

std::vector<std::string> Statements(const v1::Policy& policy) {
  std::vector<std::string> lines = {absl::StrCat("serial ", policy.serial())};
  for (const std::string& signer : policy.signers()) lines.push_back(absl::StrCat("signer ", signer));
  for (const v1::RoleRule& rule : policy.roles()) AddRole(rule, &lines);
  for (const v1::PurposeRule& rule : policy.purposes()) AddPurpose(rule, &lines);
  for (const v1::CentreRule& rule : policy.centres())
    AddBudgets(rule.centre().empty() ? "every other centre" : absl::StrCat("centre ", rule.centre()), rule.budgets(), &lines);
  for (const std::string& clause : policy.contracts().clauses()) lines.push_back(absl::StrCat("contract demands ", clause));
  AddBudgets("contract", policy.contracts().budgets(), &lines);
  return lines;
}

std::vector<std::string> Difference(const v1::Policy& before, const v1::Policy& after) {
  const std::vector<std::string> old_lines = Statements(before), new_lines = Statements(after);
  std::vector<std::string> difference = Without(old_lines, new_lines, "- ");
  const std::vector<std::string> added = Without(new_lines, old_lines, "+ ");
  difference.insert(difference.end(), added.begin(), added.end());
  return difference;
}

}  // namespace otokura::policy
