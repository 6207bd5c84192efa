#include "server/keys/key_store_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "crypto/random.h"

namespace otokura::keys {
namespace {

absl::Status FileError(std::string_view what, const std::string& path) {
  const int error = errno;
  const std::string text = absl::StrCat(std::string(what), " ", path, ": ", std::strerror(error));
  if (error == ENOENT) return absl::NotFoundError(text);
  if (error == EEXIST) return absl::AlreadyExistsError(text);
  if (error == ENOSPC || error == EDQUOT) return absl::ResourceExhaustedError(text);
  return absl::UnavailableError(text);
}

absl::Status WriteAndSync(int file, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError("write", path);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(file) == 0 ? absl::OkStatus() : FileError("fsync", path);
}

absl::Status SyncDirectoryOf(const std::string& path) {
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  const int file = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return FileError("open", directory);
  const int failed = fsync(file);
  const absl::Status status = failed == 0 ? absl::OkStatus() : FileError("fsync", directory);
  close(file);
  return status;
}

// `rename_flags` as of renameat2.
absl::Status WriteFile(const std::string& path, std::string_view bytes, unsigned rename_flags) {
  const std::string temporary = absl::StrCat(path, ".", absl::BytesToHexString(crypto::RandomBytes(8)), ".tmp");
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return FileError("create", temporary);
  absl::Status status = WriteAndSync(file, temporary, bytes);
  close(file);
  if (status.ok() && renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), rename_flags) != 0) status = FileError("create", path);
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  return SyncDirectoryOf(path);
}

}  // namespace

absl::Status WriteNewFile(const std::string& path, std::string_view bytes) { return WriteFile(path, bytes, RENAME_NOREPLACE); }
absl::Status ReplaceFile(const std::string& path, std::string_view bytes) { return WriteFile(path, bytes, 0); }

absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0) return FileError("open", path);
  std::string bytes(kKeyStoreFileBytesMax + 1, '\0');
  size_t size = 0;
  ssize_t got = 0;
  while (size < bytes.size() && (got = read(file, bytes.data() + size, bytes.size() - size)) != 0) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    size += static_cast<size_t>(got);
  }
  const absl::Status status = got < 0 ? FileError("read", path) : absl::OkStatus();
  close(file);
  if (!status.ok()) return status;
  if (size > kKeyStoreFileBytesMax) return absl::DataLossError(absl::StrCat(path, ": larger than any file of the key store; restore it"));
  bytes.resize(size);
  return bytes;
}

}  // namespace otokura::keys
