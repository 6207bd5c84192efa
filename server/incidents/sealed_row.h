// A record sealed in Table::kMeta under "<kind>/<hex of 16 bytes>" (FORMAT.md).
#ifndef OTOKURA_SERVER_INCIDENTS_SEALED_ROW_H_
#define OTOKURA_SERVER_INCIDENTS_SEALED_ROW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::incidents {

inline constexpr uint32_t kRecordVersion = 1;  // of incidents and of canaries

// What the rows of one kind have in common: "incident", "canary".
struct RowKind {
  std::string_view name;

  std::string Prefix() const { return std::string(name) + "/"; }
  std::string Key(std::string_view id) const { return Prefix() + absl::BytesToHexString(absl::string_view(id.data(), id.size())); }
  std::string IdOf(std::string_view row_key) const { return absl::HexStringToBytes(std::string(row_key.substr(name.size() + 1))); }
  // Of all of them.
  storage::ScanRange All() const { return {.first = Prefix(), .last = std::string(name) + "0"}; }  // '0' follows '/'
  // No account name contains a slash: neither a row of another kind nor an account's opens in the place of this.
  std::string SealingKey(std::string_view id, const keys::SiteKeys& keys) const { return keys.AccountRowKey(Prefix().append(id)); }
};

// Puts it in the place of `expected`; nullopt: there is none yet.
template <typename Record>
absl::Status PutSealed(const RowKind& kind, std::string_view id, Record record, std::optional<std::string> expected,
                       const keys::SiteKeys& keys, storage::Batch* batch) {
  record.set_version(kRecordVersion);
  absl::StatusOr<std::string> row = keys.SealAccount(kind.SealingKey(id, keys), record.SerializeAsString());
  if (!row.ok()) return row.status();
  const std::string key = kind.Key(id);
  batch->preconditions.push_back({storage::Table::kMeta, key, std::move(expected)});
  batch->Put(storage::Table::kMeta, key, *std::move(row));
  return absl::OkStatus();
}

// DATA_LOSS where the row does not open, or is another's; FAILED_PRECONDITION where it is from a newer version.
template <typename Record>
absl::StatusOr<Record> OpenSealed(const RowKind& kind, std::string_view row_key, std::string_view row, const keys::SiteKeys& keys) {
  absl::StatusOr<std::string> opened = keys.OpenAccount(kind.SealingKey(kind.IdOf(row_key), keys), row);
  if (!opened.ok()) return opened.status();
  Record record;
  if (!record.ParseFromString(*opened) || record.version() == 0) {
    return absl::DataLossError(absl::StrCat(std::string(kind.name), ": a row does not parse; run otokurad fsck"));
  }
  if (record.version() > kRecordVersion) {
    return absl::FailedPreconditionError(absl::StrCat(std::string(kind.name), ": a row has version ", record.version(),
                                                      ", this gateway reads up to ", kRecordVersion, "; use a newer gateway"));
  }
  return record;
}

template <typename Record>
struct StoredRow {
  Record record;
  std::string row;
};
// Nothing where there is none.
template <typename Record>
absl::StatusOr<std::optional<StoredRow<Record>>> ReadSealed(const storage::RecordReader& records, const RowKind& kind, std::string_view id,
                                                            const keys::SiteKeys& keys) {
  const std::string key = kind.Key(id);
  absl::StatusOr<std::optional<std::string>> row = records.Get(storage::Table::kMeta, key);
  if (!row.ok()) return row.status();
  if (!row->has_value()) return std::optional<StoredRow<Record>>();
  absl::StatusOr<Record> record = OpenSealed<Record>(kind, key, **row, keys);
  if (!record.ok()) return record.status();
  return std::optional<StoredRow<Record>>(StoredRow<Record>{*std::move(record), **std::move(row)});
}

}  // namespace otokura::incidents

#endif  // OTOKURA_SERVER_INCIDENTS_SEALED_ROW_H_
