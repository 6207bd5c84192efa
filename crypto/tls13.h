// TLS 1.3 and nothing older, for every TLS context that this process makes through OpenSSL (PLATFORM: gRPC has no setting of its own).
#ifndef OTOKURA_CRYPTO_TLS13_H_
#define OTOKURA_CRYPTO_TLS13_H_

#include "absl/status/status.h"

namespace otokura::crypto {

// RequireTls13 must be called before the first gRPC channel or server is made. Process-wide; later calls return the first result. Any
// thread.
absl::Status RequireTls13();

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_TLS13_H_
