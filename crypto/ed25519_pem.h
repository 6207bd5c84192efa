// Ed25519 private keys as people keep them: PEM of PKCS#8 (RFC 8410), in clear or encrypted under a passphrase.
#ifndef OTOKURA_CRYPTO_ED25519_PEM_H_
#define OTOKURA_CRYPTO_ED25519_PEM_H_

#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "crypto/secret.h"

namespace otokura::crypto {

inline constexpr size_t kEd25519PemBytesMax = 4096;  // an encrypted one has some 300

// The seed (RFC 8032). `passphrase` is asked once, and only where the key is encrypted; its error is given back. INVALID_ARGUMENT where it
// is no such key, PERMISSION_DENIED for a wrong passphrase. The caller still owns `pem` and should wipe it.
absl::StatusOr<SecretBytes> ReadEd25519Pem(std::string_view pem, absl::FunctionRef<absl::StatusOr<SecretBytes>()> passphrase);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_ED25519_PEM_H_
