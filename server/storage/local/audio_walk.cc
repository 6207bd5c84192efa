#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/storage/local/audio_files.h"
#include "server/storage/local/audio_path.h"

namespace otokura::storage {
namespace {

constexpr int kDayDepth = 3;  // YYYY/MM/DD

// The names in a folder, sorted.
absl::StatusOr<std::vector<std::string>> Names(int root, const std::string& path) {
  absl::StatusOr<Descriptor> fd = OpenFileAt(root, path.empty() ? "." : path, O_RDONLY | O_DIRECTORY);
  if (!fd.ok()) return fd.status();
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(fdopendir(fcntl(fd->get(), F_DUPFD_CLOEXEC, 0)), &closedir);
  if (folder == nullptr) return FileError(errno, absl::StrCat("list folder ", path));
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(folder.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  if (errno != 0) return FileError(errno, absl::StrCat("list folder ", path));
  std::sort(names.begin(), names.end());
  return names;
}

// The digits that a folder's name has at each depth; others are foreign.
bool IsDatePart(const std::string& name, int depth) {
  const size_t digits = depth == 0 ? 4 : 2;
  return name.size() == digits && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

class Walk {
 public:
  Walk(int root, absl::FunctionRef<bool(const AudioObjectId&, uint64_t)> object, absl::FunctionRef<void(std::string_view)> foreign)
      : root_(root), object_(object), foreign_(foreign) {}

  // Year, month and day sort as the ids do, so folder by folder is id order.
  absl::Status Folder(const std::string& path, int depth) {
    absl::StatusOr<std::vector<std::string>> names = Names(root_, path);
    if (!names.ok()) return names.status();
    if (depth == kDayDepth) return Day(path, *names);
    for (const std::string& name : *names) {
      const std::string below = path.empty() ? name : absl::StrCat(path, "/", name);
      struct stat found {};
      if (fstatat(root_, below.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) return FileError(errno, absl::StrCat("stat ", below));
      if (!S_ISDIR(found.st_mode) || !IsDatePart(name, depth)) {
        foreign_(below);
        continue;
      }
      if (absl::Status status = Folder(below, depth + 1); !status.ok() || stopped_) return status;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Day(const std::string& day, const std::vector<std::string>& names) {
    std::vector<std::pair<AudioObjectId, uint64_t>> objects;
    for (const std::string& name : names) {
      const std::string path = absl::StrCat(day, "/", name);
      struct stat found {};
      if (fstatat(root_, path.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) continue;  // deleted meanwhile
        return FileError(errno, absl::StrCat("stat ", path));
      }
      const std::optional<AudioObjectId> object = ParseAudioPath(path);
      if (object && S_ISREG(found.st_mode)) {
        objects.emplace_back(*object, static_cast<uint64_t>(found.st_size));
      } else {
        foreign_(path);
      }
    }
    std::sort(objects.begin(), objects.end());  // by part number, not by its text
    for (const auto& [object, size] : objects) {
      if (stopped_ = !object_(object, size); stopped_) break;
    }
    return absl::OkStatus();
  }

  const int root_;
  absl::FunctionRef<bool(const AudioObjectId&, uint64_t)> object_;
  absl::FunctionRef<void(std::string_view)> foreign_;
  bool stopped_ = false;
};

}  // namespace

absl::Status AudioFiles::List(absl::FunctionRef<bool(const AudioObjectId&, uint64_t)> object,
                              absl::FunctionRef<void(std::string_view)> foreign) const {
  return Walk(root_.get(), object, foreign).Folder("", 0);
}

}  // namespace otokura::storage
