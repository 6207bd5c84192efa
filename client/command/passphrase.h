// A passphrase from a file, or typed.
#ifndef OTOKURA_CLIENT_COMMAND_PASSPHRASE_H_
#define OTOKURA_CLIENT_COMMAND_PASSPHRASE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/secret.h"

namespace otokura::client {

// From `file`; where that is empty, typed at the terminal, unseen, after `prompt`. FAILED_PRECONDITION where there is no terminal.
absl::StatusOr<crypto::SecretBytes> GetPassphrase(const std::string& file, std::string_view prompt);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_PASSPHRASE_H_
