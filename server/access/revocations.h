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
  Revocations(std::string crl_file, std::string ca_file) : crl_file_(std::move(crl_file)), ca_file_(std::move(ca_file)) {}

  // Reads the list anew. An error keeps the list before it; once the list in force is past its next update, everyone counts as revoked
  // until a fresh one is read.
  absl::Status Reload(absl::Time now);

  // True once that certificate is revoked, as of the last Reload, for as long as the flag is held.
  std::shared_ptr<const std::atomic<bool>> Watch(const std::string& serial);
  bool stale() const;

 private:
  absl::Status Read(absl::Time now);

  const std::string crl_file_;
  const std::string ca_file_;
  absl::Mutex reload_mutex_;                            // one Reload at a time; held while files are read
  std::string crl_pem_ ABSL_GUARDED_BY(reload_mutex_);  // of the list in force
  std::string ca_pem_ ABSL_GUARDED_BY(reload_mutex_);
  mutable absl::Mutex mutex_;
  bool stale_ ABSL_GUARDED_BY(mutex_) = false;
  std::unordered_set<std::string> revoked_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::weak_ptr<std::atomic<bool>>> watched_
      ABSL_GUARDED_BY(mutex_);  // by serial; dropped at Reload once nobody holds them
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_REVOCATIONS_H_
