#include "client/command/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "absl/strings/str_cat.h"

namespace otokura::client {

absl::StatusOr<std::unique_ptr<OutputFile>> OutputFile::Create(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' is not a regular file; name another for --output"));
  }
  std::string temporary = absl::StrCat(path, ".part-", ::getpid());
  auto file = OpenFile(temporary, O_WRONLY | O_CREAT | O_EXCL);
  if (!file.ok()) return file.status();
  return std::unique_ptr<OutputFile>(new OutputFile(*std::move(file), std::move(temporary), path));
}

OutputFile::~OutputFile() {
  if (!committed_) ::unlink(temporary_.c_str());
}

absl::Status OutputFile::Commit() {
  if (::fsync(file_.get()) != 0) return FileError("sync", temporary_, errno);
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) return FileError("rename to", path_, errno);
  committed_ = true;
  return absl::OkStatus();
}

}  // namespace otokura::client
