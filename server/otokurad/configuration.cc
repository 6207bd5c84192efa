#include "server/otokurad/configuration.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/otokurad/configuration_checks.h"
#include "server/recordings/site.h"

namespace otokura::gateway {
namespace {

constexpr char kDefaultListenAddress[] = "127.0.0.1:8443";
constexpr uint32_t kDefaultCheckpointIntervalMs = 1000;
constexpr uint32_t kDefaultAnchorLagSeconds = 10;
constexpr uint32_t kDefaultAnchorTimeoutMs = 3000;
constexpr uint32_t kDefaultAlertTimeoutMs = 3000;
constexpr size_t kMistakesMax = 50;  // a file that is no configuration at all need not be read out to its end

class MistakeList : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (mistakes_.size() < kMistakesMax) mistakes_.push_back(absl::StrCat("line ", line + 1, ", column ", column + 1, ": ", message));
  }
  const std::vector<std::string>& mistakes() const { return mistakes_; }

 private:
  std::vector<std::string> mistakes_;
};

void FillDefaults(v1::LogConfig* log) {
  if (log->checkpoint_interval_ms() == 0) log->set_checkpoint_interval_ms(kDefaultCheckpointIntervalMs);
  if (log->anchor_lag_seconds() == 0) log->set_anchor_lag_seconds(kDefaultAnchorLagSeconds);
  for (v1::AnchorConfig& anchor : *log->mutable_anchors()) {
    if (anchor.timeout_ms() == 0) anchor.set_timeout_ms(kDefaultAnchorTimeoutMs);
  }
}

void FillDefaults(google::protobuf::RepeatedPtrField<v1::AlertConfig>* alerts) {
  for (v1::AlertConfig& alert : *alerts) {
    if (alert.timeout_ms() == 0) alert.set_timeout_ms(kDefaultAlertTimeoutMs);
  }
}

}  // namespace

absl::StatusOr<v1::GatewayConfig> ParseConfiguration(std::string_view text) {
  MistakeList list;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&list);
  v1::GatewayConfig config;
  if (!parser.ParseFromString(std::string(text), &config)) return absl::InvalidArgumentError(absl::StrJoin(list.mistakes(), "\n"));
  if (config.listen_address().empty()) config.set_listen_address(kDefaultListenAddress);
  FillDefaults(config.mutable_log());
  FillDefaults(config.mutable_alerts());
  *config.mutable_limits() = recordings::WithDefaults(config.limits());
  return config;
}

absl::StatusOr<v1::GatewayConfig> ReadConfiguration(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("configuration '", path, "' cannot be read: ", std::strerror(errno)));
  std::string text(kConfigurationBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kConfigurationBytesMax)
    return absl::InvalidArgumentError(absl::StrCat("configuration '", path, "' is over 1 MiB; is it the right file?"));
  auto config = ParseConfiguration(text);
  if (!config.ok()) return absl::Status(config.status().code(), absl::StrCat("configuration '", path, "':\n", config.status().message()));
  return config;
}

std::vector<Problem> CheckConfiguration(const v1::GatewayConfig& config, absl::Time now) {
  ProblemList problems;
  CheckNetwork(config, now, problems);
  CheckFolders(config, problems);
  CheckRootKey(config, problems);
  CheckNames(config, problems);
  CheckLimits(config.limits(), problems);
  CheckLog(config.log(), problems);
  CheckAnchors(config, problems);
  CheckPolicySigners(config, problems);
  CheckAlerts(config, problems);
  return problems.Take();
}

absl::Status ToStatus(const std::vector<Problem>& problems) {
  std::vector<std::string> lines;
  for (const Problem& problem : problems) {
    if (problem.stops_start) lines.push_back(absl::StrCat(problem.field, ": ", problem.problem));
  }
  return lines.empty() ? absl::OkStatus() : absl::FailedPreconditionError(absl::StrJoin(lines, "\n"));
}

}  // namespace otokura::gateway
