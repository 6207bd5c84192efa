#include "crypto/tlog/tile_hash_reader.h"

#include "absl/strings/str_cat.h"
#include "crypto/tlog/tile_builder.h"

namespace otokura::crypto {

absl::StatusOr<std::string> TileHashReader::SubtreeRoot(int height, uint64_t index) {
  const int level = height / kTileHeight;
  const uint64_t hashes = uint64_t{1} << (height % kTileHeight);
  const uint64_t first = index * hashes;  // at that level
  absl::StatusOr<std::string_view> tile = Tile(level, first / kTileHashes);
  if (!tile.ok()) return tile.status();
  const size_t offset = first % kTileHashes * kSha256Bytes;
  if (tile->size() < offset + hashes * kSha256Bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("subtree ", index, " of height ", height, ": not whole in a tree of ", tree_size_, " leaves"));
  }
  return PerfectRoot(tile->substr(offset, hashes * kSha256Bytes));
}

absl::StatusOr<std::string_view> TileHashReader::Tile(int level, uint64_t index) {
  const auto known = read_.find({level, index});
  if (known != read_.end()) return known->second;
  const TileCoordinates tile{level, index, TileWidth(tree_size_, level, index)};
  if (tile.width == 0) return std::string_view();
  absl::StatusOr<std::string> hashes = tiles_->ReadTile(tile);
  if (!hashes.ok()) return hashes.status();
  if (hashes->size() != tile.width * kSha256Bytes) {
    return absl::DataLossError(absl::StrCat(TilePath(tile), ": ", hashes->size(), " bytes, expected ", tile.width * kSha256Bytes));
  }
  return read_.emplace(std::pair(level, index), *std::move(hashes)).first->second;
}

}  // namespace otokura::crypto
