// Where the passphrase of the root key lies.
#ifndef OTOKURA_SERVER_OTOKURAD_PASSPHRASE_H_
#define OTOKURA_SERVER_OTOKURAD_PASSPHRASE_H_

#include <string>

#include "absl/status/statusor.h"
#include "crypto/secret.h"
#include "otokura/v1/config.pb.h"

namespace otokura::gateway {

// The file that the configuration names, directly or as a systemd credential. FAILED_PRECONDITION where it names none or both, or systemd
// gave no credentials.
absl::StatusOr<std::string> PassphrasePath(const v1::RootKeyConfig& config);
absl::StatusOr<crypto::SecretBytes> ReadPassphrase(const v1::RootKeyConfig& config);

}  // namespace otokura::gateway

#endif  // OTOKURA_SERVER_OTOKURAD_PASSPHRASE_H_
