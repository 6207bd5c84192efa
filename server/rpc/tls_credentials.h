// The gateway's side of mutual TLS, with certificates that can be replaced while it serves.
#ifndef OTOKURA_SERVER_RPC_TLS_CREDENTIALS_H_
#define OTOKURA_SERVER_RPC_TLS_CREDENTIALS_H_

#include <grpc/grpc_security.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "otokura/v1/config.pb.h"

namespace otokura::rpc {

inline constexpr size_t kTlsFileBytesMax = 1 << 20;  // a chain or a bundle of authorities takes a few KiB

// The content; NOT_FOUND or INVALID_ARGUMENT naming "tls.<field>" and the file.
absl::StatusOr<std::string> ReadTlsFile(std::string_view field, const std::string& path);

struct TlsFiles {
  std::string certificate_pem;
  std::string private_key_pem;
  std::string client_ca_pem;
};

// Reads and checks them together: readable, a pair, in force at `now`, and a client authority that parses. The message names the field and
// the file.
absl::StatusOr<TlsFiles> ReadTlsFiles(const v1::TlsConfig& config, absl::Time now);

// Thread-safe. Must outlive every server that uses its credentials. Every client must show a certificate that the client authority issued.
class ReloadableTls {
 public:
  static absl::StatusOr<std::unique_ptr<ReloadableTls>> Create(v1::TlsConfig config, absl::Time now);
  ~ReloadableTls();

  // Takes the files as they are now for connections to come; those that stand keep what they were made with. An error keeps the old ones.
  absl::Status Reload(absl::Time now);
  std::shared_ptr<grpc::ServerCredentials> credentials() { return credentials_; }

 private:
  ReloadableTls(v1::TlsConfig config, TlsFiles files);
  // Asked by gRPC before each handshake.
  static grpc_ssl_certificate_config_reload_status Fetch(void* self, grpc_ssl_server_certificate_config** config);

  const v1::TlsConfig config_;
  absl::Mutex mutex_;
  TlsFiles files_ ABSL_GUARDED_BY(mutex_);
  bool fetched_ ABSL_GUARDED_BY(mutex_) = false;  // gRPC has these files already
  std::shared_ptr<grpc::ServerCredentials> credentials_;
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_TLS_CREDENTIALS_H_
