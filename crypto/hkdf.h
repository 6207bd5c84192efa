// HKDF with SHA-512 (RFC 5869).
#ifndef OTOKURA_CRYPTO_HKDF_H_
#define OTOKURA_CRYPTO_HKDF_H_

#include <cstddef>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/secret.h"

namespace otokura::crypto {

inline constexpr size_t kHkdfOutputBytesMax = 255 * 64;  // RFC 5869 §2.3

// Expand only: `key` must be uniformly random. INVALID_ARGUMENT for an empty key, more than 1,024 bytes of `info`, or an output outside
// 1..kHkdfOutputBytesMax.
absl::StatusOr<SecretBytes> HkdfExpand(const SecretBytes& key, std::string_view info, size_t output_bytes);
// Extract and expand, for published vectors.
absl::StatusOr<SecretBytes> Hkdf(std::string_view key, std::string_view salt, std::string_view info, size_t output_bytes);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_HKDF_H_
