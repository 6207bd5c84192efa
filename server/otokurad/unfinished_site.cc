#include "server/otokurad/unfinished_site.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/otokurad/store.h"

namespace otokura::gateway {
namespace {

namespace fs = std::filesystem;

absl::Status SystemError(const std::string& path, int error) {
  return absl::FailedPreconditionError(absl::StrCat("'", path, "': ", std::strerror(error)));
}

absl::Status SyncFolder(const std::string& path) {
  const int folder = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return SystemError(path, errno);
  const int result = fsync(folder);
  const int error = errno;
  close(folder);
  return result == 0 ? absl::OkStatus() : SystemError(path, error);
}

absl::Status MakeMark(const std::string& path) {
  const int mark = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (mark < 0) return SystemError(path, errno);
  close(mark);
  return SyncFolder(fs::path(path).parent_path());
}

}  // namespace

absl::StatusOr<UnfinishedSite> UnfinishedSite::Create(const v1::GatewayConfig& config) {
  std::error_code ignored;
  if (fs::exists(UnfinishedMarkPath(config), ignored)) {
    return absl::FailedPreconditionError(absl::StrCat("an earlier init was interrupted; remove '", config.data_dir(), "' and '",
                                                      config.key_store_dir(), "' and run otokurad init again"));
  }
  UnfinishedSite site(UnfinishedMarkPath(config));
  if (absl::Status taken = site.Take("key_store_dir", config.key_store_dir()); !taken.ok()) return taken;
  // Before anything else, so that whatever a kill leaves behind is known as unfinished.
  if (absl::Status marked = MakeMark(site.mark_path_); !marked.ok()) return marked;
  if (absl::Status taken = site.Take("data_dir", config.data_dir()); !taken.ok()) return taken;
  return site;
}

UnfinishedSite::UnfinishedSite(UnfinishedSite&& other) noexcept
    : mark_path_(std::move(other.mark_path_)), folders_(std::exchange(other.folders_, {})) {}

UnfinishedSite::~UnfinishedSite() {
  std::error_code ignored;
  for (const Folder& folder : folders_) {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder.path, ignored)) fs::remove_all(entry.path(), ignored);
    if (folder.made) fs::remove(folder.path, ignored);
  }
}

absl::Status UnfinishedSite::Take(const char* field, const std::string& path) {
  std::error_code error;
  Folder folder{path, !fs::exists(path, error)};
  fs::create_directories(path, error);
  if (error) return absl::FailedPreconditionError(absl::StrCat(field, " '", path, "' cannot be made: ", error.message()));
  if (!fs::is_empty(path, error) || error) {
    return absl::FailedPreconditionError(
        absl::StrCat(field, " '", path, "' is not an empty folder; name another one, or remove it if nothing in it is needed"));
  }
  folders_.push_back(folder);
  if (chmod(path.c_str(), S_IRWXU) != 0) return SystemError(path, errno);
  return absl::OkStatus();
}

absl::Status UnfinishedSite::Finish() && {
  std::error_code error;
  fs::remove(mark_path_, error);
  if (error) return absl::FailedPreconditionError(absl::StrCat("'", mark_path_, "' cannot be removed: ", error.message()));
  if (absl::Status synced = SyncFolder(fs::path(mark_path_).parent_path()); !synced.ok()) return synced;
  folders_.clear();
  return absl::OkStatus();
}

}  // namespace otokura::gateway
