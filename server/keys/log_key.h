// The key that signs the log's checkpoints, wrapped in the key store as the site key is (crypto/FORMAT.md §3).
//
//   <key store>/log.key          LogKeyFile: the newest key, and how the log came to it from the first
//   <key store>/log.vkey         its public half, a verifier key (c2sp.org/signed-note): what to give to auditors
//   <key store>/log-checkpoint   the newest checkpoint as it was published: a copy outside data_dir and its backups
//   (server/audit/publisher.h)
#ifndef OTOKURA_SERVER_KEYS_LOG_KEY_H_
#define OTOKURA_SERVER_KEYS_LOG_KEY_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/key_encryption_provider.h"
#include "crypto/signed_note.h"
#include "otokura/v1/stored.pb.h"

namespace otokura::keys {

// `otokurad init`: makes the key of a log that has this origin. ALREADY_EXISTS where there is one.
absl::Status MakeLogKey(const std::string& key_store_dir, std::string_view origin, crypto::KeyEncryptionProvider& provider);
// A key that is kept nowhere yet, with what would keep it.
struct DrawnLogKey {
  crypto::NoteSigner signer;
  v1::LogKeyFile file;
};
absl::StatusOr<DrawnLogKey> DrawLogKey(std::string_view origin, crypto::KeyEncryptionProvider& provider);
// Puts `next` in the place of the key that handed over to it, and the hand-over (crypto/tlog/log_keys.h) behind those before it, in one
// step: after a crash one of the two keys is in force.
absl::Status ReplaceLogKey(const std::string& key_store_dir, DrawnLogKey next, std::string hand_over);
// The hand-overs that lead from the log's first key to this one, oldest first. DATA_LOSS where they do not.
absl::StatusOr<std::vector<std::string>> ReadLogHandOvers(const std::string& key_store_dir, const crypto::NoteSigner& signer);
// Has log.vkey hold this key's public half.
absl::Status KeepLogPublicKey(const std::string& key_store_dir, const crypto::NoteSigner& signer);
// FAILED_PRECONDITION where there is none, or one of a newer version; DATA_LOSS where it does not open.
absl::StatusOr<crypto::NoteSigner> OpenLogKey(const std::string& key_store_dir, crypto::KeyEncryptionProvider& provider);

// A key of a log that follows this one, beside the one in force (<key store>/log.key.next); what lay there before is replaced.
absl::Status MakeNextLogKey(const std::string& key_store_dir, std::string_view origin, crypto::KeyEncryptionProvider& provider);
// Puts it in the place of the one in force, in one step, and leaves it where it lay too. NOT_FOUND where there is none.
absl::StatusOr<crypto::NoteSigner> TakeNextLogKey(const std::string& key_store_dir, crypto::KeyEncryptionProvider& provider);
absl::Status RemoveNextLogKey(const std::string& key_store_dir);  // OK where there is none

std::string LogPublicKeyPath(const std::string& key_store_dir);
std::string CheckpointCopyPath(const std::string& key_store_dir);

}  // namespace otokura::keys

#endif  // OTOKURA_SERVER_KEYS_LOG_KEY_H_
