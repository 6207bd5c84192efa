#include "client/posix_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace otokura::client {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = other.Release();
  }
  return *this;
}

void FileDescriptor::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

int FileDescriptor::Release() { return std::exchange(fd_, -1); }

absl::Status FileError(std::string_view what, std::string_view path, int error) {
  const std::string message = absl::StrCat("cannot ", View(what), " '", View(path), "': ", std::strerror(error));
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return absl::ResourceExhaustedError(message);
    default:
      return absl::UnknownError(message);
  }
}

absl::StatusOr<FileDescriptor> OpenFile(const std::string& path, int flags, unsigned mode) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) return FileError("open", path, errno);
  return FileDescriptor(fd);
}

absl::Status WriteAll(int fd, std::string_view data, std::string_view path) {
  while (!data.empty()) {
    const ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError("write", path, errno);
    data.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadAt(int fd, uint64_t offset, size_t bytes, std::string_view path) {
  std::string data(bytes, '\0');
  size_t have = 0;
  while (have < bytes) {
    const ssize_t got = ::pread(fd, data.data() + have, bytes - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError("read", path, errno);
    if (got == 0) return absl::DataLossError(absl::StrCat("'", View(path), "' ends at byte ", offset + have, "; it was longer"));
    have += static_cast<size_t>(got);
  }
  return data;
}

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t bytes_max) {
  auto file = OpenFile(path, O_RDONLY);
  if (!file.ok()) return file.status();
  struct stat info {};
  if (::fstat(file->get(), &info) != 0) return FileError("look at", path, errno);
  if (!S_ISREG(info.st_mode)) return absl::FailedPreconditionError(absl::StrCat("'", path, "' is not a regular file"));
  if (static_cast<uint64_t>(info.st_size) > bytes_max) {
    return absl::FailedPreconditionError(absl::StrCat("'", path, "' has ", info.st_size, " bytes; at most ", bytes_max, " are read"));
  }
  return ReadAt(file->get(), 0, static_cast<size_t>(info.st_size), path);
}

absl::Status ReplaceFile(const std::string& path, std::string_view content) {
  const std::string temporary = path + ".tmp";
  auto file = OpenFile(temporary, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file.ok()) return file.status();
  absl::Status written = WriteAll(file->get(), content, temporary);
  if (written.ok() && ::fsync(file->get()) != 0) written = FileError("sync", temporary, errno);
  file->Close();
  if (written.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) written = FileError("rename", temporary, errno);
  if (!written.ok()) {
    ::unlink(temporary.c_str());
    return written;
  }
  const size_t slash = path.rfind('/');
  return SyncFolder(slash == std::string::npos ? "." : path.substr(0, slash == 0 ? 1 : slash));
}

absl::Status SyncFolder(const std::string& path) {
  auto folder = OpenFile(path, O_RDONLY | O_DIRECTORY);
  if (!folder.ok()) return folder.status();
  return ::fsync(folder->get()) == 0 ? absl::OkStatus() : FileError("sync", path, errno);
}

}  // namespace otokura::client
