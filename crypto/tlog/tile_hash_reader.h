// Any perfect subtree's root from stored tiles.
#ifndef OTOKURA_CRYPTO_TLOG_TILE_HASH_READER_H_
#define OTOKURA_CRYPTO_TLOG_TILE_HASH_READER_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "crypto/tlog/proofs.h"
#include "crypto/tlog/tile.h"

namespace otokura::crypto {

// Where tiles are kept.
class TileReader {
 public:
  virtual ~TileReader() = default;
  // Exactly `tile.width` hashes, of a tile that may be kept wider.
  virtual absl::StatusOr<std::string> ReadTile(const TileCoordinates& tile) = 0;
};

// Keeps what it has read: made for one proof or one root, some two tiles a level. One thread at a time.
class TileHashReader : public HashReader {
 public:
  // `tiles` is borrowed and holds the tiles of a tree of `tree_size` leaves.
  TileHashReader(TileReader* tiles, uint64_t tree_size) : tiles_(tiles), tree_size_(tree_size) {}
  absl::StatusOr<std::string> SubtreeRoot(int height, uint64_t index) override;

 private:
  absl::StatusOr<std::string_view> Tile(int level, uint64_t index);

  TileReader* const tiles_;
  const uint64_t tree_size_;
  std::map<std::pair<int, uint64_t>, std::string> read_;
};

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_TLOG_TILE_HASH_READER_H_
