#include "client/command/watch_folder.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace otokura::client {
namespace {

constexpr size_t kFilesMax = 100'000;  // a look holds every name in memory

bool MarkOf(const std::string& path, FileMark* mark) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  *mark = {.inode = info.st_ino, .bytes = info.st_size, .modified_ns = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec};
  return true;
}

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  return error ? FileError("make the folder", path, error.value()) : absl::OkStatus();
}

// Never over a file that is there already.
absl::Status Move(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return absl::OkStatus();
  return errno == EEXIST ? absl::AlreadyExistsError(absl::StrCat("'", to, "' exists")) : FileError("move", from, errno);
}

// To `to`, or where that is taken to a name that also says `tag`.
absl::Status MoveAside(const std::string& from, const std::string& to, const std::string& tag) {
  const absl::Status moved = Move(from, to);
  return absl::IsAlreadyExists(moved) ? Move(from, absl::StrCat(to, ".", tag)) : moved;
}

}  // namespace

absl::StatusOr<WatchFolder> WatchFolder::Open(const std::string& path, const std::string& done, Afterwards afterwards) {
  if (!std::filesystem::is_directory(path)) return absl::NotFoundError(absl::StrCat("'", path, "' is not a folder"));
  if (absl::Status made = afterwards == Afterwards::kMove ? MakeFolder(done) : absl::OkStatus(); !made.ok()) return made;
  FileDescriptor notices(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (notices.valid() && ::inotify_add_watch(notices.get(), path.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR) < 0) notices.Close();
  return WatchFolder(path, done, afterwards, std::move(notices));
}

std::set<std::string> WatchFolder::ReadNotices() {
  std::set<std::string> names;
  alignas(inotify_event) char buffer[16 * 1024];
  for (ssize_t got = 0; notices_.valid() && (got = ::read(notices_.get(), buffer, sizeof(buffer))) > 0;) {
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      if (event->len > 0) names.insert(event->name);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
  return names;
}

absl::StatusOr<std::vector<FinishedFile>> WatchFolder::Look() {
  const std::set<std::string> closed = ReadNotices();
  std::map<std::string, FileMark> now;
  std::vector<FinishedFile> finished;
  std::error_code error;
  for (std::filesystem::directory_iterator it(path_, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    FileMark mark;
    if (absl::StartsWith(name, ".") || absl::EndsWith(name, ".json") || !MarkOf(PathOf(name), &mark)) continue;
    if (now.size() >= kFilesMax) break;  // the rest at the next look, when these are gone
    const auto before = seen_.find(name);
    if (closed.contains(name) || (before != seen_.end() && before->second == mark)) finished.push_back({name, mark});
    now[name] = mark;
  }
  if (error) return FileError("list the folder", path_, error.value());
  seen_ = std::move(now);
  return finished;
}

void WatchFolder::WaitForChange(std::chrono::milliseconds at_most) {
  pollfd watched{.fd = notices_.get(), .events = POLLIN, .revents = 0};  // poll passes over a negative descriptor
  ::poll(&watched, 1, static_cast<int>(at_most.count()));
}

absl::Status WatchFolder::CheckUnchanged(const FinishedFile& file) const {
  FileMark mark;
  if (MarkOf(PathOf(file.name), &mark) && mark == file.mark) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("'", file.name, "' was changed while it was taken in; it stays, and is taken again"));
}

absl::Status WatchFolder::SettleSealed(const FinishedFile& file, const std::string& recording_id) const {
  if (absl::Status unchanged = CheckUnchanged(file); !unchanged.ok()) return unchanged;
  const std::string path = PathOf(file.name), sidecar = SidecarOf(file.name);
  if (afterwards_ == Afterwards::kDelete) {
    if (::unlink(path.c_str()) != 0) return FileError("delete", path, errno);
    if (::unlink(sidecar.c_str()) != 0 && errno != ENOENT) return FileError("delete", sidecar, errno);
    return absl::OkStatus();
  }
  const std::string target = done_ + "/" + file.name;
  if (absl::Status moved = MoveAside(path, target, recording_id); !moved.ok()) return moved;
  const absl::Status moved = MoveAside(sidecar, target + ".json", recording_id);
  return absl::IsNotFound(moved) ? absl::OkStatus() : moved;
}

absl::Status WatchFolder::SettleFailed(const FinishedFile& file, const absl::Status& why) const {
  if (absl::Status unchanged = CheckUnchanged(file); !unchanged.ok()) return unchanged;
  const std::string failed = path_ + "/failed";
  if (absl::Status made = MakeFolder(failed); !made.ok()) return made;
  const std::string target = failed + "/" + file.name, tag = absl::StrCat(file.mark.modified_ns);
  const std::string words = absl::StrCat(absl::StatusCodeToString(why.code()), ": ", why.message(), "\n");
  if (absl::Status said = ReplaceFile(target + ".error.txt", words); !said.ok()) return said;
  if (absl::Status moved = MoveAside(PathOf(file.name), target, tag); !moved.ok()) return moved;
  const absl::Status moved = MoveAside(SidecarOf(file.name), target + ".json", tag);
  return absl::IsNotFound(moved) ? absl::OkStatus() : moved;
}

}  // namespace otokura::client
