#include "server/otokurad/configuration_targets.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/policy/limits.h"

namespace otokura::gateway {
namespace {

constexpr size_t kUrlBytesMax = 1024;
constexpr size_t kSocketPathBytesMax = 107;  // sockaddr_un
constexpr uint32_t kLeastTimeoutMs = 100, kMostTimeoutMs = 60'000;

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

}  // namespace

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

void CheckNameAndTimeout(const std::string& field, const std::string& name, uint32_t timeout_ms, ProblemList& problems) {
  if (!policy::IsWord(name)) problems.Add(absl::StrCat(field, ".name"), "must be 1 to 32 of a-z, 0-9 and '-'");
  if (timeout_ms >= kLeastTimeoutMs && timeout_ms <= kMostTimeoutMs) return;
  problems.Add(absl::StrCat(field, ".timeout_ms"),
               absl::StrCat("is ", timeout_ms, ", must be ", kLeastTimeoutMs, " to ", kMostTimeoutMs, ", or 0 for the default"));
}

}  // namespace otokura::gateway
