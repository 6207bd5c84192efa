// Proofs that can be checked offline (c2sp.org/tlog-proof): an entry's place, the hashes up to the root, and the signed checkpoint.
#ifndef OTOKURA_CRYPTO_TLOG_PROOF_TEXT_H_
#define OTOKURA_CRYPTO_TLOG_PROOF_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/signed_note.h"
#include "crypto/tlog/entry_bundle.h"
#include "crypto/tlog/log_keys.h"

namespace otokura::crypto {

// The largest is a note and an entry in base64, and 64 hashes.
inline constexpr size_t kProofTextBytesMax = kNoteBytesMax + 2 * kEntryBytesMax + 8192;

struct LogProof {
  std::string extra{};  // ours: the entry itself. Not authenticated by anything but the proof. Empty: none
  uint64_t index = 0;
  std::vector<std::string> hashes{};  // the leaf's sibling first
  std::string checkpoint{};           // a signed note, as it stands
};

std::string FormatProof(const LogProof& proof);
// INVALID_ARGUMENT naming the part that is malformed. Checks form alone: VerifyProof is next.
absl::StatusOr<LogProof> ParseProof(std::string_view text);
// OK where a key of the log signed the checkpoint and the leaf is in its tree at the proof's index. Errors as LogKeys::Open's; DATA_LOSS
// where the leaf is not there.
absl::Status VerifyProof(const LogProof& proof, std::string_view leaf, const LogKeys& log_keys);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_TLOG_PROOF_TEXT_H_
