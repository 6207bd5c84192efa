#include "server/incidents/ladder.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace otokura::incidents {
namespace {

constexpr char kOnlyStep[] = "everybody";  // where the policy has no ladder

bool IsConfigured(const AlertConfigs& alerts, const std::string& name) {
  return std::any_of(alerts.begin(), alerts.end(), [&](const v1::AlertConfig& alert) { return alert.name() == name; });
}

}  // namespace

std::vector<v1::LadderStep> StepsOf(const v1::IncidentRule& rule, const AlertConfigs& alerts) {
  if (rule.ladder_size() > 0) return {rule.ladder().begin(), rule.ladder().end()};
  v1::LadderStep only;
  only.set_name(kOnlyStep);
  for (const v1::AlertConfig& alert : alerts) only.add_alerts(alert.name());
  return {only};
}

std::optional<size_t> DueStep(const v1::Incident& incident, const std::vector<v1::LadderStep>& steps, absl::Time now) {
  if (incident.state() != v1::Incident::OPEN || steps.empty()) return std::nullopt;
  const size_t next = incident.next_step();
  if (incident.raised()) return std::min(next, steps.size() - 1);
  if (next >= steps.size()) return std::nullopt;
  const absl::Time due = absl::FromUnixMillis(incident.opened_unix_ms()) + absl::Minutes(steps[next].after_minutes());
  return now >= due ? std::optional(next) : std::nullopt;
}

std::vector<std::string> AlertsOf(const v1::LadderStep& step, const AlertConfigs& alerts) {
  std::vector<std::string> known;
  for (const std::string& name : step.alerts()) {
    if (IsConfigured(alerts, name)) known.push_back(name);
  }
  return known;
}

std::vector<std::string> LadderWarnings(const v1::IncidentRule& rule, const AlertConfigs& alerts) {
  std::vector<std::string> warnings;
  if (alerts.empty()) warnings.push_back("alerts: the configuration has none, so nobody is told of incidents; add one");
  for (const v1::LadderStep& step : rule.ladder()) {
    for (const std::string& name : step.alerts()) {
      if (IsConfigured(alerts, name)) continue;
      warnings.push_back(absl::StrCat("ladder: step '", step.name(), "' names the alert '", name,
                                      "', which the configuration does not have; add it there, or load another policy"));
    }
  }
  return warnings;
}

}  // namespace otokura::incidents
