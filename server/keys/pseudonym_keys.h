// Pseudonyms of callers and of personal search terms, by which budgets count distinct ones (DESIGN §7): keyed hashes under a key of the
// year, kept for a year after it and then destroyed, so that afterwards nobody can tell whom an old entry of the log was about.
//
//   <key store>/pseudonyms/<year>.key   PseudonymKeyFile, wrapped by the root key (crypto/FORMAT.md §3)
#ifndef OTOKURA_SERVER_KEYS_PSEUDONYM_KEYS_H_
#define OTOKURA_SERVER_KEYS_PSEUDONYM_KEYS_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "crypto/key_encryption_provider.h"
#include "crypto/secret.h"

namespace otokura::keys {

// How far ahead a year's key is made, as epoch keys are (I11 does not need it, releasing does).
inline constexpr absl::Duration kPseudonymLead = absl::Hours(7 * 24);
inline constexpr int kPseudonymYearsKept = 1;  // after the key's own: longer than any window of a budget

// Thread-safe. Years are UTC.
class PseudonymKeys {
 public:
  // Unwraps those there are. `provider` is borrowed. DATA_LOSS where one does not open.
  static absl::StatusOr<std::unique_ptr<PseudonymKeys>> Open(std::string key_store_dir, crypto::KeyEncryptionProvider* provider);

  // Makes the keys of `now` and of `now + kPseudonymLead` that are missing, and destroys those whose time is over. `announce` makes the log
  // entry of each, durable before it is done (I3): "pseudonyms 2026", made or destroyed.
  absl::Status Renew(absl::Time now, absl::FunctionRef<absl::Status(std::string_view subject, bool made)> announce);

  // 16 bytes each: under the key of the year of `now`, then under that of the year before where there is one. UNAVAILABLE where the year's
  // is not made yet. `kind` keeps apart what must not be linked.
  absl::StatusOr<std::vector<std::string>> Of(uint8_t kind, std::string_view value, absl::Time now) const;

 private:
  PseudonymKeys(std::string key_store_dir, crypto::KeyEncryptionProvider* provider)
      : key_store_dir_(std::move(key_store_dir)), provider_(provider) {}
  absl::Status Load();
  absl::Status Make(int year, absl::FunctionRef<absl::Status(std::string_view subject, bool made)> announce);
  absl::Status Destroy(int year, absl::FunctionRef<absl::Status(std::string_view subject, bool made)> announce);
  bool Has(int year) const;
  std::string PathOf(int year) const;

  const std::string key_store_dir_;
  crypto::KeyEncryptionProvider* const provider_;
  mutable absl::Mutex mutex_;
  std::map<int, crypto::SecretBytes> by_year_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace otokura::keys

#endif  // OTOKURA_SERVER_KEYS_PSEUDONYM_KEYS_H_
