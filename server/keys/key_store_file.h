// Files of the key store: small, written whole or not at all.
#ifndef OTOKURA_SERVER_KEYS_KEY_STORE_FILE_H_
#define OTOKURA_SERVER_KEYS_KEY_STORE_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace otokura::keys {

inline constexpr size_t kKeyStoreFileBytesMax = 64 * 1024;  // the log's key with all its hand-overs, some 700 bytes each

// Durable on return, mode 0600; ALREADY_EXISTS where there is a file of that name: keys are never overwritten.
absl::Status WriteNewFile(const std::string& path, std::string_view bytes);
// Replaces the file in one step, durably: after a crash there is the old content or the new. For what is no key, and for a key and its
// successor.
absl::Status ReplaceFile(const std::string& path, std::string_view bytes);
// NOT_FOUND; DATA_LOSS where it is larger than kKeyStoreFileBytesMax.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path);

}  // namespace otokura::keys

#endif  // OTOKURA_SERVER_KEYS_KEY_STORE_FILE_H_
