#include "server/incidents/alert.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "proto/policy/actions.h"
#include "server/audit/anchors/http_post.h"
#include "server/audit/anchors/syslog_message.h"
#include "server/audit/anchors/syslog_transport.h"
#include "server/incidents/alarm.h"

namespace otokura::incidents {
namespace {

using Json = nlohmann::ordered_json;

constexpr long kHttpOkFirst = 200, kHttpOkLast = 299;

std::string TimeText(int64_t unix_ms) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMillis(unix_ms), absl::UTCTimeZone());
}

Json AlarmJson(const v1::IncidentAlarm& alarm, bool with_account) {
  Json json{{"alarm", AlarmName(alarm.kind())},
            {"time", TimeText(alarm.time_unix_ms())},
            {"role", policy::RoleName(alarm.role())},
            {"suspended", alarm.suspended()}};
  if (with_account) json["account"] = alarm.account();
  return json;
}

class WebhookPlace final : public AlertPlace {
 public:
  WebhookPlace(std::unique_ptr<audit::HttpPost> post, std::string origin) : post_(std::move(post)), origin_(std::move(origin)) {}
  absl::Status Tell(const v1::Incident& incident, const std::atomic<bool>& cancelled) override {
    const auto answer = post_->Post("application/json", AlertJson(incident, origin_, /*with_accounts=*/true), cancelled);
    if (!answer.ok()) return answer.status();
    if (answer->status >= kHttpOkFirst && answer->status <= kHttpOkLast) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat("it answered with HTTP status ", answer->status));
  }

 private:
  const std::unique_ptr<audit::HttpPost> post_;
  const std::string origin_;
};

class SyslogPlace final : public AlertPlace {
 public:
  SyslogPlace(std::unique_ptr<audit::SyslogTransport> transport, std::string origin, bool is_tls)
      : transport_(std::move(transport)), messages_(audit::HostName(), origin), origin_(std::move(origin)), is_tls_(is_tls) {}
  absl::Status Tell(const v1::Incident& incident, const std::atomic<bool>& cancelled) override {
    return transport_->Send({messages_.OfIncident(AlertJson(incident, origin_, is_tls_))}, cancelled);
  }

 private:
  const std::unique_ptr<audit::SyslogTransport> transport_;
  const audit::SyslogMessages messages_;
  const std::string origin_;
  const bool is_tls_;
};

}  // namespace

std::string AlertJson(const v1::Incident& incident, const std::string& origin, bool with_accounts) {
  Json alarms = Json::array();
  for (int i = std::max(0, incident.alarms_size() - kAlertAlarmsMax); i < incident.alarms_size(); ++i) {
    alarms.push_back(AlarmJson(incident.alarms(i), with_accounts));
  }
  const Json json{{"type", "otokura.incident"},
                  {"origin", origin},
                  {"incident", absl::BytesToHexString(incident.id())},
                  {"state", absl::AsciiStrToLower(v1::Incident::State_Name(incident.state()))},
                  {"level", incident.level()},
                  {"step", incident.told_step()},
                  {"opened", TimeText(incident.opened_unix_ms())},
                  {"alarms_total", static_cast<uint64_t>(incident.alarms_size()) + incident.alarms_beyond()},
                  {"alarms", std::move(alarms)},
                  {"what_to_do", absl::StrCat("otokura incident show ", absl::BytesToHexString(incident.id()))}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<std::unique_ptr<AlertPlace>> MakeAlertPlace(const v1::AlertConfig& config, const std::string& origin) {
  const absl::Duration timeout = absl::Milliseconds(config.timeout_ms());
  if (config.has_syslog()) {
    const bool is_tls = !config.syslog().server().empty();
    return std::make_unique<SyslogPlace>(audit::MakeSyslogTransport(config.syslog(), timeout), origin, is_tls);
  }
  const v1::WebhookAnchor& webhook = config.webhook();
  auto post = audit::HttpPost::Create({webhook.url(), webhook.ca_file(), webhook.certificate_file(), webhook.private_key_file(), timeout});
  if (!post.ok()) return post.status();
  return std::make_unique<WebhookPlace>(*std::move(post), origin);
}

}  // namespace otokura::incidents
