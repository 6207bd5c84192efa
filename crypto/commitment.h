// Salted SHA-256 commitments in audit leaves (DESIGN §7, crypto/FORMAT.md).
//   commitment = SHA-256("otokura/v1/commitment" ‖ 0x00 ‖ field name ‖ 0x00 ‖ salt(32) ‖ value)
#ifndef OTOKURA_CRYPTO_COMMITMENT_H_
#define OTOKURA_CRYPTO_COMMITMENT_H_

#include <string>
#include <string_view>

namespace otokura::crypto {

inline constexpr size_t kCommitmentSaltBytes = 32;

// `salt` is kCommitmentSaltBytes random bytes, used once. `field` is the name in AuditDetails, without zero bytes.
std::string Commit(std::string_view field, std::string_view salt, std::string_view value);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_COMMITMENT_H_
