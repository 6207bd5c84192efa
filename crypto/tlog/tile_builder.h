// Grows a tiled log leaf by leaf: hands out every tile as it fills, and names the root at any size.
#ifndef OTOKURA_CRYPTO_TLOG_TILE_BUILDER_H_
#define OTOKURA_CRYPTO_TLOG_TILE_BUILDER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "crypto/tlog/tile.h"

namespace otokura::crypto {

// A value type; one thread at a time.
class TileBuilder {
 public:
  using TileDone = absl::FunctionRef<void(const TileCoordinates& tile, std::string_view hashes)>;

  TileBuilder() = default;
  // `edge[level]` are the hashes of the partial tile of each level, from level 0, as `edge()` gives them. INVALID_ARGUMENT where their
  // widths do not fit the size.
  static absl::StatusOr<TileBuilder> Restore(uint64_t size, std::vector<std::string> edge);

  // `full` is called for each tile that this leaf completes, the lowest first.
  void Append(std::string_view leaf_hash, TileDone full);
  uint64_t size() const { return size_; }
  std::string Root() const;
  // The hashes of the partial tile of each level; empty where the level has none at this size.
  const std::vector<std::string>& edge() const { return edge_; }
  // Those that are not empty, as tiles.
  void ForEachPartial(TileDone partial) const;

 private:
  uint64_t size_ = 0;
  std::vector<std::string> edge_;
};

// The root of a power of two of hashes, one after another.
std::string PerfectRoot(std::string_view hashes);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_TLOG_TILE_BUILDER_H_
