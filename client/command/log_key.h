// The log's public key as it is given to a command, and the keys that it handed over to.
#ifndef OTOKURA_CLIENT_COMMAND_LOG_KEY_H_
#define OTOKURA_CLIENT_COMMAND_LOG_KEY_H_

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "crypto/tlog/log_keys.h"

namespace otokura::client {

// --key, required, and --hand-overs.
void AddLogKey(CLI::App* command, std::string* key, std::string* hand_overs);
// The key, and what follows it by the hand-overs in this exported log; no folder, no hand-overs.
absl::StatusOr<crypto::LogKeys> ReadLogKeys(const std::string& key, const std::string& hand_overs_folder);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_LOG_KEY_H_
