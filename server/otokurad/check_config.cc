#include "server/otokurad/check_config.h"

#include <algorithm>
#include <iostream>
#include <vector>

#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "server/otokurad/configuration.h"
#include "server/otokurad/exit_codes.h"

namespace otokura::gateway {
namespace {

void Print(const Problem& problem, bool json) {
  if (!json) {
    std::cout << (problem.stops_start ? "" : "warning: ") << problem.field << ": " << problem.problem << "\n";
    return;
  }
  using Json = nlohmann::ordered_json;
  const Json line{{"field", problem.field}, {"problem", problem.problem}, {"stops_start", problem.stops_start}};
  std::cout << line.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
}

}  // namespace

int CheckConfig(const std::string& config_path, bool json) {
  std::vector<Problem> problems;
  const auto config = ReadConfiguration(config_path);
  if (config.ok()) {
    problems = CheckConfiguration(*config, absl::Now());
  } else {
    problems.push_back({"file", std::string(config.status().message())});
  }
  for (const Problem& problem : problems) Print(problem, json);
  const auto stops = [](const Problem& problem) { return problem.stops_start; };
  if (std::any_of(problems.begin(), problems.end(), stops)) return kExitConfiguration;
  if (!json) std::cout << config_path << " is fine\n";
  return kExitDone;
}

absl::StatusOr<v1::GatewayConfig> CheckedConfiguration(const std::string& config_path) {
  auto config = ReadConfiguration(config_path);
  if (!config.ok()) return config.status();
  if (absl::Status rules = ToStatus(CheckConfiguration(*config, absl::Now())); !rules.ok()) return rules;
  return config;
}

}  // namespace otokura::gateway
