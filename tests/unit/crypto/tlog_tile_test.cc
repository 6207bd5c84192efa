// Tiles: paths, widths and growth, against the specification's own examples and against trees hashed as RFC 6962 writes them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "crypto/merkle.h"
#include "crypto/tlog/tile.h"
#include "crypto/tlog/tile_builder.h"

namespace otokura::crypto {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(TilePath, TheSpecificationsExamples) {
  EXPECT_EQ(TilePath({0, 1234067, 256}), "tile/0/x001/x234/067");
  EXPECT_EQ(TilePath({0, 273, 112}), "tile/0/273.p/112");
  EXPECT_EQ(TilePath({1, 1, 17}), "tile/1/001.p/17");
  EXPECT_EQ(TilePath({2, 0, 1}), "tile/2/000.p/1");
  EXPECT_EQ(TilePath({kEntriesLevel, 1000, 256}), "tile/entries/x001/000");
  EXPECT_EQ(TilePath({kEntriesLevel, 999, 3}), "tile/entries/999.p/3");
}

TEST(TilePath, WhatWasMadeIsReadBack) {
  for (int level = kEntriesLevel; level < kTileLevels; ++level) {
    for (uint64_t index : {uint64_t{0}, uint64_t{999}, uint64_t{1000}, uint64_t{999999}, uint64_t{1000000}, uint64_t{72057594037927935}}) {
      for (uint32_t width : {1u, 10u, 255u, 256u}) {
        const TileCoordinates tile{level, index, width};
        EXPECT_EQ(ParseTilePath(TilePath(tile)), tile) << TilePath(tile);
      }
    }
  }
}

TEST(TilePath, EverythingElseIsNone) {
  for (const char* path : {"",
                           "tile",
                           "tile/",
                           "tile/0",
                           "tile/0/",
                           "tile/0/1",
                           "tile/0/01",
                           "tile/0/0000",
                           "tile/0/x000/000",
                           "tile/0/001/002",
                           "tile/0/x001/2",
                           "tile/0/x001/x002",
                           "tile/00/000",
                           "tile/8/000",
                           "tile/-1/000",
                           "tile/entries/",
                           "tile/0/000.p/0",
                           "tile/0/000.p/256",
                           "tile/0/000.p/01",
                           "tile/0/000.p/",
                           "tile/0/000.p",
                           "tile/0/000/",
                           "/tile/0/000",
                           "tile/0/000.p/1/2",
                           "tile//000",
                           "tile/0/x1/000",
                           "tile/0/0 0",
                           "tile/0/xxx",
                           "tile/0/x184/x467/x440/x737/x095/x516/160"}) {
    EXPECT_EQ(ParseTilePath(path), std::nullopt) << path;
  }
}

// Every path one byte away from a good one is none, or another tile's own path.
TEST(TilePath, NoTwoPathsAreOneTile) {
  const std::string good = TilePath({0, 1234067, 112});
  for (size_t at = 0; at < good.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string path = good;
      path[at] = static_cast<char>(byte);
      const auto tile = ParseTilePath(path);
      if (tile) {
        EXPECT_EQ(TilePath(*tile), path);
      }
    }
  }
}

TEST(TileWidth, TheSpecificationsTreeOf70000) {
  EXPECT_EQ(TilesAtLevel(70000, 0), 274u);
  EXPECT_EQ(TileWidth(70000, 0, 272), 256u);
  EXPECT_EQ(TileWidth(70000, 0, 273), 112u);
  EXPECT_EQ(TileWidth(70000, 0, 274), 0u);
  EXPECT_EQ(TileWidth(70000, 1, 0), 256u);
  EXPECT_EQ(TileWidth(70000, 1, 1), 17u);
  EXPECT_EQ(TileWidth(70000, 2, 0), 1u);
  EXPECT_EQ(TileWidth(70000, 3, 0), 0u);
  EXPECT_EQ(TilesAtLevel(70000, 3), 0u);
  EXPECT_EQ(TileWidth(256, 0, 0), 256u);
  EXPECT_EQ(TileWidth(256, 0, 1), 0u);
  EXPECT_EQ(TileWidth(256, 1, 0), 1u);
  EXPECT_EQ(TileWidth(70000, kEntriesLevel, 273), 112u);
  EXPECT_EQ(TileWidth(~uint64_t{0}, 7, 0), 255u);
}

std::string LeafHash(uint64_t index) { return MerkleLeafHash("leaf " + std::to_string(index)); }

TEST(TileBuilder, I7_RootsAndTilesAreThoseOfTheTreeAtEverySize) {
  constexpr uint64_t kLeaves = 66000;  // past the first full tile of level 1
  MerkleFrontier frontier;
  TileBuilder builder;
  std::map<std::string, std::string> tiles;
  const auto keep = [&tiles](const TileCoordinates& tile, std::string_view hashes) {
    EXPECT_EQ(hashes.size(), tile.width * kSha256Bytes);
    EXPECT_TRUE(tiles.emplace(TilePath(tile), hashes).second) << TilePath(tile) << " twice";
  };
  for (uint64_t size = 0; size < kLeaves; ++size) {
    if (size < 600 || size % 4093 == 0 || size > 65500) {
      ASSERT_EQ(builder.Root(), frontier.Root()) << size << " leaves";
    }
    builder.Append(LeafHash(size), keep);
    frontier.Append(LeafHash(size));
  }
  EXPECT_EQ(builder.size(), kLeaves);
  for (int level = 0; level < kTileLevels; ++level) {
    for (uint64_t index = 0; index < TilesAtLevel(kLeaves, level); ++index) {
      EXPECT_EQ(tiles.contains(TilePath({level, index, kTileHashes})), TileWidth(kLeaves, level, index) == kTileHashes);
    }
  }
  EXPECT_EQ(tiles.at("tile/0/003").substr(5 * kSha256Bytes, kSha256Bytes), LeafHash(3 * 256 + 5));
  EXPECT_EQ(tiles.at("tile/1/000").substr(3 * kSha256Bytes, kSha256Bytes), PerfectRoot(tiles.at("tile/0/003")));
  std::vector<std::pair<std::string, size_t>> partial;
  builder.ForEachPartial(
      [&](const TileCoordinates& tile, std::string_view hashes) { partial.emplace_back(TilePath(tile), hashes.size()); });
  EXPECT_THAT(partial, ElementsAre(Pair("tile/0/257.p/208", 208 * 32), Pair("tile/1/001.p/1", 32), Pair("tile/2/000.p/1", 32)));
}

TEST(TileBuilder, GoesOnFromItsEdge) {
  TileBuilder builder;
  const auto ignore = [](const TileCoordinates&, std::string_view) {};
  for (uint64_t size = 0; size < 1000; ++size) {
    auto restored = TileBuilder::Restore(size, builder.edge());
    ASSERT_TRUE(restored.ok()) << restored.status();
    restored->Append(LeafHash(size), ignore);
    builder.Append(LeafHash(size), ignore);
    ASSERT_EQ(restored->Root(), builder.Root());
  }
}

TEST(TileBuilder, RefusesAnEdgeThatDoesNotFitTheSize) {
  const std::string hash(kSha256Bytes, 'h');
  EXPECT_TRUE(TileBuilder::Restore(257, {hash, hash}).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(TileBuilder::Restore(257, {hash}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(TileBuilder::Restore(257, {hash + hash, hash}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(TileBuilder::Restore(1, {hash.substr(1)}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(TileBuilder::Restore(0, {hash}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(TileBuilder::Restore(0, std::vector<std::string>(9)).status()));
}

}  // namespace
}  // namespace otokura::crypto
