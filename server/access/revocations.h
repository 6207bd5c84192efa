// Which client certificates are revoked, also while their streams are open; the transport checks only when a connection is made.
#ifndef OTOKURA_SERVER_ACCESS_REVOCATIONS_H_
#define OTOKURA_SERVER_ACCESS_REVOCATIONS_H_

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace otokura::access {

// Thread-safe.
class Revocations {
 public:
  // Without a `crl_file` nothing is ever revoked.
  Revocations(std::string crl_file, std::string ca_file)
      : crl_file_(std::move(crl_file)), ca_file_(std::move(ca_file)), is_read_(crl_file_.empty()) {}

  // Reads the list anew. An error keeps the list before it; before any list could be read, everyone is revoked. FAILED_PRECONDITION where
  // the list in force is past its next update: it still holds, and is stale.
  absl::Status Reload(absl::Time now);

  // True once the certificate is revoked, as of the last Reload, for as long as the flag is held.
  std::shared_ptr<const std::atomic<bool>> Watch(const std::string& serial);
  // Whether the list in force is past its next update, so that somebody may have been revoked whom it does not name.
  std::shared_ptr<const std::atomic<bool>> stale() const { return stale_; }

 private:
  absl::Status Read() ABSL_EXCLUSIVE_LOCKS_REQUIRED(reload_mutex_);
  bool IsRevoked(const std::string& serial) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !is_read_ || revoked_.count(serial) > 0; }

  const std::string crl_file_;
  const std::string ca_file_;
  const std::shared_ptr<std::atomic<bool>> stale_ = std::make_shared<std::atomic<bool>>(false);
  absl::Mutex reload_mutex_;                                       // one Reload at a time; held while files are read
  int64_t next_update_unix_s_ ABSL_GUARDED_BY(reload_mutex_) = 0;  // of the list in force; 0: none is
  absl::Mutex mutex_;
  bool is_read_ ABSL_GUARDED_BY(mutex_);  // some list is in force, or none is wanted
  std::unordered_set<std::string> revoked_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::weak_ptr<std::atomic<bool>>> watched_
      ABSL_GUARDED_BY(mutex_);  // by serial; dropped at Reload once nobody holds them
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_REVOCATIONS_H_
