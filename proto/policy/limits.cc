#include "proto/policy/limits.h"

#include <algorithm>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "crypto/certificate.h"

namespace otokura::policy {
namespace {

struct Range {
  uint32_t fallback;
  uint32_t least;
  uint32_t most;
};

constexpr Range kGrantRecordings{5, 1, 100};
constexpr Range kGrantHours{24, 1, 720};
constexpr Range kApprovals{10, 1, 1'000};
constexpr Range kBudgetRefusals{10, 1, 1'000};
constexpr Range kUnreachableIds{20, 1, 1'000};
constexpr Range kPacePercent{150, 100, 1'000'000};
constexpr Range kPaceLeadSeconds{10, 1, 3'600};
constexpr Range kPaceStreams{1, 1, 10'000};
constexpr Range kExportRecordings{100, 1, 1'000};
constexpr Range kExportHours{72, 1, 720};

uint32_t Or(uint32_t value, const Range& range) { return value == 0 ? range.fallback : value; }

void CheckRange(std::string_view field, uint32_t value, const Range& range, Problems* problems) {
  const uint32_t chosen = Or(value, range);
  if (chosen >= range.least && chosen <= range.most) return;
  problems->Add(std::string(field), absl::StrCat("must be ", range.least, " to ", range.most));
}

void CheckStep(const std::string& field, const v1::LadderStep& step, Problems* problems) {
  if (!IsWord(step.name())) problems->Add(absl::StrCat(field, ".name"), "must be 1 to 32 of a-z, 0-9 and '-'");
  if (step.after_minutes() > kLadderMinutesMax)
    problems->Add(absl::StrCat(field, ".after_minutes"), absl::StrCat("must be at most ", kLadderMinutesMax));
  if (step.alerts().empty() || step.alerts_size() > kAlertsPerStepMax)
    problems->Add(absl::StrCat(field, ".alerts"),
                  absl::StrCat("must be 1 to ", kAlertsPerStepMax, " names of alerts of the configuration"));
  std::set<std::string> alerts;
  for (const std::string& alert : step.alerts()) {
    if (!IsWord(alert) || !alerts.insert(alert).second)
      problems->Add(absl::StrCat(field, ".alerts"), "must be 1 to 32 of a-z, 0-9 and '-' each, and each once");
  }
}

void CheckRecipient(const std::string& field, const v1::Recipient& recipient, Problems* problems) {
  if (!IsWord(recipient.name())) problems->Add(absl::StrCat(field, ".name"), "must be 1 to 32 of a-z, 0-9 and '-'");
  if (recipient.company().empty() || recipient.company().size() > kRecipientCompanyBytesMax)
    problems->Add(absl::StrCat(field, ".company"), absl::StrCat("must be 1 to ", kRecipientCompanyBytesMax, " bytes"));
  if (const absl::Status receives = crypto::CheckCanReceive(recipient.certificate()); !receives.ok())
    problems->Add(absl::StrCat(field, ".certificate"), std::string(receives.message()));
}

}  // namespace

bool IsWord(const std::string& word) {
  return !word.empty() && word.size() <= kWordBytesMax && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
  });
}

v1::GrantRule WithDefaults(v1::GrantRule rule) {
  rule.set_recordings_max(Or(rule.recordings_max(), kGrantRecordings));
  rule.set_hours_max(Or(rule.hours_max(), kGrantHours));
  rule.set_approvals_per_day_max(Or(rule.approvals_per_day_max(), kApprovals));
  return rule;
}

v1::IncidentRule WithDefaults(v1::IncidentRule rule) {
  rule.set_budget_refusals_per_hour_max(Or(rule.budget_refusals_per_hour_max(), kBudgetRefusals));
  rule.set_unreachable_ids_per_hour_max(Or(rule.unreachable_ids_per_hour_max(), kUnreachableIds));
  return rule;
}

v1::ListenPace WithDefaults(v1::ListenPace pace) {
  pace.set_percent(Or(pace.percent(), kPacePercent));
  pace.set_lead_seconds(Or(pace.lead_seconds(), kPaceLeadSeconds));
  pace.set_streams_max(Or(pace.streams_max(), kPaceStreams));
  return pace;
}

v1::ExportRule WithDefaults(v1::ExportRule rule) {
  rule.set_recordings_max(Or(rule.recordings_max(), kExportRecordings));
  rule.set_hours_max(Or(rule.hours_max(), kExportHours));
  return rule;
}

void CheckGrants(const v1::GrantRule& rule, Problems* problems) {
  CheckRange("grants.recordings_max", rule.recordings_max(), kGrantRecordings, problems);
  CheckRange("grants.hours_max", rule.hours_max(), kGrantHours, problems);
  CheckRange("grants.approvals_per_day_max", rule.approvals_per_day_max(), kApprovals, problems);
}

void CheckIncidents(const v1::IncidentRule& rule, Problems* problems) {
  CheckRange("incidents.budget_refusals_per_hour_max", rule.budget_refusals_per_hour_max(), kBudgetRefusals, problems);
  CheckRange("incidents.unreachable_ids_per_hour_max", rule.unreachable_ids_per_hour_max(), kUnreachableIds, problems);
  if (rule.ladder_size() > kLadderStepsMax)
    return problems->Add("incidents.ladder", absl::StrCat("has more than ", kLadderStepsMax, " steps"));
  for (int i = 0; i < rule.ladder_size(); ++i) {
    const std::string field = absl::StrCat("incidents.ladder[", i, "]");
    CheckStep(field, rule.ladder(i), problems);
    if (i > 0 && rule.ladder(i).after_minutes() < rule.ladder(i - 1).after_minutes())
      problems->Add(absl::StrCat(field, ".after_minutes"), "must not be below that of the step before");
  }
}

void CheckListenPace(const v1::ListenPace& pace, Problems* problems) {
  CheckRange("listen_pace.percent", pace.percent(), kPacePercent, problems);
  CheckRange("listen_pace.lead_seconds", pace.lead_seconds(), kPaceLeadSeconds, problems);
  CheckRange("listen_pace.streams_max", pace.streams_max(), kPaceStreams, problems);
}

void CheckExports(const v1::ExportRule& rule, Problems* problems) {
  CheckRange("exports.recordings_max", rule.recordings_max(), kExportRecordings, problems);
  CheckRange("exports.hours_max", rule.hours_max(), kExportHours, problems);
  CheckBudgets("exports.budgets", rule.budgets(), problems);
  if (rule.recipients_size() > kRecipientsMax) return problems->Add("exports.recipients", absl::StrCat("are more than ", kRecipientsMax));
  std::set<std::string> names;
  for (int i = 0; i < rule.recipients_size(); ++i) {
    const std::string field = absl::StrCat("exports.recipients[", i, "]");
    if (!names.insert(rule.recipients(i).name()).second) problems->Add(absl::StrCat(field, ".name"), "is there twice");
    CheckRecipient(field, rule.recipients(i), problems);
  }
  if (rule.recipients_size() > 0) RequireBudget("exports.budgets", rule.budgets(), v1::DAYS_30, problems);
}

}  // namespace otokura::policy
