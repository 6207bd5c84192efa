#include "server/audit/tile_rows.h"

#include "absl/strings/str_cat.h"
#include "server/audit/log_rows.h"

namespace otokura::audit {
namespace {

template <typename Row>
absl::StatusOr<std::optional<Row>> ReadRow(const storage::RecordReader& records, std::string_view key, const char* name, uint32_t version) {
  absl::StatusOr<std::optional<std::string>> stored = records.Get(storage::Table::kMeta, key);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) return std::optional<Row>();
  Row row;
  if (!row.ParseFromString(**stored) || row.version() == 0) return absl::DataLossError(absl::StrCat(name, ": damaged; run otokurad fsck"));
  if (row.version() > version) {
    return absl::FailedPreconditionError(
        absl::StrCat(name, ": version ", row.version(), ", this gateway reads up to ", version, "; use a newer gateway"));
  }
  return std::optional<Row>(std::move(row));
}

}  // namespace

std::string TileKey(int level, uint64_t index) { return static_cast<char>(level) + SequenceKey(index); }

absl::StatusOr<std::optional<v1::IntegratedLog>> ReadIntegrated(const storage::RecordReader& records) {
  return ReadRow<v1::IntegratedLog>(records, kIntegratedKey, "integrated log", kIntegratedVersion);
}

absl::StatusOr<std::optional<v1::PublishedLog>> ReadPublished(const storage::RecordReader& records) {
  return ReadRow<v1::PublishedLog>(records, kPublishedKey, "published log", kPublishedVersion);
}

absl::StatusOr<std::optional<v1::PublishedLog>> ReadCosigned(const storage::RecordReader& records) {
  return ReadRow<v1::PublishedLog>(records, kCosignedKey, "cosigned log", kPublishedVersion);
}

absl::StatusOr<std::string> StoredTiles::ReadTile(const crypto::TileCoordinates& tile) {
  absl::StatusOr<std::optional<std::string>> row = records_->Get(storage::Table::kTiles, TileKey(tile.level, tile.index));
  if (!row.ok()) return row.status();
  const size_t bytes = tile.width * crypto::kSha256Bytes;
  if (!row->has_value() || (*row)->size() < bytes) {
    return absl::DataLossError(absl::StrCat("log tile ", crypto::TilePath(tile), ": missing or cut short; run otokurad fsck"));
  }
  (*row)->resize(bytes);
  return **std::move(row);
}

}  // namespace otokura::audit
