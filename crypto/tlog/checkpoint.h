// Checkpoints (c2sp.org/tlog-checkpoint): the head of a log as the text of a signed note.
#ifndef OTOKURA_CRYPTO_TLOG_CHECKPOINT_H_
#define OTOKURA_CRYPTO_TLOG_CHECKPOINT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/signed_note.h"

namespace otokura::crypto {

struct Checkpoint {
  std::string origin;  // which log; the name of its key too
  uint64_t tree_size = 0;
  std::string root;  // 32 bytes
  std::vector<std::string> extensions{};
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

// The text to be signed. INVALID_ARGUMENT where origin or an extension is empty or holds a newline, or the root is not 32 bytes.
absl::StatusOr<std::string> FormatCheckpoint(const Checkpoint& checkpoint);
// INVALID_ARGUMENT naming the line that is not as the specification has it.
absl::StatusOr<Checkpoint> ParseCheckpoint(std::string_view text);

// A checkpoint that this key signed for the log of its own name. Errors as OpenNote's; PERMISSION_DENIED where the origin is another.
absl::StatusOr<Checkpoint> OpenCheckpoint(std::string_view note, const NoteVerifier& log_key);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_TLOG_CHECKPOINT_H_
