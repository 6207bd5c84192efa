// Searching sealed personal metadata by equality (DESIGN §5, crypto/FORMAT.md: what leaks, and to whom).
//   field key = HKDF-Expand(epoch key, "otokura/v1/index" ‖ 0x00 ‖ field(1), 32)
//   tag       = the first 16 bytes of HMAC-SHA-256(field key, normalised value)
#ifndef OTOKURA_CRYPTO_BLIND_INDEX_H_
#define OTOKURA_CRYPTO_BLIND_INDEX_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/secret.h"

namespace otokura::crypto {

// Numbers as in otokura.v1.PersonalField, and stored: never renumber. kCallIdentity is (recorder, call id, leg), for resuming.
enum class IndexField : uint8_t { kCallerNumber = 1, kBasicPensionNumber = 2, kAgent = 3, kCallId = 4, kCallIdentity = 5 };
inline constexpr size_t kIndexTagBytes = 16;

// Normalise brings what people type into the one form that is hashed: full-width ASCII to ASCII (U+FF01..U+FF5E and U+3000), then by field
//   caller number: drop spaces, hyphens (dashes, minus signs, the long-vowel mark used as one), parentheses, dots; +81 becomes 0, other
//                  +N keep the '+'; a (0) after a country code is dropped; 3..15 digits
//   pension number: drop spaces and hyphens; exactly ten digits
//   agent: trim and collapse spaces, ASCII letters to lower case; 1..64 bytes of UTF-8
//   call id: trim; 1..128 bytes of UTF-8, case kept
// Control characters inside agent and call id are refused; kCallIdentity is not typed, and refused here. INVALID_ARGUMENT names the field
// and the rule, never the value. crypto/FORMAT.md has the tables.
absl::StatusOr<std::string> Normalise(IndexField field, std::string_view value);

// The index keys of one epoch. Immutable, safe from any thread.
class BlindIndex {
 public:
  static absl::StatusOr<BlindIndex> Create(const SecretBytes& epoch_key);
  // `normalised` comes from Normalise (for kCallIdentity: any bytes).
  std::string Tag(IndexField field, std::string_view normalised) const;

 private:
  explicit BlindIndex(std::array<SecretBytes, 5> field_keys);
  std::array<SecretBytes, 5> field_keys_;
};

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_BLIND_INDEX_H_
