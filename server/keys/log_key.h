// The key that signs the log's checkpoints, wrapped in the key store as the site key is (crypto/FORMAT.md §3).
//
//   <key store>/log.key          LogKeyFile
//   <key store>/log.vkey         its public half, a verifier key (c2sp.org/signed-note): what to give to auditors
//   <key store>/log-checkpoint   the newest checkpoint as it was published: a copy outside data_dir and its backups
//   (server/audit/publisher.h)
#ifndef OTOKURA_SERVER_KEYS_LOG_KEY_H_
#define OTOKURA_SERVER_KEYS_LOG_KEY_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/key_encryption_provider.h"
#include "crypto/signed_note.h"

namespace otokura::keys {

// `otokurad init`: makes the key of a log that has this origin. ALREADY_EXISTS where there is one.
absl::Status MakeLogKey(const std::string& key_store_dir, std::string_view origin, crypto::KeyEncryptionProvider& provider);
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
