#include "client/command/log_key.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/log_folder.h"

namespace otokura::client {

void AddLogKey(CLI::App* command, std::string* key, std::string* hand_overs) {
  command->add_option("--key", *key, "the log's public key, as `otokura audit key` and `otokurad init` print it")->required();
  command->add_option("--hand-overs", *hand_overs, "an exported log: follow the hand-overs in it from that key to the newest");
}

absl::StatusOr<crypto::LogKeys> ReadLogKeys(const std::string& key, const std::string& hand_overs_folder) {
  absl::StatusOr<crypto::NoteVerifier> first = crypto::NoteVerifier::Parse(key);
  if (!first.ok()) return absl::InvalidArgumentError(absl::StrCat("--key: ", first.status().message()));
  crypto::LogKeys keys(*std::move(first));
  if (hand_overs_folder.empty()) return keys;
  const absl::StatusOr<std::vector<std::string>> hand_overs = LogFolder(hand_overs_folder).ReadHandOvers();
  if (!hand_overs.ok()) return hand_overs.status();
  if (absl::Status followed = keys.FollowAll(*hand_overs); !followed.ok()) return followed;
  return keys;
}

}  // namespace otokura::client
