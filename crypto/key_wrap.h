// AES-256 key wrap with padding (RFC 5649, NIST SP 800-38F KWP), and the typed payload that we wrap (DESIGN §6).
#ifndef OTOKURA_CRYPTO_KEY_WRAP_H_
#define OTOKURA_CRYPTO_KEY_WRAP_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/secret.h"

namespace otokura::crypto {

enum class KeyType : uint8_t { kEpoch = 1, kData = 2, kSite = 3, kSpool = 4, kLog = 5, kPseudonym = 6 };
inline constexpr size_t kOwnerIdBytes = 16;
inline constexpr size_t kKeyBytes = 32;

// WrapKey seals type(1) ‖ owner id(16) ‖ key(32), so that a wrapped key put in another's place does not open.
absl::StatusOr<std::string> WrapKey(const SecretBytes& key_encryption_key, KeyType type, std::string_view owner_id, const SecretBytes& key);
// UnwrapKey is DATA_LOSS where the integrity check, the type or the owner is not the expected one.
absl::StatusOr<SecretBytes> UnwrapKey(const SecretBytes& key_encryption_key, KeyType type, std::string_view owner_id,
                                      std::string_view wrapped);

// RFC 5649 bare, for 16, 24 or 32-byte keys: published vectors run through these.
absl::StatusOr<std::string> Rfc5649Wrap(std::string_view key, std::string_view plaintext);
absl::StatusOr<SecretBytes> Rfc5649Unwrap(std::string_view key, std::string_view wrapped);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_KEY_WRAP_H_
