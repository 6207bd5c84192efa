#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "crypto/certificate.h"
#include "server/otokurad/configuration_checks.h"
#include "server/rpc/tls_credentials.h"

namespace otokura::gateway {
namespace {

constexpr size_t kTrustDomainBytesMax = 255;  // of the SPIFFE standard

bool IsHostAndPort(const std::string& address) {
  const size_t colon = address.rfind(':');
  uint32_t port = 0;
  return colon != std::string::npos && colon > 0 && absl::SimpleAtoi(address.substr(colon + 1), &port) && port <= 65535;
}

bool IsTrustDomain(const std::string& domain) {
  const auto edge = [](unsigned char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c); };
  return !domain.empty() && domain.size() <= kTrustDomainBytesMax && edge(domain.front()) && edge(domain.back()) &&
         std::all_of(domain.begin(), domain.end(), [&edge](unsigned char c) { return edge(c) || c == '.' || c == '-'; });
}

bool CheckTlsPaths(const v1::TlsConfig& tls, ProblemList& problems) {
  bool all_fit = true;
  const std::pair<const char*, const std::string&> paths[] = {{"tls.certificate_file", tls.certificate_file()},
                                                              {"tls.private_key_file", tls.private_key_file()},
                                                              {"tls.client_ca_file", tls.client_ca_file()},
                                                              {"tls.client_crl_file", tls.client_crl_file()}};
  for (const auto& [field, path] : paths) {
    const bool optional_and_absent = path.empty() && &path == &tls.client_crl_file();
    if (optional_and_absent || (!path.empty() && path.front() == '/')) continue;
    problems.Add(field, "must be the absolute path of a PEM file");
    all_fit = false;
  }
  return all_fit;
}

void CheckRevocationList(const std::string& path, const std::string& client_ca_pem, absl::Time now, ProblemList& problems) {
  constexpr char kField[] = "tls.client_crl_file";
  const auto pem = rpc::ReadTlsFile("client_crl_file", path);
  if (!pem.ok()) return problems.AddUnlessOk(kField, pem.status());
  const auto list = crypto::ReadRevocationList(*pem, client_ca_pem);
  if (!list.ok()) return problems.AddUnlessOk(kField, list.status());
  // Recorders must get in all the same (I11).
  if (absl::FromUnixSeconds(list->next_update_unix_s) < now)
    problems.AddWarning(kField, "its next update is past: nobody but recorders is let in; fetch a fresh one");
}

}  // namespace

void CheckNetwork(const v1::GatewayConfig& config, absl::Time now, ProblemList& problems) {
  if (!IsHostAndPort(config.listen_address())) problems.Add("listen_address", "must be host:port, for example 127.0.0.1:8443");
  if (!IsTrustDomain(config.trust_domain())) {
    problems.Add("trust_domain",
                 "must be a domain name in lower case, as in the URI spiffe://<trust domain>/account/<name> of client certificates");
  }
  if (!CheckTlsPaths(config.tls(), problems)) return;
  const auto files = rpc::ReadTlsFiles(config.tls(), now);
  problems.AddUnlessOk("tls", files.status());
  if (files.ok() && !config.tls().client_crl_file().empty()) {
    CheckRevocationList(config.tls().client_crl_file(), files->client_ca_pem, now, problems);
  }
}

}  // namespace otokura::gateway
