#include "server/audit/anchors/file_anchor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/audit/anchors/entry_json.h"

namespace otokura::audit {
namespace {

constexpr mode_t kMode = 0640;  // so that a group of collectors can read it

absl::Status FileFailure(const char* what, const std::string& path) {
  return absl::UnavailableError(absl::StrCat(path, ": cannot ", what, ": ", std::strerror(errno)));
}

absl::Status WriteAll(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return FileFailure("be written", path);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return fdatasync(descriptor) == 0 ? absl::OkStatus() : FileFailure("be synced", path);
}

}  // namespace

FileAnchor::~FileAnchor() { Close(); }

void FileAnchor::Close() {
  if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
}

absl::Status FileAnchor::Follow() {
  if (descriptor_ >= 0) {
    struct stat open_file, named;
    if (fstat(descriptor_, &open_file) != 0) return FileFailure("be looked at", parts_.path);
    const bool same = stat(parts_.path.c_str(), &named) == 0 && named.st_dev == open_file.st_dev && named.st_ino == open_file.st_ino;
    if (same && static_cast<uint64_t>(open_file.st_size) >= size_) return absl::OkStatus();
    Close();
    parts_.replaced();
  }
  // O_NONBLOCK: nobody can hold us up by putting a pipe there.
  descriptor_ = open(parts_.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, kMode);
  if (descriptor_ < 0) return FileFailure("be opened", parts_.path);
  struct stat opened;
  if (fstat(descriptor_, &opened) != 0 || !S_ISREG(opened.st_mode)) {
    Close();
    return absl::UnavailableError(absl::StrCat(parts_.path, ": is not an ordinary file"));
  }
  size_ = static_cast<uint64_t>(opened.st_size);
  return absl::OkStatus();
}

absl::Status FileAnchor::Append(const std::string& lines) {
  if (absl::Status written = WriteAll(descriptor_, lines, parts_.path); !written.ok()) {
    // Takes half a line back, so that the next one is whole.
    if (ftruncate(descriptor_, static_cast<off_t>(size_)) != 0) Close();
    return written;
  }
  size_ += lines.size();
  return absl::OkStatus();
}

absl::StatusOr<Acknowledgement> FileAnchor::Deliver(const PublishedCheckpoint& checkpoint, const std::atomic<bool>& cancelled) {
  if (absl::Status followed = Follow(); !followed.ok()) return followed;
  if (parts_.entries) {
    const absl::Status appended = feed_.Run(checkpoint.tree_size, cancelled, [this](const std::vector<v1::AuditEntry>& entries) {
      std::string lines;
      for (const v1::AuditEntry& entry : entries) absl::StrAppend(&lines, EntryJson(entry, parts_.origin), "\n");
      return Append(lines);
    });
    if (!appended.ok()) return appended;
  }
  if (absl::Status appended = Append(CheckpointJson(checkpoint, parts_.origin) + "\n"); !appended.ok()) return appended;
  return Acknowledgement();
}

}  // namespace otokura::audit
