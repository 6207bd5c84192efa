// `otokurad check-config`: every rule of the configuration that this machine breaks, at once.
#ifndef OTOKURA_SERVER_OTOKURAD_CHECK_CONFIG_H_
#define OTOKURA_SERVER_OTOKURAD_CHECK_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "otokura/v1/config.pb.h"

namespace otokura::gateway {

// Prints what is wrong, a line each, to standard output: for people, or as JSON objects {"field", "problem"}. An exit code.
int CheckConfig(const std::string& config_path, bool json);

// What every other subcommand begins with. The status lists every problem.
absl::StatusOr<v1::GatewayConfig> CheckedConfiguration(const std::string& config_path);

}  // namespace otokura::gateway

#endif  // OTOKURA_SERVER_OTOKURAD_CHECK_CONFIG_H_
