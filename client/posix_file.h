// Files as they must be written where a restart depends on them. Errors name the path and the system's reason.
#ifndef OTOKURA_CLIENT_POSIX_FILE_H_
#define OTOKURA_CLIENT_POSIX_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace otokura::client {

// An open file descriptor, closed on destruction.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.Release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor() { Close(); }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  void Close();

 private:
  int Release();
  int fd_ = -1;
};

// The status of a failed system call: NOT_FOUND, PERMISSION_DENIED, RESOURCE_EXHAUSTED (space, memory, open files) or UNKNOWN.
absl::Status FileError(std::string_view what, std::string_view path, int error);

absl::StatusOr<FileDescriptor> OpenFile(const std::string& path, int flags, unsigned mode = 0600);
absl::Status WriteAll(int fd, std::string_view data, std::string_view path);
// Reads `bytes` at `offset`; DATA_LOSS where the file ends before.
absl::StatusOr<std::string> ReadAt(int fd, uint64_t offset, size_t bytes, std::string_view path);
// The whole of a file of at most `bytes_max`; FAILED_PRECONDITION where it is larger.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t bytes_max);

// Replaces `path` in one step: after a crash there is the old content or the new. Temporary name: `path` + ".tmp".
absl::Status ReplaceFile(const std::string& path, std::string_view content);
absl::Status SyncFolder(const std::string& path);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_POSIX_FILE_H_
