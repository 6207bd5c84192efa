#include "server/keys/log_key.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/key_wrap.h"
#include "crypto/sha256.h"
#include "otokura/v1/stored.pb.h"
#include "server/keys/key_store_file.h"

namespace otokura::keys {
namespace {

constexpr uint32_t kFileVersion = 1;

std::string KeyPath(const std::string& key_store_dir) { return key_store_dir + "/log.key"; }
std::string NextKeyPath(const std::string& key_store_dir) { return key_store_dir + "/log.key.next"; }

// The owner id in its wrapping: a key of one log does not open as another's.
std::string OwnerId(std::string_view origin) { return crypto::Sha256(origin).substr(0, crypto::kOwnerIdBytes); }

absl::StatusOr<v1::LogKeyFile> ReadKeyFile(const std::string& path) {
  absl::StatusOr<std::string> bytes = ReadSmallFile(path);
  if (absl::IsNotFound(bytes.status())) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, ": missing, so the log cannot be signed; restore it from the key backup, or make the site anew with otokurad init"));
  }
  if (!bytes.ok()) return bytes.status();
  v1::LogKeyFile file;
  if (!file.ParseFromString(*bytes)) return absl::DataLossError(absl::StrCat(path, ": not a key file; restore it from the key backup"));
  if (file.version() == kFileVersion) return file;
  return absl::FailedPreconditionError(
      absl::StrCat(path, ": version ", file.version(), ", this otokurad reads ", kFileVersion, "; run the newer one"));
}

}  // namespace

std::string LogPublicKeyPath(const std::string& key_store_dir) { return key_store_dir + "/log.vkey"; }
std::string CheckpointCopyPath(const std::string& key_store_dir) { return key_store_dir + "/log-checkpoint"; }

namespace {

absl::StatusOr<std::string> NewKeyFile(std::string_view origin, crypto::KeyEncryptionProvider& provider) {
  absl::StatusOr<crypto::SecretBytes> seed = crypto::SecretBytes::Random(crypto::kKeyBytes);
  if (!seed.ok()) return seed.status();
  absl::StatusOr<std::string> wrapped = provider.Wrap(crypto::KeyType::kLog, OwnerId(origin), *seed);
  if (!wrapped.ok()) return wrapped.status();
  // Refuses an origin that could not name a key.
  if (absl::Status named = crypto::NoteSigner::Create(origin, *std::move(seed)).status(); !named.ok()) return named;
  v1::LogKeyFile file;
  file.set_version(kFileVersion);
  file.set_origin(std::string(origin));
  file.set_root_version(provider.root_version());
  file.set_wrapped_seed(*std::move(wrapped));
  return file.SerializeAsString();
}

}  // namespace

absl::Status MakeLogKey(const std::string& key_store_dir, std::string_view origin, crypto::KeyEncryptionProvider& provider) {
  const absl::StatusOr<std::string> file = NewKeyFile(origin, provider);
  return file.ok() ? WriteNewFile(KeyPath(key_store_dir), *file) : file.status();
}

absl::Status MakeNextLogKey(const std::string& key_store_dir, std::string_view origin, crypto::KeyEncryptionProvider& provider) {
  const absl::StatusOr<std::string> file = NewKeyFile(origin, provider);
  return file.ok() ? ReplaceFile(NextKeyPath(key_store_dir), *file) : file.status();
}

absl::StatusOr<crypto::NoteSigner> TakeNextLogKey(const std::string& key_store_dir, crypto::KeyEncryptionProvider& provider) {
  const absl::StatusOr<std::string> next = ReadSmallFile(NextKeyPath(key_store_dir));
  if (!next.ok()) return next.status();
  if (absl::Status replaced = ReplaceFile(KeyPath(key_store_dir), *next); !replaced.ok()) return replaced;
  return OpenLogKey(key_store_dir, provider);
}

absl::Status RemoveNextLogKey(const std::string& key_store_dir) {
  const std::string path = NextKeyPath(key_store_dir);
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("unlink ", path, ": ", std::strerror(errno)));
}

absl::StatusOr<crypto::NoteSigner> OpenLogKey(const std::string& key_store_dir, crypto::KeyEncryptionProvider& provider) {
  const std::string path = KeyPath(key_store_dir);
  absl::StatusOr<v1::LogKeyFile> file = ReadKeyFile(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<crypto::SecretBytes> seed =
      provider.Unwrap(crypto::KeyType::kLog, OwnerId(file->origin()), file->root_version(), file->wrapped_seed());
  if (!seed.ok()) return absl::Status(seed.status().code(), absl::StrCat(path, ": ", seed.status().message()));
  return crypto::NoteSigner::Create(file->origin(), *std::move(seed));
}

}  // namespace otokura::keys
