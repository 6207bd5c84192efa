#include <sys/stat.h>

#include <filesystem>
#include <optional>

#include "absl/strings/str_cat.h"
#include "server/otokurad/configuration_checks.h"
#include "server/otokurad/passphrase.h"

namespace otokura::gateway {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPathBytesMax = 1024;  // leaves room below PATH_MAX for what lies under a folder

bool CheckPath(const char* field, const std::string& path, ProblemList& problems) {
  const char* problem = path.empty()                  ? "is required"
                        : path.front() != '/'         ? "must be an absolute path"
                        : path.size() > kPathBytesMax ? "is over 1024 bytes"
                                                      : nullptr;
  if (problem != nullptr) problems.Add(field, problem);
  return problem == nullptr;
}

// With links followed as far as the path exists, so that no link smuggles one folder into another.
fs::path Resolved(const std::string& path) {
  std::error_code error;
  const fs::path resolved = fs::weakly_canonical(path, error);
  return (error ? fs::path(path).lexically_normal() : resolved) / "";
}

bool IsInside(const fs::path& inner, const fs::path& outer) {
  const fs::path relative = inner.lexically_relative(outer);
  return !relative.empty() && *relative.begin() != "..";
}

// The file system that holds the path, or would hold it once it is made.
std::optional<dev_t> FileSystemOf(fs::path path) {
  struct stat status;
  while (stat(path.c_str(), &status) != 0) {
    if (!path.has_relative_path()) return std::nullopt;
    path = path.parent_path();
  }
  return status.st_dev;
}

absl::Status CheckPassphraseFile(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
    return absl::NotFoundError(absl::StrCat("'", path, "' is not a readable file"));
  const bool group_reads = (status.st_mode & S_IRWXG) != 0 && status.st_gid != 0;
  if (!group_reads && (status.st_mode & S_IRWXO) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("'", path, "' can be read by others; chmod 600 it, and take a new passphrase if others may have read it"));
}

}  // namespace

void CheckFolders(const v1::GatewayConfig& config, ProblemList& problems) {
  const bool data = CheckPath("data_dir", config.data_dir(), problems);
  const bool key_store = CheckPath("key_store_dir", config.key_store_dir(), problems);
  if (!config.address_file().empty()) CheckPath("address_file", config.address_file(), problems);
  if (!data || !key_store) return;
  const fs::path data_dir = Resolved(config.data_dir());
  const fs::path key_store_dir = Resolved(config.key_store_dir());
  if (IsInside(key_store_dir, data_dir) || IsInside(data_dir, key_store_dir)) {
    problems.Add("key_store_dir", "and data_dir must not lie inside each other: a copy of the data must not carry the keys along");
  }
}

void CheckRootKey(const v1::GatewayConfig& config, ProblemList& problems) {
  const auto path = PassphrasePath(config.root_key());
  if (!path.ok()) return problems.AddUnlessOk("root_key", path.status());
  if (path->front() != '/') return problems.Add("root_key.passphrase_file", "must be an absolute path");
  const absl::Status file = CheckPassphraseFile(*path);
  if (!file.ok()) return problems.AddUnlessOk("root_key.passphrase", file);
  // Whoever takes the data's disk away must not hold its key with it.
  const std::optional<dev_t> data = FileSystemOf(config.data_dir());
  if (!config.demo() && data.has_value() && data == FileSystemOf(*path)) {
    problems.Add("root_key", absl::StrCat("the passphrase '", *path,
                                          "' lies on the data's own file system; use a systemd credential or another device"));
  }
}

}  // namespace otokura::gateway
