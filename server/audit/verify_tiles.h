// For fsck: tiles and checkpoints checked from the leaves up.
#ifndef OTOKURA_SERVER_AUDIT_VERIFY_TILES_H_
#define OTOKURA_SERVER_AUDIT_VERIFY_TILES_H_

#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "crypto/tlog/log_keys.h"
#include "server/storage/storage.h"

namespace otokura::audit {

// Derives every tile from the stored leaves again and compares it with the stored one, byte for byte; then the newest checkpoints of the
// store and of the key store (`copy_path`) with the tree at their sizes. The store must not be written meanwhile. An error means that the
// check itself could not go on.
absl::Status VerifyTiles(const storage::RecordReader& records, const crypto::LogKeys& log_keys, const std::string& copy_path,
                         absl::FunctionRef<void(std::string_view where, std::string_view problem)> problem);

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_VERIFY_TILES_H_
