#include "client/spool_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "crypto/certificate.h"

namespace otokura::client {
namespace {

constexpr std::string_view kStateSuffix = ".call";
constexpr size_t kFilesMax = 1000000;  // more is not our folder, or not a folder to start from

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

absl::StatusOr<std::unique_ptr<SpoolFolder>> SpoolFolder::Open(const std::string& path, Credentials credentials, uint64_t bytes_max) {
  if (absl::Status locked = crypto::LockSecretMemory(); !locked.ok()) return locked;
  std::error_code error;
  if (std::filesystem::create_directories(path, error)) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  }
  if (error) return FileError("make the spool folder", path, error.value());
  auto lock = OpenFile(path + "/lock", O_RDWR | O_CREAT);
  if (!lock.ok()) return lock.status();
  if (::flock(lock->get(), LOCK_EX | LOCK_NB) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("spool folder '", path, "' is in use by another recorder; give each its own"));
  }
  std::unique_ptr<SpoolFolder> folder(new SpoolFolder(path, *std::move(lock), std::move(credentials), bytes_max));
  auto files = folder->Files();
  if (!files.ok()) return files.status();
  for (const std::string& file : *files) {
    if (absl::EndsWith(file, ".tmp")) ::unlink(absl::StrCat(path, "/", file).c_str());
  }
  return folder;
}

absl::StatusOr<std::vector<std::string>> SpoolFolder::Files() const {
  std::vector<std::string> files;
  std::error_code error;
  for (std::filesystem::directory_iterator it(path_, error), end; !error && it != end; it.increment(error)) {
    files.push_back(it->path().filename().string());
    if (files.size() > kFilesMax)
      return absl::FailedPreconditionError(absl::StrCat("spool folder '", path_, "' holds over ", kFilesMax, " files"));
  }
  if (error) return FileError("list the spool folder", path_, error.value());
  std::sort(files.begin(), files.end());
  return files;
}

absl::StatusOr<std::vector<std::string>> SpoolFolder::Calls() const {
  auto files = Files();
  if (!files.ok()) return files.status();
  std::vector<std::string> calls;
  for (const std::string& file : *files) {
    if (absl::EndsWith(file, View(kStateSuffix))) calls.push_back(file.substr(0, file.size() - kStateSuffix.size()));
  }
  return calls;
}

std::string SpoolFolder::StatePath(std::string_view call) const { return absl::StrCat(path_, "/", View(call), View(kStateSuffix)); }

std::string SpoolFolder::SegmentPath(std::string_view call, uint32_t number) const {
  return absl::StrCat(path_, "/", View(call), ".", number, ".audio");
}

absl::Status SpoolFolder::SetAside(std::string_view call, std::string_view suffix) const {
  auto files = Files();
  if (!files.ok()) return files.status();
  for (const std::string& file : *files) {
    const bool ours = absl::StartsWith(file, absl::StrCat(View(call), ".")) &&
                      (absl::EndsWith(file, ".audio") || absl::EndsWith(file, View(kStateSuffix)));
    if (!ours) continue;
    const std::string from = absl::StrCat(path_, "/", file);
    if (std::rename(from.c_str(), absl::StrCat(from, ".", View(suffix)).c_str()) != 0) return FileError("set aside", from, errno);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> SpoolFolder::WrapKey(const crypto::SecretBytes& key) const {
  return crypto::SealToCertificate(credentials_.certificate_pem, key);
}

absl::StatusOr<crypto::SecretBytes> SpoolFolder::UnwrapKey(std::string_view wrapped) const {
  return crypto::OpenWithKey(credentials_.certificate_pem, credentials_.private_key_pem, wrapped);
}

bool SpoolFolder::Reserve(uint64_t bytes) {
  uint64_t used = bytes_used_.load();
  do {
    if (used + bytes > bytes_max_) return false;
  } while (!bytes_used_.compare_exchange_weak(used, used + bytes));
  return true;
}

}  // namespace otokura::client
