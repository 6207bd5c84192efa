#include "client/log_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "client/posix_file.h"
#include "crypto/signed_note.h"
#include "crypto/tlog/entry_bundle.h"
#include "crypto/tlog/log_keys.h"

namespace otokura::client {
namespace {

namespace fs = std::filesystem;

constexpr size_t kTileFileBytesMax = crypto::kTileHashes * (crypto::kEntryLengthBytes + crypto::kEntryBytesMax);  // a bundle of the longest

absl::Status FolderError(std::string_view what, const std::string& path, const std::error_code& error) {
  return FileError(what, path, error.value());
}

}  // namespace

absl::Status LogFolder::Create() const {
  std::error_code error;
  fs::create_directories(path_, error);
  return error ? FolderError("make", path_, error) : absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> LogFolder::ReadCheckpoint() const {
  absl::StatusOr<std::string> note = ReadFile(path_ + "/checkpoint", crypto::kNoteBytesMax);
  if (absl::IsNotFound(note.status())) return std::optional<std::string>();
  if (!note.ok()) return note.status();
  return std::optional<std::string>(*std::move(note));
}

absl::Status LogFolder::WriteCheckpoint(std::string_view note) const {
  absl::StatusOr<FileDescriptor> folder = OpenFile(path_, O_RDONLY | O_DIRECTORY);
  if (!folder.ok()) return folder.status();
  // One call for all tiles instead of one a file: an export may have written a hundred thousand.
  if (::syncfs(folder->get()) != 0) return FileError("sync", path_, errno);
  return ReplaceFile(path_ + "/checkpoint", note);
}

absl::StatusOr<std::vector<std::string>> LogFolder::ReadHandOvers() const {
  std::vector<std::string> notes;
  for (;;) {
    absl::StatusOr<std::string> note = ReadFile(absl::StrCat(path_, "/hand-over/", notes.size() + 1), crypto::kHandOverBytesMax);
    if (absl::IsNotFound(note.status())) return notes;
    if (!note.ok()) return note.status();
    if (notes.size() == crypto::kHandOversMax) {
      return absl::FailedPreconditionError(absl::StrCat("'", path_, "/hand-over' holds more than ", crypto::kHandOversMax, " files"));
    }
    notes.push_back(*std::move(note));
  }
}

absl::Status LogFolder::WriteHandOvers(const std::vector<std::string>& notes) const {
  std::error_code error;
  if (!notes.empty()) fs::create_directories(path_ + "/hand-over", error);
  if (error) return FolderError("make", path_ + "/hand-over", error);
  for (size_t i = 0; i < notes.size(); ++i) {
    if (absl::Status written = ReplaceFile(absl::StrCat(path_, "/hand-over/", i + 1), notes[i]); !written.ok()) return written;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> LogFolder::ReadTile(const crypto::TileCoordinates& tile) const {
  return ReadFile(absl::StrCat(path_, "/", crypto::TilePath(tile)), kTileFileBytesMax);
}

absl::Status LogFolder::WriteTile(const crypto::TileCoordinates& tile, std::string_view bytes) const {
  const std::string path = absl::StrCat(path_, "/", crypto::TilePath(tile));
  const std::string temporary = path + ".tmp";
  absl::StatusOr<FileDescriptor> file = OpenFile(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (absl::IsNotFound(file.status())) {
    std::error_code error;
    fs::create_directories(fs::path(path).parent_path(), error);
    if (error) return FolderError("make the folder of", path, error);
    file = OpenFile(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  }
  if (!file.ok()) return file.status();
  if (absl::Status written = WriteAll(file->get(), bytes, temporary); !written.ok()) return written;
  return std::rename(temporary.c_str(), path.c_str()) == 0 ? absl::OkStatus() : FileError("rename", temporary, errno);
}

absl::Status LogFolder::RemovePartials(int level, uint64_t index) const {
  std::error_code error;
  const std::string path = absl::StrCat(path_, "/", crypto::TilePath({level, index, crypto::kTileHashes}), ".p");
  fs::remove_all(path, error);
  return error ? FolderError("remove", path, error) : absl::OkStatus();
}

absl::Status LogFolder::ForEachFile(const std::function<void(const std::string& path)>& file) const {
  std::error_code error;
  fs::recursive_directory_iterator entry(path_ + "/tile", error);
  if (error == std::errc::no_such_file_or_directory) return absl::OkStatus();  // the empty log has no tiles
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (!entry->is_directory(ignored) || entry->is_symlink(ignored)) file(entry->path().string().substr(path_.size() + 1));
  }
  return error ? FolderError("read", path_, error) : absl::OkStatus();
}

}  // namespace otokura::client
