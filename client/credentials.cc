#include "client/credentials.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "crypto/certificate.h"

namespace otokura::client {
namespace {

constexpr size_t kCredentialFileBytesMax = 64 * 1024;  // a chain of a few certificates; anything larger is the wrong file

absl::StatusOr<std::string> ReadCredentialFile(const char* what, const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError(absl::StrCat(what, " is not set"));
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(what, " '", path, "' cannot be read: ", std::strerror(errno)));
  std::string content(kCredentialFileBytesMax + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<size_t>(file.gcount()));
  if (content.size() > kCredentialFileBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " '", path, "' is larger than ", kCredentialFileBytesMax, " bytes; is it the right file?"));
  }
  return content;
}

absl::Status Explain(const absl::Status& problem, const std::string& certificate_file) {
  return absl::Status(problem.code(),
                      absl::StrCat("certificate '", certificate_file, "': ", problem.message(), "; the gateway would refuse it"));
}

absl::Status CheckValidity(const crypto::Certificate& certificate, absl::Time now) {
  const absl::Time not_before = absl::FromUnixSeconds(certificate.not_before_unix_s);
  const absl::Time not_after = absl::FromUnixSeconds(certificate.not_after_unix_s);
  if (now > not_after) {
    return absl::FailedPreconditionError(
        absl::StrCat("expired at ", absl::FormatTime(absl::RFC3339_sec, not_after, absl::UTCTimeZone()), "; have it renewed"));
  }
  if (now < not_before) {
    return absl::FailedPreconditionError(absl::StrCat(
        "valid only from ", absl::FormatTime(absl::RFC3339_sec, not_before, absl::UTCTimeZone()), "; is this machine's clock right?"));
  }
  return absl::OkStatus();
}

absl::Status CheckGatewayAddress(const std::string& gateway) {
  const size_t colon = gateway.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == gateway.size() || gateway.size() > 300) {
    return absl::InvalidArgumentError(absl::StrCat("gateway '", gateway.substr(0, 300), "' must be host:port"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Credentials> LoadCredentials(const ConnectionOptions& options) {
  if (absl::Status address = CheckGatewayAddress(options.gateway); !address.ok()) return address;
  Credentials credentials;
  auto ca = ReadCredentialFile("the authority's certificate", options.ca_file);
  if (!ca.ok()) return ca.status();
  auto certificate_pem = ReadCredentialFile("our certificate", options.certificate_file);
  if (!certificate_pem.ok()) return certificate_pem.status();
  auto key = ReadCredentialFile("our private key", options.private_key_file);
  if (!key.ok()) return key.status();

  const absl::Time now = absl::Now();
  auto certificate = crypto::ParseCertificate(*certificate_pem);
  absl::Status fit = certificate.status();
  if (fit.ok()) fit = CheckValidity(*certificate, now);
  if (fit.ok()) fit = crypto::CheckKeyMatches(*certificate_pem, *key);
  if (fit.ok()) fit = crypto::CheckChain(*certificate_pem, *ca, absl::ToUnixSeconds(now));
  if (!fit.ok()) return Explain(fit, options.certificate_file);
  return Credentials{std::move(*ca), std::move(*certificate_pem), std::move(*key)};
}

absl::Status CheckConnectionOptions(const ConnectionOptions& options) { return LoadCredentials(options).status(); }

}  // namespace otokura::client
