#include "server/access/account_rows.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "otokura/v1/stored.pb.h"

namespace otokura::access {
namespace {

constexpr uint32_t kRecordVersion = 1;

// In Table::kMeta: "account-key/" and the hex of a keyed hash of the pinned key. No account name contains a slash, so the hashed texts
// never meet.
std::string KeyMark(std::string_view spki_sha256, const keys::SiteKeys& keys) {
  return absl::StrCat("account-key/", absl::BytesToHexString(keys.AccountRowKey(std::string("spki/").append(spki_sha256))));
}

absl::StatusOr<std::string> Sealed(const v1::Account& account, std::string_view row_key, const keys::SiteKeys& keys) {
  v1::AccountRecord record;
  record.set_version(kRecordVersion);
  *record.mutable_account() = account;
  return keys.SealAccount(row_key, record.SerializeAsString());
}

}  // namespace

absl::Status PutNewAccount(const v1::Account& account, const keys::SiteKeys& keys, storage::Batch* batch) {
  const std::string row_key = keys.AccountRowKey(account.name());
  const std::string mark = KeyMark(account.spki_sha256(), keys);
  absl::StatusOr<std::string> row = Sealed(account, row_key, keys);
  if (!row.ok()) return row.status();
  batch->preconditions.push_back({storage::Table::kAccounts, row_key, std::nullopt});
  batch->preconditions.push_back({storage::Table::kMeta, mark, std::nullopt});
  batch->Put(storage::Table::kAccounts, row_key, *std::move(row));
  batch->Put(storage::Table::kMeta, mark, row_key);
  return absl::OkStatus();
}

absl::Status ReplaceAccount(const v1::Account& account, std::string expected, const keys::SiteKeys& keys, storage::Batch* batch) {
  const std::string row_key = keys.AccountRowKey(account.name());
  absl::StatusOr<std::string> row = Sealed(account, row_key, keys);
  if (!row.ok()) return row.status();
  batch->preconditions.push_back({storage::Table::kAccounts, row_key, std::move(expected)});
  batch->Put(storage::Table::kAccounts, row_key, *std::move(row));
  return absl::OkStatus();
}

absl::Status ClaimKey(const storage::RecordReader& records, std::string_view account_name, std::string_view spki_sha256,
                      const keys::SiteKeys& keys, storage::Batch* batch) {
  const std::string row_key = keys.AccountRowKey(account_name);
  const std::string mark = KeyMark(spki_sha256, keys);
  absl::StatusOr<std::optional<std::string>> claimed = records.Get(storage::Table::kMeta, mark);
  if (!claimed.ok()) return claimed.status();
  if (claimed->has_value() && **claimed != row_key) {
    return absl::AlreadyExistsError("certificate_pem: its key is, or was, another account's; make a fresh key for this one");
  }
  batch->preconditions.push_back({storage::Table::kMeta, mark, *claimed});
  batch->Put(storage::Table::kMeta, mark, row_key);
  return absl::OkStatus();
}

absl::StatusOr<v1::Account> OpenAccountRow(std::string_view row_key, std::string_view row, const keys::SiteKeys& keys) {
  absl::StatusOr<std::string> opened = keys.OpenAccount(row_key, row);
  if (!opened.ok()) return opened.status();
  v1::AccountRecord record;
  if (!record.ParseFromString(*opened) || record.version() == 0)
    return absl::DataLossError("accounts: a row does not parse; run otokurad fsck");
  if (record.version() > kRecordVersion) {
    return absl::FailedPreconditionError(absl::StrCat("accounts: a row has version ", record.version(), ", this gateway reads up to ",
                                                      kRecordVersion, "; use a newer gateway"));
  }
  if (keys.AccountRowKey(record.account().name()) != row_key)
    return absl::DataLossError("accounts: a row lies in another's place; run otokurad fsck");
  return std::move(*record.mutable_account());
}

absl::StatusOr<std::optional<StoredAccount>> ReadAccount(const storage::RecordReader& records, std::string_view name,
                                                         const keys::SiteKeys& keys) {
  const std::string row_key = keys.AccountRowKey(name);
  absl::StatusOr<std::optional<std::string>> row = records.Get(storage::Table::kAccounts, row_key);
  if (!row.ok()) return row.status();
  if (!row->has_value()) return std::optional<StoredAccount>();
  absl::StatusOr<v1::Account> account = OpenAccountRow(row_key, **row, keys);
  if (!account.ok()) return account.status();
  return std::optional<StoredAccount>(StoredAccount{*std::move(account), **std::move(row)});
}

}  // namespace otokura::access
