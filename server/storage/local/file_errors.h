// What the operating system says about files, as the storage contract says it; and a descriptor that closes itself.
#ifndef OTOKURA_SERVER_STORAGE_LOCAL_FILE_ERRORS_H_
#define OTOKURA_SERVER_STORAGE_LOCAL_FILE_ERRORS_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace otokura::storage {

// Move-only owner of a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

// `what`: the act and the file, as in "open audio/2026/11/22". RESOURCE_EXHAUSTED for space and descriptors, NOT_FOUND, FAILED_PRECONDITION
// for rights, UNAVAILABLE for all that leaves the fate of a write unknown.
absl::Status FileError(int error, std::string_view what);

// openat with O_CLOEXEC and O_NOFOLLOW added; `name` relative to `folder` (AT_FDCWD: to nothing, an absolute path).
absl::StatusOr<Descriptor> OpenFileAt(int folder, const std::string& name, int flags, unsigned mode = 0600);
// Makes the folder's names durable.
absl::Status SyncFolderAt(int folder, const std::string& name);

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_LOCAL_FILE_ERRORS_H_
