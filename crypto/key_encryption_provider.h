// What holds the root key and wraps epoch keys with it (DESIGN §6).
#ifndef OTOKURA_CRYPTO_KEY_ENCRYPTION_PROVIDER_H_
#define OTOKURA_CRYPTO_KEY_ENCRYPTION_PROVIDER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/key_wrap.h"
#include "crypto/secret.h"

namespace otokura::crypto {

// Implementations are safe from any thread. Errors: UNAVAILABLE the provider is away (an HSM asleep), DATA_LOSS the wrapped key does not
// open, FAILED_PRECONDITION it is wrapped under a version of the root key that the provider does not hold.
class KeyEncryptionProvider {
 public:
  virtual ~KeyEncryptionProvider() = default;
  // Version of the root key that Wrap uses, from 1.
  virtual uint32_t root_version() const = 0;
  virtual absl::StatusOr<std::string> Wrap(KeyType type, std::string_view owner_id, const SecretBytes& key) = 0;
  virtual absl::StatusOr<SecretBytes> Unwrap(KeyType type, std::string_view owner_id, uint32_t root_version, std::string_view wrapped) = 0;
};

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_KEY_ENCRYPTION_PROVIDER_H_
