#include "server/keys/key_hierarchy.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "crypto/key_wrap.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "otokura/v1/stored.pb.h"
#include "server/keys/key_store_file.h"

namespace otokura::keys {
namespace {

constexpr uint32_t kFileVersion = 1;
constexpr size_t kEpochIdBytes = 16;
constexpr size_t kEpochsMax = 65536;  // 16 classes over 340 years: more is a broken key store

std::string SitePath(const std::string& dir) { return dir + "/site.key"; }
std::string EpochsDir(const std::string& dir) { return dir + "/epochs"; }

// The site key's owner id in its wrapping: 16 bytes that only this site's id yields.
std::string SiteOwner(std::string_view site_id) { return crypto::Sha256(site_id).substr(0, crypto::kOwnerIdBytes); }

// The epoch key's owner id in its wrapping: nobody who can write the key store makes a key serve another class or month by renaming what it
// says of itself.
std::string EpochOwner(const v1::EpochKeyFile& file) {
  std::string place = "otokura/v1/epoch";
  place.push_back('\0');
  place += file.epoch_id();
  for (const int shift : {24, 16, 8, 0}) place.push_back(static_cast<char>(static_cast<uint32_t>(file.year()) >> shift));
  place.push_back(static_cast<char>(file.month()));
  place += file.retention_class();
  return crypto::Sha256(place).substr(0, crypto::kOwnerIdBytes);
}

std::string Hyphenated(std::string_view id) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < id.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    const auto byte = static_cast<unsigned char>(id[i]);
    text.push_back(kHex[byte >> 4]);
    text.push_back(kHex[byte & 15]);
  }
  return text;
}

std::string EpochFileName(std::string_view id) { return Hyphenated(id) + ".key"; }

template <typename File>
absl::StatusOr<File> ReadKeyFile(const std::string& path) {
  auto bytes = ReadSmallFile(path);
  if (!bytes.ok()) return bytes.status();
  File file;
  if (!file.ParseFromString(*bytes) || file.version() == 0)
    return absl::DataLossError(absl::StrCat(path, ": not a key file; restore it from the key backup"));
  if (file.version() != kFileVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": version ", file.version(), ", this otokurad reads ", kFileVersion, "; run the newer one"));
  }
  return file;
}

absl::StatusOr<Epoch> OpenEpoch(const std::string& path, crypto::KeyEncryptionProvider& provider) {
  auto file = ReadKeyFile<v1::EpochKeyFile>(path);
  if (!file.ok()) return file.status();
  if (file->epoch_id().size() != kEpochIdBytes || file->month() < 1 || file->month() > 12) {
    return absl::DataLossError(absl::StrCat(path, ": not an epoch key; restore it from the key backup"));
  }
  auto key = provider.Unwrap(crypto::KeyType::kEpoch, EpochOwner(*file), file->root_version(), file->wrapped_key());
  if (!key.ok()) return absl::Status(key.status().code(), absl::StrCat(path, ": ", key.status().message()));
  // What destroys or restores an epoch goes by the name.
  if (!absl::EndsWith(path, "/" + EpochFileName(file->epoch_id()))) {
    return absl::DataLossError(
        absl::StrCat(path, ": holds the key of another epoch; name it ", EpochFileName(file->epoch_id()), ", or remove the copy"));
  }
  return Epoch::Create(file->epoch_id(), file->retention_class(), absl::CivilMonth(file->year(), file->month()), *key);
}

}  // namespace

absl::Status KeyHierarchy::Initialise(const std::string& key_store_dir, std::string_view site_id, crypto::KeyEncryptionProvider& provider) {
  auto key = crypto::SecretBytes::Random(crypto::kKeyBytes);
  if (!key.ok()) return key.status();
  auto wrapped = provider.Wrap(crypto::KeyType::kSite, SiteOwner(site_id), *key);
  if (!wrapped.ok()) return wrapped.status();
  v1::SiteKeyFile file;
  file.set_version(kFileVersion);
  file.set_site_id(std::string(site_id));
  file.set_root_version(provider.root_version());
  file.set_wrapped_key(*std::move(wrapped));
  std::error_code error;
  std::filesystem::create_directory(EpochsDir(key_store_dir), error);
  if (error) return absl::UnavailableError(absl::StrCat("key_store_dir: ", EpochsDir(key_store_dir), ": ", error.message()));
  std::filesystem::permissions(EpochsDir(key_store_dir), std::filesystem::perms::owner_all, error);
  return WriteNewFile(SitePath(key_store_dir), file.SerializeAsString());
}

KeyHierarchy::KeyHierarchy(std::string key_store_dir, SiteKeys site, crypto::KeyEncryptionProvider* provider)
    : key_store_dir_(std::move(key_store_dir)), site_(std::move(site)), provider_(provider) {}

absl::StatusOr<std::unique_ptr<KeyHierarchy>> KeyHierarchy::Open(std::string key_store_dir, std::string_view site_id,
                                                                 crypto::KeyEncryptionProvider* provider) {
  auto file = ReadKeyFile<v1::SiteKeyFile>(SitePath(key_store_dir));
  if (!file.ok()) return file.status();
  if (file->site_id() != site_id) {
    return absl::FailedPreconditionError("key_store_dir: the keys of another site than data_dir; give the two that belong together");
  }
  auto key = provider->Unwrap(crypto::KeyType::kSite, SiteOwner(site_id), file->root_version(), file->wrapped_key());
  if (!key.ok()) return key.status();
  auto site = SiteKeys::Create(*key);
  if (!site.ok()) return site.status();
  std::unique_ptr<KeyHierarchy> keys(new KeyHierarchy(std::move(key_store_dir), *std::move(site), provider));
  if (absl::Status loaded = keys->LoadEpochs(); !loaded.ok()) return loaded;
  return keys;
}

absl::Status KeyHierarchy::LoadEpochs() {
  std::error_code error;
  std::filesystem::directory_iterator files(EpochsDir(key_store_dir_), error);
  if (error) return absl::UnavailableError(absl::StrCat("key_store_dir: ", EpochsDir(key_store_dir_), ": ", error.message()));
  size_t count = 0;
  for (const auto& entry : files) {
    const std::string path = entry.path().string();
    if (!absl::EndsWith(path, ".key")) continue;
    if (++count > kEpochsMax) return absl::ResourceExhaustedError(absl::StrCat("key_store_dir: more than ", kEpochsMax, " epoch keys"));
    auto epoch = OpenEpoch(path, *provider_);
    if (!epoch.ok()) return epoch.status();
    Remember(std::make_shared<const Epoch>(*std::move(epoch)));
  }
  return absl::OkStatus();
}

void KeyHierarchy::Remember(std::shared_ptr<const Epoch> epoch) {
  absl::MutexLock lock(&mutex_);
  by_month_[{epoch->month(), epoch->retention_class()}] = epoch;
  by_id_[epoch->id()] = std::move(epoch);
}

absl::StatusOr<std::shared_ptr<const Epoch>> KeyHierarchy::MakeEpoch(const std::string& retention_class, absl::CivilMonth month,
                                                                     absl::Time now,
                                                                     absl::FunctionRef<absl::Status(const Epoch&)> announce) {
  auto key = crypto::SecretBytes::Random(crypto::kKeyBytes);
  if (!key.ok()) return key.status();
  const std::string id = crypto::RandomBytes(kEpochIdBytes);
  v1::EpochKeyFile file;
  file.set_version(kFileVersion);
  file.set_epoch_id(id);
  file.set_retention_class(retention_class);
  file.set_year(static_cast<int32_t>(month.year()));
  file.set_month(month.month());
  file.set_created_unix_ms(absl::ToUnixMillis(now));
  file.set_root_version(provider_->root_version());
  auto wrapped = provider_->Wrap(crypto::KeyType::kEpoch, EpochOwner(file), *key);
  if (!wrapped.ok()) return wrapped.status();
  file.set_wrapped_key(*std::move(wrapped));
  auto epoch = Epoch::Create(id, retention_class, month, *key);
  if (!epoch.ok()) return epoch.status();
  if (absl::Status announced = announce(*epoch); !announced.ok()) return announced;
  const std::string path = absl::StrCat(EpochsDir(key_store_dir_), "/", EpochFileName(id));
  if (absl::Status written = WriteNewFile(path, file.SerializeAsString()); !written.ok()) return written;
  auto shared = std::make_shared<const Epoch>(*std::move(epoch));
  Remember(shared);
  return shared;
}

absl::StatusOr<std::vector<std::shared_ptr<const Epoch>>> KeyHierarchy::EnsureEpochs(
    const std::vector<std::string>& retention_classes, absl::Time now, absl::FunctionRef<absl::Status(const Epoch&)> announce) {
  std::vector<std::shared_ptr<const Epoch>> made;
  for (const absl::Time time : {now, now + kEpochLead}) {
    for (const std::string& retention_class : retention_classes) {
      if (EpochAt(retention_class, time).ok()) continue;
      auto epoch = MakeEpoch(retention_class, absl::ToCivilMonth(time, absl::UTCTimeZone()), now, announce);
      if (!epoch.ok()) return epoch.status();
      made.push_back(*std::move(epoch));
    }
  }
  return made;
}

absl::StatusOr<std::shared_ptr<const Epoch>> KeyHierarchy::EpochAt(std::string_view retention_class, absl::Time time) const {
  absl::MutexLock lock(&mutex_);
  const auto found = by_month_.find({absl::ToCivilMonth(time, absl::UTCTimeZone()), std::string(retention_class)});
  if (found != by_month_.end()) return found->second;
  return absl::UnavailableError("epoch key: none for this month yet; the key-encryption provider may be away");
}

absl::StatusOr<std::shared_ptr<const Epoch>> KeyHierarchy::Find(std::string_view epoch_id) const {
  absl::MutexLock lock(&mutex_);
  const auto found = by_id_.find(std::string(epoch_id));
  if (found != by_id_.end()) return found->second;
  return absl::NotFoundError("epoch key: not in the key store");
}

std::vector<std::shared_ptr<const Epoch>> KeyHierarchy::Live() const {
  absl::MutexLock lock(&mutex_);
  std::vector<std::shared_ptr<const Epoch>> epochs;
  for (auto epoch = by_month_.rbegin(); epoch != by_month_.rend(); ++epoch) epochs.push_back(epoch->second);
  return epochs;
}

}  // namespace otokura::keys
