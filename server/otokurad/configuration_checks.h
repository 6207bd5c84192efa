// The rules of config.proto, a section a function. Each adds what it finds; together they are CheckConfiguration.
#ifndef OTOKURA_SERVER_OTOKURAD_CONFIGURATION_CHECKS_H_
#define OTOKURA_SERVER_OTOKURAD_CONFIGURATION_CHECKS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "otokura/v1/config.pb.h"
#include "server/otokurad/configuration.h"

namespace otokura::gateway {

class ProblemList {
 public:
  void Add(std::string field, std::string problem) { problems_.push_back({std::move(field), std::move(problem)}); }
  // What check-config says, and the gateway starts with all the same.
  void AddWarning(std::string field, std::string problem) { problems_.push_back({std::move(field), std::move(problem), false}); }
  // The message of the status, where it is not OK.
  void AddUnlessOk(std::string field, const absl::Status& status) {
    if (!status.ok()) Add(std::move(field), std::string(status.message()));
  }
  std::vector<Problem> Take() { return std::move(problems_); }

 private:
  std::vector<Problem> problems_;
};

void CheckNetwork(const v1::GatewayConfig& config, absl::Time now, ProblemList& problems);  // listen address, trust domain, TLS
void CheckFolders(const v1::GatewayConfig& config, ProblemList& problems);                  // data, key store, address file
void CheckRootKey(const v1::GatewayConfig& config, ProblemList& problems);                  // where the passphrase lies
void CheckNames(const v1::GatewayConfig& config, ProblemList& problems);                    // centres, queues, retention classes
void CheckLimits(const v1::LimitsConfig& limits, ProblemList& problems);
void CheckLog(const v1::LogConfig& log, ProblemList& problems);
void CheckAnchors(const v1::GatewayConfig& config, ProblemList& problems);
void CheckAlerts(const v1::GatewayConfig& config, ProblemList& problems);
void CheckPolicySigners(const v1::GatewayConfig& config, ProblemList& problems);

}  // namespace otokura::gateway

#endif  // OTOKURA_SERVER_OTOKURAD_CONFIGURATION_CHECKS_H_
