// Where the hashes and entries of a tiled log lie (c2sp.org/tlog-tiles): coordinates, widths and paths.
#ifndef OTOKURA_CRYPTO_TLOG_TILE_H_
#define OTOKURA_CRYPTO_TLOG_TILE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/sha256.h"

namespace otokura::crypto {

inline constexpr int kTileHeight = 8;                       // levels of the tree that one tile stands for
inline constexpr uint32_t kTileHashes = 1u << kTileHeight;  // of a full tile
inline constexpr size_t kTileBytes = kTileHashes * kSha256Bytes;
inline constexpr int kTileLevels = 8;     // a ninth would need 2^64 leaves
inline constexpr int kEntriesLevel = -1;  // the bundles of entries, which have coordinates as tiles of level 0 do

// A tile of hashes, or a bundle of entries. `width` is 1..kTileHashes; below that it is a partial one.
struct TileCoordinates {
  int level = 0;
  uint64_t index = 0;
  uint32_t width = kTileHashes;
  friend bool operator==(const TileCoordinates&, const TileCoordinates&) = default;
};

// How wide this tile is in a tree of so many leaves: 0 where it has none. Entry bundles are as wide as the tile of level 0 over them.
uint32_t TileWidth(uint64_t tree_size, int level, uint64_t index);
// How many tiles this level has in such a tree, the partial one included.
uint64_t TilesAtLevel(uint64_t tree_size, int level);

// "tile/0/x001/x234/067", "tile/1/000.p/5", "tile/entries/000".
std::string TilePath(const TileCoordinates& tile);
// Nothing where `path` is not exactly what TilePath gives.
std::optional<TileCoordinates> ParseTilePath(std::string_view path);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_TLOG_TILE_H_
