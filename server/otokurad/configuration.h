// The machine configuration (config.proto): read, defaults filled in, every rule checked at once.
#ifndef OTOKURA_SERVER_OTOKURAD_CONFIGURATION_H_
#define OTOKURA_SERVER_OTOKURAD_CONFIGURATION_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "otokura/v1/config.pb.h"

namespace otokura::gateway {

inline constexpr size_t kConfigurationBytesMax = 1 << 20;  // a thousand centres with their queues take a tenth of it

struct Problem {
  std::string field;    // as in config.proto, with an index where it repeats: "centres[2].name"
  std::string problem;  // what is wrong and what to do
  bool stops_start = true;
};

// Parses protobuf text. INVALID_ARGUMENT with every place ("line 3, column 7: …") where it is not that, unknown fields included. Defaults
// are filled in; rules are not checked.
absl::StatusOr<v1::GatewayConfig> ParseConfiguration(std::string_view text);
absl::StatusOr<v1::GatewayConfig> ReadConfiguration(const std::string& path);

// Every rule that this machine breaks, in the order of config.proto. Looks at files and folders, changes nothing.
std::vector<Problem> CheckConfiguration(const v1::GatewayConfig& config, absl::Time now);

// FAILED_PRECONDITION listing all of them that stop the start; OK for none.
absl::Status ToStatus(const std::vector<Problem>& problems);

}  // namespace otokura::gateway

#endif  // OTOKURA_SERVER_OTOKURAD_CONFIGURATION_H_
