#include "server/keys/log_key.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/key_wrap.h"
#include "crypto/sha256.h"
#include "crypto/tlog/log_keys.h"
#include "server/keys/key_store_file.h"

namespace otokura::keys {
namespace {

constexpr uint32_t kFileVersion = 1;
constexpr uint32_t kHandedOverVersion = 2;

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
  if (!file.ParseFromString(*bytes) || file.version() == 0)
    return absl::DataLossError(absl::StrCat(path, ": not a key file; restore it from the key backup"));
  if (file.version() == kFileVersion || file.version() == kHandedOverVersion) return file;
  return absl::FailedPreconditionError(
      absl::StrCat(path, ": version ", file.version(), ", this otokurad reads up to ", kHandedOverVersion, "; run the newer one"));
}

}  // namespace

std::string LogPublicKeyPath(const std::string& key_store_dir) { return key_store_dir + "/log.vkey"; }
std::string CheckpointCopyPath(const std::string& key_store_dir) { return key_store_dir + "/log-checkpoint"; }

absl::StatusOr<DrawnLogKey> DrawLogKey(std::string_view origin, crypto::KeyEncryptionProvider& provider) {
  absl::StatusOr<crypto::SecretBytes> seed = crypto::SecretBytes::Random(crypto::kKeyBytes);
  if (!seed.ok()) return seed.status();
  absl::StatusOr<std::string> wrapped = provider.Wrap(crypto::KeyType::kLog, OwnerId(origin), *seed);
  if (!wrapped.ok()) return wrapped.status();
  // Refuses an origin that could not name a key.
  absl::StatusOr<crypto::NoteSigner> signer = crypto::NoteSigner::Create(origin, *std::move(seed));
  if (!signer.ok()) return signer.status();
  v1::LogKeyFile file;
  file.set_version(kFileVersion);
  file.set_origin(std::string(origin));
  file.set_root_version(provider.root_version());
  file.set_wrapped_seed(*std::move(wrapped));
  return DrawnLogKey{*std::move(signer), std::move(file)};
}

absl::Status MakeLogKey(const std::string& key_store_dir, std::string_view origin, crypto::KeyEncryptionProvider& provider) {
  const absl::StatusOr<DrawnLogKey> key = DrawLogKey(origin, provider);
  return key.ok() ? WriteNewFile(KeyPath(key_store_dir), key->file.SerializeAsString()) : key.status();
}

absl::Status MakeNextLogKey(const std::string& key_store_dir, std::string_view origin, crypto::KeyEncryptionProvider& provider) {
  const absl::StatusOr<DrawnLogKey> key = DrawLogKey(origin, provider);
  return key.ok() ? ReplaceFile(NextKeyPath(key_store_dir), key->file.SerializeAsString()) : key.status();
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

absl::Status ReplaceLogKey(const std::string& key_store_dir, DrawnLogKey next, std::string hand_over) {
  const absl::StatusOr<v1::LogKeyFile> file = ReadKeyFile(KeyPath(key_store_dir));
  if (!file.ok()) return file.status();
  next.file.set_version(kHandedOverVersion);
  *next.file.mutable_hand_overs() = file->hand_overs();
  next.file.add_hand_overs(std::move(hand_over));
  const std::string bytes = next.file.SerializeAsString();
  if (next.file.hand_overs_size() > static_cast<int>(crypto::kHandOversMax) || bytes.size() > kKeyStoreFileBytesMax) {
    return absl::FailedPreconditionError(
        absl::StrCat("log key: handed over ", file->hand_overs_size(), " times already, which is all that its file takes"));
  }
  return ReplaceFile(KeyPath(key_store_dir), bytes);
}

absl::StatusOr<std::vector<std::string>> ReadLogHandOvers(const std::string& key_store_dir, const crypto::NoteSigner& signer) {
  const std::string path = KeyPath(key_store_dir);
  const absl::StatusOr<v1::LogKeyFile> file = ReadKeyFile(path);
  if (!file.ok()) return file.status();
  std::vector<std::string> hand_overs(file->hand_overs().begin(), file->hand_overs().end());
  const absl::StatusOr<crypto::NoteVerifier> newest = crypto::NoteVerifier::Parse(signer.VerifierKey());
  if (!newest.ok()) return newest.status();
  if (absl::Status whole = crypto::LogKeys::Whole(hand_overs, *newest).status(); !whole.ok()) {
    return absl::DataLossError(absl::StrCat(path, ": ", whole.message(), "; restore it from the key backup"));
  }
  return hand_overs;
}

absl::Status KeepLogPublicKey(const std::string& key_store_dir, const crypto::NoteSigner& signer) {
  const std::string line = signer.VerifierKey() + "\n";
  const absl::StatusOr<std::string> kept = ReadSmallFile(LogPublicKeyPath(key_store_dir));
  return kept.ok() && *kept == line ? absl::OkStatus() : ReplaceFile(LogPublicKeyPath(key_store_dir), line);
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
