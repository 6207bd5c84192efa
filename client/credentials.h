// The certificate that we show a gateway, checked before it is shown.
#ifndef OTOKURA_CLIENT_CREDENTIALS_H_
#define OTOKURA_CLIENT_CREDENTIALS_H_

#include <string>

#include "absl/status/statusor.h"
#include "otokura/connection.h"

namespace otokura::client {

// The three files' contents, found fit to present to a gateway now.
struct Credentials {
  std::string ca_pem;
  std::string certificate_pem;
  std::string private_key_pem;
  bool operator==(const Credentials&) const = default;
};

absl::StatusOr<Credentials> LoadCredentials(const ConnectionOptions& options);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_CREDENTIALS_H_
