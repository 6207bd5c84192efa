#include "server/rpc/tls_credentials.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/certificate.h"

namespace otokura::rpc {
namespace {

absl::Status FileError(std::string_view field, const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat("tls.", absl::string_view(field.data(), field.size()), " '", path, "': ", status.message()));
}

absl::Status CheckPrivateKeyMode(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return absl::NotFoundError(absl::StrCat("cannot be read: ", std::strerror(errno)));
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "can be read by others than its owner; chmod 600 it, and issue a new key if others may have read it");
}

absl::Status CheckInForce(const crypto::Certificate& certificate, absl::Time now) {
  const absl::Time not_before = absl::FromUnixSeconds(certificate.not_before_unix_s);
  const absl::Time not_after = absl::FromUnixSeconds(certificate.not_after_unix_s);
  if (now >= not_after) return absl::FailedPreconditionError(absl::StrCat("expired at ", absl::FormatTime(not_after), "; renew it"));
  if (now < not_before)
    return absl::FailedPreconditionError(
        absl::StrCat("is in force only from ", absl::FormatTime(not_before), "; check this machine's clock"));
  return absl::OkStatus();
}

// A core server takes credentials only through this class of the C++ layer, whose own subclasses cannot be given a fetcher.
class FetchedCredentials : public grpc::ServerCredentials {
 public:
  explicit FetchedCredentials(grpc_server_credentials* credentials) : credentials_(credentials) {}
  ~FetchedCredentials() override { grpc_server_credentials_release(credentials_); }
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>& processor) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  grpc_server_credentials* const credentials_;
};

}  // namespace

absl::StatusOr<std::string> ReadTlsFile(std::string_view field, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return FileError(field, path, absl::NotFoundError(absl::StrCat("cannot be read: ", std::strerror(errno))));
  std::string content(kTlsFileBytesMax + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<size_t>(file.gcount()));
  if (content.size() > kTlsFileBytesMax) return FileError(field, path, absl::InvalidArgumentError("is over 1 MiB; is it the right file?"));
  return content;
}

absl::StatusOr<TlsFiles> ReadTlsFiles(const v1::TlsConfig& config, absl::Time now) {
  auto certificate_pem = ReadTlsFile("certificate_file", config.certificate_file());
  if (!certificate_pem.ok()) return certificate_pem.status();
  auto private_key_pem = ReadTlsFile("private_key_file", config.private_key_file());
  if (!private_key_pem.ok()) return private_key_pem.status();
  auto client_ca_pem = ReadTlsFile("client_ca_file", config.client_ca_file());
  if (!client_ca_pem.ok()) return client_ca_pem.status();

  if (absl::Status mode = CheckPrivateKeyMode(config.private_key_file()); !mode.ok())
    return FileError("private_key_file", config.private_key_file(), mode);
  auto certificate = crypto::ParseCertificate(*certificate_pem);
  absl::Status fit = certificate.ok() ? CheckInForce(*certificate, now) : certificate.status();
  if (!fit.ok()) return FileError("certificate_file", config.certificate_file(), fit);
  if (fit = crypto::CheckKeyMatches(*certificate_pem, *private_key_pem); !fit.ok())
    return FileError("private_key_file", config.private_key_file(), fit);
  if (fit = crypto::ParseCertificate(*client_ca_pem).status(); !fit.ok()) return FileError("client_ca_file", config.client_ca_file(), fit);
  return TlsFiles{std::move(*certificate_pem), std::move(*private_key_pem), std::move(*client_ca_pem)};
}

absl::StatusOr<std::unique_ptr<ReloadableTls>> ReloadableTls::Create(v1::TlsConfig config, absl::Time now) {
  auto files = ReadTlsFiles(config, now);
  if (!files.ok()) return files.status();
  return std::unique_ptr<ReloadableTls>(new ReloadableTls(std::move(config), *std::move(files)));
}

ReloadableTls::ReloadableTls(v1::TlsConfig config, TlsFiles files) : config_(std::move(config)), files_(std::move(files)) {
  grpc_ssl_server_credentials_options* options = grpc_ssl_server_credentials_create_options_using_config_fetcher(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY, Fetch, this);
  credentials_ = std::make_shared<FetchedCredentials>(grpc_ssl_server_credentials_create_with_options(options));
}

ReloadableTls::~ReloadableTls() {
  absl::MutexLock lock(&mutex_);
  crypto::Wipe(files_.private_key_pem.data(), files_.private_key_pem.size());
}

absl::Status ReloadableTls::Reload(absl::Time now) {
  auto files = ReadTlsFiles(config_, now);
  if (!files.ok()) return files.status();
  absl::MutexLock lock(&mutex_);
  crypto::Wipe(files_.private_key_pem.data(), files_.private_key_pem.size());
  files_ = *std::move(files);
  fetched_ = false;
  return absl::OkStatus();
}

grpc_ssl_certificate_config_reload_status ReloadableTls::Fetch(void* self, grpc_ssl_server_certificate_config** config) {
  auto* tls = static_cast<ReloadableTls*>(self);
  absl::MutexLock lock(&tls->mutex_);
  if (tls->fetched_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  const grpc_ssl_pem_key_cert_pair pair{tls->files_.private_key_pem.c_str(), tls->files_.certificate_pem.c_str()};
  *config = grpc_ssl_server_certificate_config_create(tls->files_.client_ca_pem.c_str(), &pair, 1);
  tls->fetched_ = true;
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

}  // namespace otokura::rpc
