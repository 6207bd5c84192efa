#include "server/otokurad/passphrase.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "crypto/file_key_provider.h"

namespace otokura::gateway {
namespace {

constexpr size_t kCredentialNameBytesMax = 255;  // a file name

bool IsCredentialName(const std::string& name) {
  return name.size() <= kCredentialNameBytesMax && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) { return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace

absl::StatusOr<std::string> PassphrasePath(const v1::RootKeyConfig& config) {
  const std::string& name = config.passphrase_credential();
  if (config.passphrase_file().empty() == name.empty()) {
    return absl::FailedPreconditionError("exactly one of passphrase_file and passphrase_credential must be set");
  }
  if (name.empty()) return config.passphrase_file();
  if (!IsCredentialName(name))
    return absl::FailedPreconditionError("passphrase_credential must be a credential's name: letters, digits, '.', '_', '-'");
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || directory[0] != '/') {
    return absl::FailedPreconditionError(
        "passphrase_credential needs $CREDENTIALS_DIRECTORY; start otokurad by systemd with LoadCredential=");
  }
  return absl::StrCat(directory, "/", name);
}

absl::StatusOr<crypto::SecretBytes> ReadPassphrase(const v1::RootKeyConfig& config) {
  auto path = PassphrasePath(config);
  if (!path.ok()) return absl::Status(path.status().code(), absl::StrCat("root_key: ", path.status().message()));
  return crypto::ReadPassphraseFile(*path);
}

}  // namespace otokura::gateway
