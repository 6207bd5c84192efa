// root key → epoch keys → data keys, as files of the key store and as a cache in locked memory (DESIGN §6).
//
//   <key store>/root.key             the `file` provider's root key (crypto/file_key_provider.h)
//   <key store>/site.key             SiteKeyFile
//   <key store>/epochs/<uuid>.key    EpochKeyFile
#ifndef OTOKURA_SERVER_KEYS_KEY_HIERARCHY_H_
#define OTOKURA_SERVER_KEYS_KEY_HIERARCHY_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "crypto/key_encryption_provider.h"
#include "server/keys/epoch.h"
#include "server/keys/site_keys.h"

namespace otokura::keys {

// How far ahead epoch keys are made, so that a sleeping HSM never stops a new call (I11).
inline constexpr absl::Duration kEpochLead = absl::Hours(7 * 24);

class KeyHierarchy {
 public:
  // `otokurad init`: makes the site key. ALREADY_EXISTS where there is one.
  static absl::Status Initialise(const std::string& key_store_dir, std::string_view site_id, crypto::KeyEncryptionProvider& provider);
  // Unwraps the site key and every epoch key. `provider` is borrowed and must outlive this. FAILED_PRECONDITION where the key store is
  // another site's or from a newer version, DATA_LOSS where a key does not open.
  static absl::StatusOr<std::unique_ptr<KeyHierarchy>> Open(std::string key_store_dir, std::string_view site_id,
                                                            crypto::KeyEncryptionProvider* provider);

  const SiteKeys& site() const { return site_; }

  // Makes the epochs of these classes that `now` and `now + kEpochLead` fall into and that do not exist. Returns those made: their files
  // are durable. On an error those made before it are kept. `announce` makes the log entry of each, durable before its file is (I3); its
  // error leaves the epoch unmade.
  absl::StatusOr<std::vector<std::shared_ptr<const Epoch>>> EnsureEpochs(const std::vector<std::string>& retention_classes, absl::Time now,
                                                                         absl::FunctionRef<absl::Status(const Epoch&)> announce);
  // The epoch that a recording opened at `time` belongs to. UNAVAILABLE where it is not made yet.
  absl::StatusOr<std::shared_ptr<const Epoch>> EpochAt(std::string_view retention_class, absl::Time time) const;
  // NOT_FOUND where its key is gone: what it sealed is gone (I8).
  absl::StatusOr<std::shared_ptr<const Epoch>> Find(std::string_view epoch_id) const;
  // Newest month first, then by class.
  std::vector<std::shared_ptr<const Epoch>> Live() const;

 private:
  KeyHierarchy(std::string key_store_dir, SiteKeys site, crypto::KeyEncryptionProvider* provider);
  absl::Status LoadEpochs();
  absl::StatusOr<std::shared_ptr<const Epoch>> MakeEpoch(const std::string& retention_class, absl::CivilMonth month, absl::Time now,
                                                         absl::FunctionRef<absl::Status(const Epoch&)> announce);
  void Remember(std::shared_ptr<const Epoch> epoch);

  const std::string key_store_dir_;
  const SiteKeys site_;
  crypto::KeyEncryptionProvider* const provider_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, std::shared_ptr<const Epoch>> by_id_ ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<absl::CivilMonth, std::string>, std::shared_ptr<const Epoch>> by_month_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace otokura::keys

#endif  // OTOKURA_SERVER_KEYS_KEY_HIERARCHY_H_
