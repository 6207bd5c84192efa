// How tiles and heads of the log lie in the tables of the store (FORMAT.md).
#ifndef OTOKURA_SERVER_AUDIT_TILE_ROWS_H_
#define OTOKURA_SERVER_AUDIT_TILE_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/tlog/tile.h"
#include "crypto/tlog/tile_hash_reader.h"
#include "otokura/v1/stored.pb.h"
#include "server/storage/storage.h"

namespace otokura::audit {

inline constexpr std::string_view kIntegratedKey = "log-integrated";  // in Table::kMeta
inline constexpr std::string_view kPublishedKey = "log-checkpoint";   // in Table::kMeta
inline constexpr std::string_view kCosignedKey = "log-cosigned";      // in Table::kMeta
inline constexpr uint32_t kIntegratedVersion = 1;
inline constexpr uint32_t kPublishedVersion = 1;

std::string TileKey(int level, uint64_t index);  // kTiles

// The stored row, or nothing. DATA_LOSS where it is damaged, FAILED_PRECONDITION where it is of a newer version.
absl::StatusOr<std::optional<v1::IntegratedLog>> ReadIntegrated(const storage::RecordReader& records);
absl::StatusOr<std::optional<v1::PublishedLog>> ReadPublished(const storage::RecordReader& records);
absl::StatusOr<std::optional<v1::PublishedLog>> ReadCosigned(const storage::RecordReader& records);

// The stored tiles. DATA_LOSS where one is missing or narrower than asked for.
class StoredTiles : public crypto::TileReader {
 public:
  explicit StoredTiles(const storage::RecordReader* records) : records_(records) {}
  absl::StatusOr<std::string> ReadTile(const crypto::TileCoordinates& tile) override;

 private:
  const storage::RecordReader* const records_;
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_TILE_ROWS_H_
