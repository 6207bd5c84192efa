// What a witness keeps (WITNESS.md): its key, and of each log that it knows the key and the newest checkpoint that it cosigned.
//
//   witness.key          made by `otokura witness init`
//   logs/<hash>.log      the log's verifier key and its hand-overs, an empty line, and the checkpoint; nothing there before the first one
#ifndef OTOKURA_CLIENT_WITNESS_WITNESS_FOLDER_H_
#define OTOKURA_CLIENT_WITNESS_WITNESS_FOLDER_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/posix_file.h"
#include "crypto/signed_note.h"
#include "crypto/tlog/checkpoint.h"
#include "crypto/tlog/cosignature.h"
#include "crypto/tlog/log_keys.h"

namespace otokura::client {

// A log, and the newest checkpoint of it that was cosigned: of size 0 where there is none.
struct KnownLog {
  std::string verifier_key;               // as it was made known
  crypto::LogKeys keys;                   // it, and those that it handed over to
  std::vector<std::string> hand_overs{};  // the notes
  crypto::Checkpoint cosigned{};
  std::string note{};  // of what was cosigned, as it came
};

class WitnessFolder {
 public:
  explicit WitnessFolder(std::string path) : path_(std::move(path)) {}

  // Makes the folder with a fresh key. ALREADY_EXISTS where there is one. Needs crypto::LockSecretMemory, as OpenKey does.
  absl::Status Create(std::string_view name) const;
  absl::StatusOr<crypto::CosignatureSigner> OpenKey() const;
  // Held for as long as the descriptor is open: two that cosign from one folder would each forget what the other did. FAILED_PRECONDITION
  // where another process, or this one, holds it.
  absl::StatusOr<FileDescriptor> Lock() const;

  // ALREADY_EXISTS where a log of that origin is known.
  absl::Status AddLog(const std::string& verifier_key) const;
  // Follows those of these hand-overs (crypto/tlog/log_keys.h) that come next; how many they were. NOT_FOUND where no log of their origin
  // is known.
  absl::StatusOr<size_t> FollowKey(const std::vector<std::string>& hand_overs) const;
  // DATA_LOSS where what is kept of one is not what its key signed.
  absl::StatusOr<std::vector<KnownLog>> ReadLogs() const;
  // Durable on return, in one step.
  absl::Status Keep(const KnownLog& log, std::string_view checkpoint_note) const;

 private:
  std::string KeyPath() const { return path_ + "/witness.key"; }
  std::string LogPath(std::string_view origin) const;
  absl::StatusOr<KnownLog> ReadLog(const std::string& path) const;

  const std::string path_;
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_WITNESS_WITNESS_FOLDER_H_
