#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "crypto/tlog/cosignature.h"
#include "server/audit/anchors/anchors.h"
#include "server/otokurad/configuration_checks.h"

namespace otokura::gateway {
namespace {

constexpr int kAnchorsMax = 16;       // a thread each
constexpr size_t kNameBytesMax = 32;  // in a key of the store and in entries of the log
constexpr size_t kUrlBytesMax = 1024;
constexpr size_t kSocketPathBytesMax = 107;  // sockaddr_un
constexpr uint32_t kLeastTimeoutMs = 100, kMostTimeoutMs = 60'000;
constexpr uint32_t kMostLagSeconds = 3600;  // with more, the anchor would not be mandatory in any useful sense

bool IsAnchorName(const std::string& name) {
  return !name.empty() && name.size() <= kNameBytesMax && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
  });
}

bool IsUrl(const std::string& url, std::string_view scheme) {
  return url.starts_with(scheme) && url.size() > scheme.size() && url.size() <= kUrlBytesMax &&
         std::all_of(url.begin(), url.end(), [](unsigned char c) { return absl::ascii_isgraph(c); }) &&
         url.find('@') == std::string::npos;  // no passwords in here: what a server is asked for shows in events
}

void CheckPemPath(const std::string& field, const std::string& path, ProblemList& problems) {
  struct stat status;
  if (path.empty()) return;
  if (path.front() != '/' || stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
    problems.Add(field, "must be the absolute path of a PEM file that is there");
  }
}

// Of a webhook or a syslog server.
template <typename Target>
void CheckTlsFiles(const std::string& field, const Target& target, ProblemList& problems) {
  CheckPemPath(field + ".ca_file", target.ca_file(), problems);
  CheckPemPath(field + ".certificate_file", target.certificate_file(), problems);
  CheckPemPath(field + ".private_key_file", target.private_key_file(), problems);
  if (target.certificate_file().empty() != target.private_key_file().empty()) {
    problems.Add(field + ".private_key_file", "and certificate_file must be given together");
  }
}

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

void CheckWebhook(const std::string& field, const v1::WebhookAnchor& webhook, ProblemList& problems) {
  if (!IsUrl(webhook.url(), "https://")) problems.Add(absl::StrCat(field, ".webhook.url"), "must be an https:// URL without a user name");
  CheckTlsFiles(absl::StrCat(field, ".webhook"), webhook, problems);
}

void CheckSyslog(const std::string& field, const v1::SyslogAnchor& syslog, ProblemList& problems) {
  if (syslog.socket().empty() == syslog.server().empty())
    return problems.Add(absl::StrCat(field, ".syslog"), "one of socket and server is required");
  if (syslog.server().empty()) {
    if (syslog.socket().front() != '/' || syslog.socket().size() > kSocketPathBytesMax) {
      problems.Add(absl::StrCat(field, ".syslog.socket"),
                   absl::StrCat("must be an absolute path of at most ", kSocketPathBytesMax, " bytes"));
    }
    return;
  }
  if (!IsUrl("https://" + syslog.server(), "https://") || syslog.server().find(':') == std::string::npos ||
      syslog.server().find('/') != std::string::npos) {
    problems.Add(absl::StrCat(field, ".syslog.server"), "must be host:port");
  }
  CheckTlsFiles(absl::StrCat(field, ".syslog"), syslog, problems);
}

void CheckWitness(const std::string& field, const v1::WitnessAnchor& witness, ProblemList& problems) {
  if (!IsUrl(witness.url(), "https://") && !IsUrl(witness.url(), "http://")) {
    problems.Add(absl::StrCat(field, ".witness.url"), "must be an https:// or http:// URL without a user name");
  }
  problems.AddUnlessOk(absl::StrCat(field, ".witness.verifier_key"), crypto::CosignatureVerifier::Parse(witness.verifier_key()).status());
  CheckPemPath(absl::StrCat(field, ".witness.ca_file"), witness.ca_file(), problems);
}

void CheckAnchor(const std::string& field, const v1::GatewayConfig& config, const v1::AnchorConfig& anchor, ProblemList& problems) {
  if (!IsAnchorName(anchor.name())) problems.Add(absl::StrCat(field, ".name"), "must be 1 to 32 of a-z, 0-9 and '-'");
  if (anchor.timeout_ms() < kLeastTimeoutMs || anchor.timeout_ms() > kMostTimeoutMs) {
    problems.Add(absl::StrCat(field, ".timeout_ms"),
                 absl::StrCat("is ", anchor.timeout_ms(), ", must be ", kLeastTimeoutMs, " to ", kMostTimeoutMs, ", or 0 for the default"));
  }
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
