#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <set>

#include "absl/strings/str_cat.h"
#include "crypto/tlog/cosignature.h"
#include "server/audit/anchors/anchors.h"
#include "server/otokurad/configuration_checks.h"
#include "server/otokurad/configuration_targets.h"

namespace otokura::gateway {
namespace {

constexpr int kAnchorsMax = 16;             // a thread each
constexpr uint32_t kMostLagSeconds = 3600;  // with more, the anchor would not be mandatory in any useful sense

bool LiesIn(const std::string& path, const std::string& folder) {
  const auto relative =
      std::filesystem::path(path).lexically_normal().lexically_relative(std::filesystem::path(folder).lexically_normal() / "");
  return !relative.empty() && *relative.begin() != "..";
}

void CheckFile(const std::string& field, const v1::GatewayConfig& config, const v1::FileAnchor& file, ProblemList& problems) {
  const std::string path_field = absl::StrCat(field, ".file.path");
  if (file.path().empty() || file.path().front() != '/') return problems.Add(path_field, "must be an absolute path");
  if (LiesIn(file.path(), config.data_dir()) || LiesIn(file.path(), config.key_store_dir())) {
    problems.Add(path_field, "must not lie in data_dir or key_store_dir: what is put back with them proves nothing");
  }
  if (!std::filesystem::is_directory(std::filesystem::path(file.path()).parent_path())) problems.Add(path_field, "its folder is not there");
}

void CheckWitness(const std::string& field, const v1::WitnessAnchor& witness, ProblemList& problems) {
  if (!IsUrl(witness.url(), "https://") && !IsUrl(witness.url(), "http://")) {
    problems.Add(absl::StrCat(field, ".witness.url"), "must be an https:// or http:// URL without a user name");
  }
  problems.AddUnlessOk(absl::StrCat(field, ".witness.verifier_key"), crypto::CosignatureVerifier::Parse(witness.verifier_key()).status());
  CheckPemPath(absl::StrCat(field, ".witness.ca_file"), witness.ca_file(), problems);
}

void CheckAnchor(const std::string& field, const v1::GatewayConfig& config, const v1::AnchorConfig& anchor, ProblemList& problems) {
  CheckNameAndTimeout(field, anchor.name(), anchor.timeout_ms(), problems);
  if (anchor.mandatory() && !audit::IsOffHost(anchor)) {
    problems.Add(absl::StrCat(field, ".mandatory"), "only a webhook or a witness may be: they answer from off this host");
  }
  switch (anchor.target_case()) {
    case v1::AnchorConfig::kFile:
      return CheckFile(field, config, anchor.file(), problems);
    case v1::AnchorConfig::kWebhook:
      return CheckWebhook(field, anchor.webhook(), problems);
    case v1::AnchorConfig::kWitness:
      return CheckWitness(field, anchor.witness(), problems);
    case v1::AnchorConfig::kSyslog:
      return CheckSyslog(field, anchor.syslog(), problems);
    case v1::AnchorConfig::TARGET_NOT_SET:
      return problems.Add(field, "one of file, webhook, witness and syslog is required");
  }
}

}  // namespace

void CheckAnchors(const v1::GatewayConfig& config, ProblemList& problems) {
  const v1::LogConfig& log = config.log();
  if (log.anchors_size() > kAnchorsMax) return problems.Add("log.anchors", absl::StrCat("are more than ", kAnchorsMax));
  std::set<std::string> names;
  for (int i = 0; i < log.anchors_size(); ++i) {
    const std::string field = absl::StrCat("log.anchors[", i, "]");
    CheckAnchor(field, config, log.anchors(i), problems);
    if (!names.insert(log.anchors(i).name()).second) problems.Add(absl::StrCat(field, ".name"), "is there twice");
  }
  if (log.anchor_lag_seconds() < 1 || log.anchor_lag_seconds() > kMostLagSeconds) {
    problems.Add("log.anchor_lag_seconds",
                 absl::StrCat("is ", log.anchor_lag_seconds(), ", must be 1 to ", kMostLagSeconds, ", or 0 for the default"));
  }
  // The demo is one machine, and says so elsewhere.
  if (!config.demo() && std::none_of(log.anchors().begin(), log.anchors().end(), audit::IsOffHost)) {
    problems.AddWarning("log.anchors",
                        "none lies off this host: data and keys put back together to an older state would not be noticed; add a witness or "
                        "a webhook");
  }
}

}  // namespace otokura::gateway
