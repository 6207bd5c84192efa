#include "crypto/tlog/tile.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "crypto/tlog/decimal.h"

namespace otokura::crypto {
namespace {

constexpr std::string_view kPrefix = "tile/";
constexpr std::string_view kEntries = "entries";
constexpr std::string_view kPartial = ".p/";
constexpr uint64_t kElementValues = 1000;

// Hashes at this level: perfect subtrees of 256^level leaves.
uint64_t HashesAtLevel(uint64_t tree_size, int level) { return level >= kTileLevels ? 0 : tree_size >> (kTileHeight * std::max(level, 0)); }

std::string IndexPath(uint64_t index) {
  std::string path = absl::StrFormat("%03d", index % kElementValues);
  while (index >= kElementValues) {
    index /= kElementValues;
    path = absl::StrFormat("x%03d/%s", index % kElementValues, path);
  }
  return path;
}

// The digits of all elements; what they are not checked for here shows when the path is made again from the number.
std::optional<uint64_t> ParseIndexPath(std::string_view path) {
  std::string digits;
  for (char c : path) {
    if (c != 'x' && c != '/') digits.push_back(c);
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  return ParseDecimal(digits.empty() ? "0" : digits);
}

}  // namespace

uint32_t TileWidth(uint64_t tree_size, int level, uint64_t index) {
  const uint64_t hashes = HashesAtLevel(tree_size, level);
  if (index > hashes / kTileHashes) return 0;
  return static_cast<uint32_t>(std::min<uint64_t>(hashes - index * kTileHashes, kTileHashes));
}

uint64_t TilesAtLevel(uint64_t tree_size, int level) {
  const uint64_t hashes = HashesAtLevel(tree_size, level);
  return hashes / kTileHashes + (hashes % kTileHashes == 0 ? 0 : 1);
}

std::string TilePath(const TileCoordinates& tile) {
  std::string path = tile.level == kEntriesLevel ? absl::StrCat("tile/entries/", IndexPath(tile.index))
                                                 : absl::StrCat("tile/", tile.level, "/", IndexPath(tile.index));
  if (tile.width < kTileHashes) absl::StrAppend(&path, ".p/", tile.width);
  return path;
}

std::optional<TileCoordinates> ParseTilePath(std::string_view path) {
  const std::string_view whole = path;
  if (!path.starts_with(kPrefix)) return std::nullopt;
  path.remove_prefix(kPrefix.size());
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  TileCoordinates tile{.level = kEntriesLevel};
  if (const std::string_view level = path.substr(0, slash); level != kEntries) {
    const std::optional<uint64_t> number = ParseDecimal(level);
    if (!number || *number >= kTileLevels) return std::nullopt;
    tile.level = static_cast<int>(*number);
  }
  path.remove_prefix(slash + 1);
  if (const size_t partial = path.find(kPartial); partial != std::string_view::npos) {
    const std::optional<uint64_t> width = ParseDecimal(path.substr(partial + kPartial.size()));
    if (!width || *width == 0 || *width >= kTileHashes) return std::nullopt;
    tile.width = static_cast<uint32_t>(*width);
    path = path.substr(0, partial);
  }
  const std::optional<uint64_t> index = ParseIndexPath(path);
  if (!index) return std::nullopt;
  tile.index = *index;
  return TilePath(tile) == whole ? std::optional(tile) : std::nullopt;
}

}  // namespace otokura::crypto
