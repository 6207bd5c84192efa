#include <set>

#include "absl/strings/str_cat.h"
#include "server/otokurad/configuration_checks.h"
#include "server/otokurad/configuration_targets.h"

namespace otokura::gateway {
namespace {

constexpr int kAlertsMax = 16;  // a thread each

void CheckAlert(const std::string& field, const v1::AlertConfig& alert, ProblemList& problems) {
  CheckNameAndTimeout(field, alert.name(), alert.timeout_ms(), problems);
  switch (alert.target_case()) {
    case v1::AlertConfig::kWebhook:
      return CheckWebhook(field, alert.webhook(), problems);
    case v1::AlertConfig::kSyslog:
      return CheckSyslog(field, alert.syslog(), problems);
    case v1::AlertConfig::TARGET_NOT_SET:
      return problems.Add(field, "one of webhook and syslog is required");
  }
}

}  // namespace

void CheckAlerts(const v1::GatewayConfig& config, ProblemList& problems) {
  if (config.alerts_size() > kAlertsMax) return problems.Add("alerts", absl::StrCat("are more than ", kAlertsMax));
  std::set<std::string> names;
  for (int i = 0; i < config.alerts_size(); ++i) {
    const std::string field = absl::StrCat("alerts[", i, "]");
    CheckAlert(field, config.alerts(i), problems);
    if (!names.insert(config.alerts(i).name()).second) problems.Add(absl::StrCat(field, ".name"), "is there twice");
  }
  // The demo has nobody to tell.
  if (!config.demo() && config.alerts().empty()) {
    problems.AddWarning("alerts", "there is none: nobody is told of incidents; add a webhook or a syslog collector that wakes somebody");
  }
}

}  // namespace otokura::gateway
