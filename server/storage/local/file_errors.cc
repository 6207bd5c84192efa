#include "server/storage/local/file_errors.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <system_error>

#include "absl/strings/str_cat.h"

namespace otokura::storage {

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

absl::Status FileError(int error, std::string_view what) {
  const std::string text = absl::StrCat(absl::string_view(what.data(), what.size()), ": ", std::generic_category().message(error));
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(absl::StrCat(text, "; free disk space"));
    case EMFILE:
    case ENFILE:
      return absl::ResourceExhaustedError(absl::StrCat(text, "; raise the limit on open files"));
    case ENOENT:
      return absl::NotFoundError(text);
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
    case ENOTDIR:
      return absl::FailedPreconditionError(text);
    default:
      return absl::UnavailableError(text);
  }
}

absl::StatusOr<Descriptor> OpenFileAt(int folder, const std::string& name, int flags, unsigned mode) {
  int fd;
  do {
    fd = openat(folder, name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return FileError(errno, absl::StrCat("open ", name));
  return Descriptor(fd);
}

absl::Status SyncFolderAt(int folder, const std::string& name) {
  absl::StatusOr<Descriptor> fd = OpenFileAt(folder, name, O_RDONLY | O_DIRECTORY);
  if (!fd.ok()) return fd.status();
  if (fsync(fd->get()) != 0) return FileError(errno, absl::StrCat("sync folder ", name));
  return absl::OkStatus();
}

}  // namespace otokura::storage
