#include "crypto/tlog/tile_builder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/merkle.h"

namespace otokura::crypto {
namespace {

uint32_t WidthOf(std::string_view hashes) { return static_cast<uint32_t>(hashes.size() / kSha256Bytes); }

}  // namespace

std::string PerfectRoot(std::string_view hashes) {
  std::string level(hashes);
  while (level.size() > kSha256Bytes) {
    const size_t pairs = level.size() / (2 * kSha256Bytes);
    for (size_t i = 0; i < pairs; ++i) MerkleNodeHashInto(level.data() + i * 2 * kSha256Bytes, level.data() + i * kSha256Bytes);
    level.resize(pairs * kSha256Bytes);
  }
  return level;
}

absl::StatusOr<TileBuilder> TileBuilder::Restore(uint64_t size, std::vector<std::string> edge) {
  for (int level = 0; level < kTileLevels; ++level) {
    const size_t expected = (size >> (kTileHeight * level)) % kTileHashes * kSha256Bytes;
    const size_t found = static_cast<size_t>(level) < edge.size() ? edge[static_cast<size_t>(level)].size() : 0;
    if (found == expected) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("tile edge: ", found, " bytes at level ", level, ", a tree of ", size, " leaves has ", expected));
  }
  if (edge.size() > static_cast<size_t>(kTileLevels)) return absl::InvalidArgumentError("tile edge: more levels than a tree can have");
  TileBuilder builder;
  builder.size_ = size;
  builder.edge_ = std::move(edge);
  return builder;
}

void TileBuilder::Append(std::string_view leaf_hash, TileDone full) {
  ++size_;
  std::string hash(leaf_hash);
  for (size_t level = 0;; ++level) {
    if (edge_.size() == level) edge_.emplace_back().reserve(kTileBytes);
    std::string& hashes = edge_[level];
    hashes.append(hash);
    if (hashes.size() < kTileBytes) return;
    full({static_cast<int>(level), (size_ >> (kTileHeight * (level + 1))) - 1, kTileHashes}, hashes);
    hash = PerfectRoot(hashes);
    hashes.clear();
  }
}

std::string TileBuilder::Root() const {
  std::string root;
  // From the smallest perfect subtree at the right edge to the largest.
  for (const std::string& hashes : edge_) {
    std::string_view rest = hashes;
    for (uint32_t leaves = 1; !rest.empty(); leaves *= 2) {
      if ((WidthOf(rest) & leaves) == 0) continue;
      std::string subtree = PerfectRoot(rest.substr(rest.size() - leaves * kSha256Bytes));
      root = root.empty() ? std::move(subtree) : MerkleNodeHash(subtree, root);
      rest.remove_suffix(leaves * kSha256Bytes);
    }
  }
  return root.empty() ? MerkleEmptyRoot() : root;
}

void TileBuilder::ForEachPartial(TileDone partial) const {
  for (size_t level = 0; level < edge_.size(); ++level) {
    if (edge_[level].empty()) continue;
    partial({static_cast<int>(level), size_ >> (kTileHeight * (level + 1)), WidthOf(edge_[level])}, edge_[level]);
  }
}

}  // namespace otokura::crypto
