// The folder that `otokura watch` takes finished files from: which are finished, and where they go.
#ifndef OTOKURA_CLIENT_COMMAND_WATCH_FOLDER_H_
#define OTOKURA_CLIENT_COMMAND_WATCH_FOLDER_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/posix_file.h"

namespace otokura::client {

// A file as it was when it was found; equal as long as nobody has written to it.
struct FileMark {
  uint64_t inode = 0;
  int64_t bytes = 0;
  int64_t modified_ns = 0;
  bool operator==(const FileMark&) const = default;
};

struct FinishedFile {
  std::string name;  // within the folder
  FileMark mark;
};

// One thread, but for Settle, which may be called from any.
class WatchFolder {
 public:
  enum class Afterwards { kMove, kDelete };

  // `done` is where sealed files go (made where absent); they must be on one file system with the folder.
  static absl::StatusOr<WatchFolder> Open(const std::string& path, const std::string& done, Afterwards afterwards);

  // Files that nobody writes to any more: closed or moved here since the last look (as far as the system tells), or unchanged over two
  // looks. Not: hidden files, sidecars, folders.
  absl::StatusOr<std::vector<FinishedFile>> Look();
  size_t files_seen() const { return seen_.size(); }  // at the last look, finished or not
  // Waits until something happened in the folder, at most so long.
  void WaitForChange(std::chrono::milliseconds at_most);

  // Takes a sealed file out of the folder, its sidecar after it, so that a crash in between leaves nothing that would be taken in again.
  // FAILED_PRECONDITION where the file has changed since it was found: then it stays.
  absl::Status SettleSealed(const FinishedFile& file, const std::string& recording_id) const;
  // Puts a file that cannot be taken into `failed`, with FILE.error.txt beside it.
  absl::Status SettleFailed(const FinishedFile& file, const absl::Status& why) const;

  std::string PathOf(const std::string& name) const { return path_ + "/" + name; }
  std::string SidecarOf(const std::string& name) const { return path_ + "/" + name + ".json"; }

 private:
  WatchFolder(std::string path, std::string done, Afterwards afterwards, FileDescriptor notices)
      : path_(std::move(path)), done_(std::move(done)), afterwards_(afterwards), notices_(std::move(notices)) {}
  std::set<std::string> ReadNotices();
  absl::Status CheckUnchanged(const FinishedFile& file) const;

  std::string path_;
  std::string done_;
  Afterwards afterwards_;
  FileDescriptor notices_;  // inotify; none where the system has none left
  std::map<std::string, FileMark> seen_;
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_WATCH_FOLDER_H_
