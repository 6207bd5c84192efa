// The request by which a log asks a witness to cosign (c2sp.org/tlog-witness, add-checkpoint).
#ifndef OTOKURA_CRYPTO_TLOG_ADD_CHECKPOINT_H_
#define OTOKURA_CRYPTO_TLOG_ADD_CHECKPOINT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace otokura::crypto {

inline constexpr size_t kConsistencyHashesMax = 63;                           // of the specification
inline constexpr std::string_view kTreeSizeContentType = "text/x.tlog.size";  // of an answer that tells the witness's size

struct AddCheckpoint {
  uint64_t old_size = 0;
  std::vector<std::string> consistency{};  // 32 bytes each; none where old_size is 0 or the checkpoint's own
  std::string checkpoint{};                // a signed note
};

std::string FormatAddCheckpoint(const AddCheckpoint& request);
// INVALID_ARGUMENT naming the part that is malformed. The checkpoint is not looked into.
absl::StatusOr<AddCheckpoint> ParseAddCheckpoint(std::string_view text);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_TLOG_ADD_CHECKPOINT_H_
