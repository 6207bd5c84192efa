// How to reach a gateway: always mutual TLS 1.3.
//
// Note: gRPC has no setting for the TLS version, so the first connection loads an OpenSSL configuration that allows TLS 1.3 alone *in the
// whole process*. A program that must speak TLS 1.2 to others through OpenSSL should run Otokura's client in a process of its own.
#ifndef OTOKURA_CONNECTION_H_
#define OTOKURA_CONNECTION_H_

#include <string>

#include "absl/status/status.h"

namespace otokura::client {

struct ConnectionOptions {
  std::string gateway{};           // host:port; the host must be a name or address in the gateway's certificate
  std::string ca_file{};           // PEM: the authority that issued the gateway's certificate and ours
  std::string certificate_file{};  // PEM: our certificate, intermediates after it
  std::string private_key_file{};  // PEM: its private key, not encrypted
};

// Reads the files and says in words why a gateway would refuse them: expired, not yet valid, another key's, not from this authority. A
// refused TLS handshake tells a client nothing ("Socket closed"), so every connection is preceded by this check.
absl::Status CheckConnectionOptions(const ConnectionOptions& options);

}  // namespace otokura::client

#endif  // OTOKURA_CONNECTION_H_
