#include "proto/policy/statements.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "crypto/certificate.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "proto/policy/actions.h"
#include "proto/policy/limits.h"

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
  for (const int role : rule.case_demanded_of())
    lines->push_back(absl::StrCat("purpose ", rule.name(), " demands an open case of ", Role(static_cast<v1::Role>(role))));
  if (rule.own_calls_hours() != 0)
    lines->push_back(
        absl::StrCat("purpose ", rule.name(), " demands no case for one's own calls of the last ", rule.own_calls_hours(), " hours"));
}

std::string FingerprintOf(const std::string& certificate_pem) {
  const auto certificate = crypto::ParseCertificate(certificate_pem);
  return certificate.ok() ? absl::BytesToHexString(certificate->sha256) : "unreadable";
}

// What holds, also where the text leaves it to the default.
void AddLimits(const v1::Policy& policy, std::vector<std::string>* lines) {
  const v1::GrantRule grants = WithDefaults(policy.grants());
  lines->push_back(absl::StrCat("a grant names at most ", grants.recordings_max(), " recordings"));
  lines->push_back(absl::StrCat("a grant lasts at most ", grants.hours_max(), " hours"));
  lines->push_back(absl::StrCat("one person approves at most ", grants.approvals_per_day_max(), " grants a day"));
  const v1::IncidentRule incidents = WithDefaults(policy.incidents());
  lines->push_back(absl::StrCat("more than ", incidents.budget_refusals_per_hour_max(), " refusals by budgets in an hour are an alarm"));
  lines->push_back(
      absl::StrCat("more than ", incidents.unreachable_ids_per_hour_max(), " recordings out of reach in an hour are an alarm"));
  for (const v1::LadderStep& step : incidents.ladder()) {
    lines->push_back(
        absl::StrCat("after ", step.after_minutes(), " minutes ", step.name(), " is alerted by ", absl::StrJoin(step.alerts(), ", ")));
  }
  const v1::ListenPace pace = WithDefaults(policy.listen_pace());
  lines->push_back(absl::StrCat("one person listens at most ", pace.percent(), " percent as fast as it was spoken"));
  lines->push_back(absl::StrCat("one person listens at most ", pace.lead_seconds(), " seconds ahead"));
  lines->push_back(absl::StrCat("one person listens to at most ", pace.streams_max(), " calls at once"));
  const v1::ExportRule exports = WithDefaults(policy.exports());
  lines->push_back(absl::StrCat("an export has at most ", exports.recordings_max(), " recordings"));
  lines->push_back(absl::StrCat("an export lasts at most ", exports.hours_max(), " hours"));
  AddBudgets("exporting person", exports.budgets(), lines);
  for (const v1::Recipient& recipient : exports.recipients()) {
    lines->push_back(absl::StrCat("exports may go to ", recipient.name(), " of ", recipient.company(), ", certificate SHA-256 ",
                                  FingerprintOf(recipient.certificate())));
  }
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
  AddLimits(policy, &lines);
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
