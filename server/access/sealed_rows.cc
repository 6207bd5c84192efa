#include "server/access/sealed_rows.h"

#include <utility>

#include "absl/strings/escaping.h"

namespace otokura::access {
namespace {

std::string Hex(std::string_view bytes) { return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size())); }

std::string SealingKey(std::string_view prefix, std::string_view name, const keys::SiteKeys& keys) {
  return keys.AccountRowKey(std::string(prefix).append(name));
}

}  // namespace

SealedRowName HashedRow(std::string_view prefix, std::string_view name, const keys::SiteKeys& keys) {
  std::string sealing_key = SealingKey(prefix, name, keys);
  return {std::string(prefix) + Hex(sealing_key), sealing_key};
}

SealedRowName RowOfId(std::string_view prefix, std::string_view id, const keys::SiteKeys& keys) {
  return {std::string(prefix) + Hex(id), SealingKey(prefix, id, keys)};
}

absl::Status PutSealed(const SealedRowName& name, std::string_view record, std::optional<std::string> expected, const keys::SiteKeys& keys,
                       storage::Batch* batch) {
  absl::StatusOr<std::string> row = keys.SealAccount(name.sealing_key, record);
  if (!row.ok()) return row.status();
  batch->preconditions.push_back({storage::Table::kMeta, name.row_key, std::move(expected)});
  batch->Put(storage::Table::kMeta, name.row_key, *std::move(row));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<OpenedRow>> ReadSealed(const storage::RecordReader& records, const SealedRowName& name,
                                                    const keys::SiteKeys& keys) {
  absl::StatusOr<std::optional<std::string>> row = records.Get(storage::Table::kMeta, name.row_key);
  if (!row.ok()) return row.status();
  if (!row->has_value()) return std::optional<OpenedRow>();
  absl::StatusOr<std::string> record = keys.OpenAccount(name.sealing_key, **row);
  if (!record.ok()) return record.status();
  return std::optional<OpenedRow>(OpenedRow{*std::move(record), **std::move(row)});
}

absl::Status InAnothersPlace(std::string_view what) {
  return absl::DataLossError(absl::StrCat(std::string(what), ": a row lies in another's place; run otokurad fsck"));
}

storage::ScanRange RowsOf(std::string_view prefix) {
  storage::ScanRange range;
  range.first = std::string(prefix);
  range.last = std::string(prefix);
  ++range.last.back();
  return range;
}

}  // namespace otokura::access
