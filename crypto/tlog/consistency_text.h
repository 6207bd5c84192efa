// Proofs, as a text that can be checked offline, that the tree of one checkpoint extends the tree of an older one. C2SP has no format for
// these; this one is laid out as c2sp.org/tlog-proof:
//
//   otokura/consistency-proof@v1
//   old <base64 of the older checkpoint, a signed note>
//   <base64 of a hash, RFC 6962 §2.1.2>
//   …
//
//   <the newer checkpoint, a signed note, as it stands>
#ifndef OTOKURA_CRYPTO_TLOG_CONSISTENCY_TEXT_H_
#define OTOKURA_CRYPTO_TLOG_CONSISTENCY_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/signed_note.h"
#include "crypto/tlog/checkpoint.h"
#include "crypto/tlog/log_keys.h"

namespace otokura::crypto {

// Two notes, one of them in base64, and 65 hashes.
inline constexpr size_t kConsistencyTextBytesMax = kNoteBytesMax * 7 / 3 + 4096;

struct ConsistencyProof {
  std::string old_checkpoint{};  // a signed note, as it stands
  std::vector<std::string> hashes{};
  std::string checkpoint{};
};

// Whether this is meant to be one: by its first line.
bool IsConsistencyProof(std::string_view text);
std::string FormatConsistencyProof(const ConsistencyProof& proof);
// INVALID_ARGUMENT naming the part that is malformed. Checks form alone.
absl::StatusOr<ConsistencyProof> ParseConsistencyProof(std::string_view text);

struct Extended {
  Checkpoint older;
  Checkpoint newer;
};
// The two checkpoints, where a key of the log signed both and the newer tree begins with the older one. Errors as LogKeys::Open's;
// DATA_LOSS where the newer does not extend the older.
absl::StatusOr<Extended> VerifyConsistencyProof(const ConsistencyProof& proof, const LogKeys& log_keys);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_TLOG_CONSISTENCY_TEXT_H_
