#include "server/keys/pseudonym_keys.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "crypto/key_wrap.h"
#include "crypto/sha256.h"
#include "otokura/v1/stored.pb.h"
#include "server/keys/key_store_file.h"

namespace otokura::keys {
namespace {

constexpr uint32_t kFileVersion = 1;
constexpr size_t kPseudonymBytes = 16;
constexpr size_t kKeysMax = 8;  // three are in use at most; more is a broken key store

// Nobody who can write the key store makes a key serve another year by renaming it.
std::string OwnerOf(int year) { return crypto::Sha256(absl::StrCat("otokura/v1/pseudonyms ", year)).substr(0, crypto::kOwnerIdBytes); }

int YearOf(absl::Time time) { return static_cast<int>(absl::ToCivilYear(time, absl::UTCTimeZone()).year()); }

std::string SubjectOf(int year) { return absl::StrCat("pseudonyms ", year); }

std::string PseudonymUnder(const crypto::SecretBytes& key, uint8_t kind, std::string_view value) {
  return crypto::HmacSha256(key, std::string(1, static_cast<char>(kind)).append(value)).substr(0, kPseudonymBytes);
}

absl::StatusOr<v1::PseudonymKeyFile> ReadFile(const std::string& path) {
  auto bytes = ReadSmallFile(path);
  if (!bytes.ok()) return bytes.status();
  v1::PseudonymKeyFile file;
  if (!file.ParseFromString(*bytes) || file.version() == 0) {
    return absl::DataLossError(absl::StrCat(path, ": not a pseudonym key; restore it from the key backup"));
  }
  if (file.version() != kFileVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": version ", file.version(), ", this otokurad reads ", kFileVersion, "; run the newer one"));
  }
  return file;
}

}  // namespace

std::string PseudonymKeys::PathOf(int year) const { return absl::StrCat(key_store_dir_, "/pseudonyms/", year, ".key"); }

absl::StatusOr<std::unique_ptr<PseudonymKeys>> PseudonymKeys::Open(std::string key_store_dir, crypto::KeyEncryptionProvider* provider) {
  std::unique_ptr<PseudonymKeys> keys(new PseudonymKeys(std::move(key_store_dir), provider));
  if (absl::Status loaded = keys->Load(); !loaded.ok()) return loaded;
  return keys;
}

absl::Status PseudonymKeys::Load() {
  std::error_code error;
  const std::string folder = key_store_dir_ + "/pseudonyms";
  if (!std::filesystem::exists(folder, error)) return absl::OkStatus();
  absl::MutexLock lock(&mutex_);
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string path = entry.path().string();
    if (!absl::EndsWith(path, ".key")) continue;
    if (by_year_.size() == kKeysMax) return absl::ResourceExhaustedError(absl::StrCat(folder, ": more than ", kKeysMax, " keys"));
    auto file = ReadFile(path);
    if (!file.ok()) return file.status();
    auto key = provider_->Unwrap(crypto::KeyType::kPseudonym, OwnerOf(file->year()), file->root_version(), file->wrapped_key());
    if (!key.ok()) return absl::Status(key.status().code(), absl::StrCat(path, ": ", key.status().message()));
    by_year_.insert_or_assign(file->year(), *std::move(key));
  }
  return error ? absl::UnavailableError(absl::StrCat(folder, ": ", error.message())) : absl::OkStatus();
}

bool PseudonymKeys::Has(int year) const {
  absl::MutexLock lock(&mutex_);
  return by_year_.count(year) > 0;
}

absl::Status PseudonymKeys::Renew(absl::Time now, absl::FunctionRef<absl::Status(std::string_view subject, bool made)> announce) {
  for (const int year : {YearOf(now), YearOf(now + kPseudonymLead)}) {
    if (Has(year)) continue;
    if (absl::Status made = Make(year, announce); !made.ok()) return made;
  }
  std::vector<int> over;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [year, key] : by_year_) {
      if (year < YearOf(now) - kPseudonymYearsKept) over.push_back(year);
    }
  }
  for (const int year : over) {
    if (absl::Status destroyed = Destroy(year, announce); !destroyed.ok()) return destroyed;
  }
  return absl::OkStatus();
}

absl::Status PseudonymKeys::Make(int year, absl::FunctionRef<absl::Status(std::string_view subject, bool made)> announce) {
  auto key = crypto::SecretBytes::Random(crypto::kKeyBytes);
  if (!key.ok()) return key.status();
  v1::PseudonymKeyFile file;
  file.set_version(kFileVersion);
  file.set_year(year);
  file.set_root_version(provider_->root_version());
  auto wrapped = provider_->Wrap(crypto::KeyType::kPseudonym, OwnerOf(year), *key);
  if (!wrapped.ok()) return wrapped.status();
  file.set_wrapped_key(*std::move(wrapped));
  if (absl::Status announced = announce(SubjectOf(year), /*made=*/true); !announced.ok()) return announced;
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::path(PathOf(year)).parent_path();
  std::filesystem::create_directory(folder, error);
  if (error) return absl::UnavailableError(absl::StrCat(folder.string(), ": ", error.message()));
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  if (absl::Status written = WriteNewFile(PathOf(year), file.SerializeAsString()); !written.ok()) return written;
  absl::MutexLock lock(&mutex_);
  by_year_.insert_or_assign(year, *std::move(key));
  return absl::OkStatus();
}

absl::Status PseudonymKeys::Destroy(int year, absl::FunctionRef<absl::Status(std::string_view subject, bool made)> announce) {
  if (absl::Status announced = announce(SubjectOf(year), /*made=*/false); !announced.ok()) return announced;
  std::error_code error;
  std::filesystem::remove(PathOf(year), error);
  if (error) return absl::UnavailableError(absl::StrCat(PathOf(year), ": ", error.message()));
  absl::MutexLock lock(&mutex_);
  by_year_.erase(year);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> PseudonymKeys::Of(uint8_t kind, std::string_view value, absl::Time now) const {
  absl::MutexLock lock(&mutex_);
  std::vector<std::string> pseudonyms;
  for (const int year : {YearOf(now), YearOf(now) - 1}) {
    const auto key = by_year_.find(year);
    if (key != by_year_.end()) {
      pseudonyms.push_back(PseudonymUnder(key->second, kind, value));
    } else if (pseudonyms.empty()) {
      return absl::UnavailableError("pseudonym key: none for this year yet; the key-encryption provider may be away");
    }
  }
  return pseudonyms;
}

}  // namespace otokura::keys
