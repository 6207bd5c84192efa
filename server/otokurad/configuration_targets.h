// The rules of places that the gateway sends to: what anchors and alerts have in common.
#ifndef OTOKURA_SERVER_OTOKURAD_CONFIGURATION_TARGETS_H_
#define OTOKURA_SERVER_OTOKURAD_CONFIGURATION_TARGETS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "otokura/v1/config.pb.h"
#include "server/otokurad/configuration_checks.h"

namespace otokura::gateway {

bool IsUrl(const std::string& url, std::string_view scheme);
void CheckPemPath(const std::string& field, const std::string& path, ProblemList& problems);
void CheckNameAndTimeout(const std::string& field, const std::string& name, uint32_t timeout_ms, ProblemList& problems);
void CheckWebhook(const std::string& field, const v1::WebhookAnchor& webhook, ProblemList& problems);
void CheckSyslog(const std::string& field, const v1::SyslogAnchor& syslog, ProblemList& problems);

}  // namespace otokura::gateway

#endif  // OTOKURA_SERVER_OTOKURAD_CONFIGURATION_TARGETS_H_
