// The folder that one Recorder keeps unacknowledged audio in, its lock, its budget and its key.
#ifndef OTOKURA_CLIENT_SPOOL_FOLDER_H_
#define OTOKURA_CLIENT_SPOOL_FOLDER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/credentials.h"
#include "client/posix_file.h"
#include "crypto/secret.h"

namespace otokura::client {

// Methods are safe from any thread.
class SpoolFolder {
 public:
  // Makes the folder where it is absent (mode 0700) and locks it: FAILED_PRECONDITION where another Recorder has it. Removes what an
  // interrupted write left under a temporary name.
  static absl::StatusOr<std::unique_ptr<SpoolFolder>> Open(const std::string& path, Credentials credentials, uint64_t bytes_max);

  const std::string& path() const { return path_; }
  // Names of the calls that have a state file.
  absl::StatusOr<std::vector<std::string>> Calls() const;
  std::string StatePath(std::string_view call) const;
  std::string SegmentPath(std::string_view call, uint32_t number) const;

  // Renames every file of a call so that nothing finds it any more but a person: `<file>.<suffix>`.
  absl::Status SetAside(std::string_view call, std::string_view suffix) const;

  // The call's key, to and from the recorder's own certificate.
  absl::StatusOr<std::string> WrapKey(const crypto::SecretBytes& key) const;
  absl::StatusOr<crypto::SecretBytes> UnwrapKey(std::string_view wrapped) const;

  // Takes `bytes` of the budget over all calls; false, and nothing taken, where they are not left.
  bool Reserve(uint64_t bytes);
  void Release(uint64_t bytes) { bytes_used_.fetch_sub(bytes); }
  void CountExisting(uint64_t bytes) { bytes_used_.fetch_add(bytes); }  // found at a restart; may pass the budget
  uint64_t bytes_used() const { return bytes_used_.load(); }

 private:
  SpoolFolder(std::string path, FileDescriptor lock, Credentials credentials, uint64_t bytes_max)
      : path_(std::move(path)), lock_(std::move(lock)), credentials_(std::move(credentials)), bytes_max_(bytes_max) {}
  absl::StatusOr<std::vector<std::string>> Files() const;

  const std::string path_;
  const FileDescriptor lock_;
  const Credentials credentials_;
  const uint64_t bytes_max_;
  std::atomic<uint64_t> bytes_used_{0};
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_SPOOL_FOLDER_H_
