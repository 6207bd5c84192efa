#include "client/command/export_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <set>

#include "absl/strings/str_cat.h"
#include "client/posix_file.h"
#include "crypto/sha256.h"
#include "crypto/signed_note.h"

namespace otokura::client {
namespace {

namespace fs = std::filesystem;

constexpr char kManifest[] = "manifest";
constexpr char kClaim[] = ".export";
constexpr size_t kClaimBytesMax = 64;  // an id and a newline
constexpr size_t kReadBytes = size_t{1} << 20;

absl::Status NotAsItSays(const std::string& name, const char* why) { return absl::DataLossError(absl::StrCat("'", name, "' ", why)); }

absl::StatusOr<std::string> DigestOf(int file, uint64_t bytes, const std::string& path) {
  crypto::Sha256Stream digest;
  for (uint64_t at = 0; at < bytes; at += kReadBytes) {
    absl::StatusOr<std::string> piece = ReadAt(file, at, static_cast<size_t>(std::min<uint64_t>(kReadBytes, bytes - at)), path);
    if (!piece.ok()) return piece.status();
    digest.Update(*piece);
  }
  return digest.Digest();
}

absl::StatusOr<std::set<std::string>> NamesIn(const std::string& path) {
  std::set<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(path, error); !error && entry != fs::directory_iterator(); entry.increment(error)) {
    names.insert(entry->path().filename().string());
  }
  if (error) return FileError("read", path, error.value());
  return names;
}

}  // namespace

absl::Status ExportFolder::Claim(const std::string& export_id) const {
  const std::string claim = absl::StrCat(path_, "/", kClaim), wanted = export_id + "\n";
  if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) return FileError("make", path_, errno);
  absl::StatusOr<std::string> there = ReadFile(claim, kClaimBytesMax);
  if (there.ok() && *there == wanted) return absl::OkStatus();
  if (there.ok()) return absl::FailedPreconditionError(absl::StrCat("'", path_, "' is the folder of another export; name one of its own"));
  if (!absl::IsNotFound(there.status())) return there.status();
  const absl::StatusOr<std::set<std::string>> names = NamesIn(path_);
  if (!names.ok()) return names.status();
  if (!names->empty())
    return absl::FailedPreconditionError(absl::StrCat("'", path_, "' is not empty, and not the folder of an export; name a new one"));
  return ReplaceFile(claim, wanted);
}

absl::StatusOr<bool> ExportFolder::Has(const std::string& recording_id, uint64_t bytes, const std::string& sha256) const {
  const std::string path = absl::StrCat(path_, "/", exports::ObjectFileName(recording_id));
  absl::StatusOr<FileDescriptor> file = OpenFile(path, O_RDONLY | O_NOFOLLOW);
  if (absl::IsNotFound(file.status())) return false;
  if (!file.ok()) return file.status();
  struct stat info {};
  if (::fstat(file->get(), &info) != 0) return FileError("look at", path, errno);
  if (!S_ISREG(info.st_mode) || static_cast<uint64_t>(info.st_size) != bytes) return false;
  absl::StatusOr<std::string> digest = DigestOf(file->get(), bytes, path);
  if (!digest.ok()) return digest.status();
  return *digest == sha256;
}

std::string ExportFolder::UnfinishedPath(const std::string& recording_id) const {
  return absl::StrCat(path_, "/.", exports::ObjectFileName(recording_id), ".partial");
}

absl::Status ExportFolder::Keep(const std::string& recording_id) const {
  const std::string path = absl::StrCat(path_, "/", exports::ObjectFileName(recording_id));
  if (std::rename(UnfinishedPath(recording_id).c_str(), path.c_str()) != 0) return FileError("rename to", path, errno);
  return SyncFolder(path_);
}

absl::Status ExportFolder::WriteManifest(std::string_view note) const { return ReplaceFile(absl::StrCat(path_, "/", kManifest), note); }

absl::Status ExportFolder::CheckObjects(const exports::Manifest& manifest) const {
  for (const exports::ManifestObject& object : manifest.objects) {
    absl::StatusOr<bool> has = Has(object.recording_id, object.bytes, object.sha256);
    if (!has.ok()) return has.status();
    if (!*has) return NotAsItSays(exports::ObjectFileName(object.recording_id), "is missing, or not what the manifest says; take it again");
  }
  return absl::OkStatus();
}

absl::Status ExportFolder::CheckNothingElse(const exports::Manifest& manifest) const {
  absl::StatusOr<std::set<std::string>> names = NamesIn(path_);
  if (!names.ok()) return names.status();
  names->erase(kManifest);
  names->erase(kClaim);
  for (const exports::ManifestObject& object : manifest.objects) names->erase(exports::ObjectFileName(object.recording_id));
  return names->empty() ? absl::OkStatus() : NotAsItSays(*names->begin(), "is in the folder, and not in the manifest");
}

absl::StatusOr<exports::Manifest> ExportFolder::Verify(const crypto::LogKeys& keys) const {
  const absl::StatusOr<std::string> note = ReadFile(absl::StrCat(path_, "/", kManifest), crypto::kNoteBytesMax);
  if (!note.ok()) return note.status();
  const absl::StatusOr<crypto::OpenedNote> opened = crypto::OpenNote(*note, keys.keys());
  if (!opened.ok()) return opened.status();
  absl::StatusOr<exports::Manifest> manifest = exports::ParseManifest(opened->text);
  if (!manifest.ok()) return manifest;
  if (manifest->log != keys.name()) return NotAsItSays(kManifest, "is of another log than the key");
  if (absl::Status objects = CheckObjects(*manifest); !objects.ok()) return objects;
  if (absl::Status rest = CheckNothingElse(*manifest); !rest.ok()) return rest;
  return manifest;
}

}  // namespace otokura::client
