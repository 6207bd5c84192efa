// Proofs made from tiles, against the published vectors, and against the checks of crypto/merkle.h at every size.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "crypto/merkle.h"
#include "crypto/tlog/proofs.h"
#include "crypto/tlog/tile_builder.h"
#include "crypto/tlog/tile_hash_reader.h"

namespace otokura::crypto {
namespace {

using Json = nlohmann::json;

// The tiles of a growing tree, and the root that it had at every size.
class GrowingTree : public TileReader {
 public:
  void Append(std::string_view leaf) {
    const std::string hash = MerkleLeafHash(leaf);
    builder_.Append(hash, [this](const TileCoordinates& tile, std::string_view hashes) { full_[{tile.level, tile.index}] = hashes; });
    frontier_.Append(hash);
    roots_.push_back(frontier_.Root());
  }
  absl::StatusOr<std::string> ReadTile(const TileCoordinates& tile) override {
    ++reads_;
    std::string kept;
    if (const auto found = full_.find({tile.level, tile.index}); found != full_.end()) kept = found->second;
    builder_.ForEachPartial([&](const TileCoordinates& partial, std::string_view hashes) {
      if (partial.level == tile.level && partial.index == tile.index) kept = hashes;
    });
    if (kept.size() < tile.width * kSha256Bytes) return absl::DataLossError("no such tile");
    return kept.substr(0, tile.width * kSha256Bytes);
  }
  uint64_t size() const { return builder_.size(); }
  const std::string& root(uint64_t size) const { return roots_[size]; }
  int reads() const { return reads_; }

 private:
  TileBuilder builder_;
  MerkleFrontier frontier_;
  std::map<std::pair<int, uint64_t>, std::string> full_;
  std::vector<std::string> roots_{MerkleEmptyRoot()};
  int reads_ = 0;
};

std::string Leaf(uint64_t index) { return "leaf " + std::to_string(index); }

TEST(Proofs, I7_EveryInclusionOfEverySmallTreeHolds) {
  GrowingTree tree;
  for (uint64_t size = 1; size <= 70; ++size) {
    tree.Append(Leaf(size - 1));
    for (uint64_t index = 0; index < size; ++index) {
      TileHashReader hashes(&tree, size);
      const auto proof = ProveInclusion(index, size, hashes);
      ASSERT_TRUE(proof.ok()) << proof.status();
      EXPECT_TRUE(VerifyInclusion(index, size, MerkleLeafHash(Leaf(index)), *proof, tree.root(size)).ok()) << index << " of " << size;
    }
  }
}

TEST(Proofs, I7_SizesAroundTileBoundaries) {
  GrowingTree tree;
  while (tree.size() < 66100) tree.Append(Leaf(tree.size()));
  const uint64_t sizes[] = {1, 2, 255, 256, 257, 511, 512, 513, 1000, 65535, 65536, 65537, 65792, 66100};
  for (uint64_t size : sizes) {
    TileHashReader hashes(&tree, size);
    EXPECT_EQ(TreeRoot(size, hashes).value(), tree.root(size));
    for (uint64_t index : {uint64_t{0}, size / 3, size / 2, size - 1}) {
      const auto proof = ProveInclusion(index, size, hashes);
      ASSERT_TRUE(proof.ok()) << proof.status();
      EXPECT_TRUE(VerifyInclusion(index, size, MerkleLeafHash(Leaf(index)), *proof, tree.root(size)).ok()) << index << " of " << size;
    }
    for (uint64_t old_size : sizes) {
      if (old_size > size) continue;
      const auto proof = ProveConsistency(old_size, size, hashes);
      ASSERT_TRUE(proof.ok()) << proof.status();
      EXPECT_TRUE(VerifyConsistency(old_size, size, tree.root(old_size), tree.root(size), *proof).ok()) << old_size << " to " << size;
    }
  }
}

TEST(Proofs, ReadOnlyTheTilesOnTheWay) {
  GrowingTree tree;
  while (tree.size() < 66100) tree.Append(Leaf(tree.size()));
  TileHashReader hashes(&tree, tree.size());
  ASSERT_TRUE(ProveInclusion(1234, tree.size(), hashes).ok());
  EXPECT_LE(tree.reads(), 6);
}

TEST(Proofs, WhatCannotBeIsRefused) {
  GrowingTree tree;
  for (uint64_t i = 0; i < 10; ++i) tree.Append(Leaf(i));
  TileHashReader hashes(&tree, 10);
  EXPECT_TRUE(absl::IsInvalidArgument(ProveInclusion(10, 10, hashes).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ProveInclusion(0, 0, hashes).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ProveConsistency(0, 10, hashes).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ProveConsistency(10, 9, hashes).status()));
  EXPECT_FALSE(TreeRoot(11, hashes).ok());
  EXPECT_EQ(TreeRoot(0, hashes).value(), MerkleEmptyRoot());
}

TEST(Proofs, ATileThatIsGoneIsAnError) {
  GrowingTree tree;
  for (uint64_t i = 0; i < 10; ++i) tree.Append(Leaf(i));
  TileHashReader hashes(&tree, 300);  // says more than the tree has
  EXPECT_TRUE(absl::IsDataLoss(ProveInclusion(3, 300, hashes).status()));
}

// The tree of the published vectors, which Certificate Transparency has used from the start.
class PublishedTree : public ::testing::Test {
 protected:
  PublishedTree() {
    for (const char* leaf : {"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}) {
      tree_.Append(absl::HexStringToBytes(leaf));
    }
  }
  // The happy paths over that tree: the files hold trees of made-up sizes and roots as well.
  static bool IsOverThisTree(const Json& test, const char* kind) {
    const std::string name = test.at("name").get<std::string>();
    return name.starts_with(kind) && name.ends_with("/happy-path.json") && !test.at("wantErr").get<bool>();
  }
  static Json Load(const char* name) {
    const char* folder = std::getenv("OTOKURA_VECTORS_DIR");
    std::ifstream file(std::string(folder == nullptr ? "." : folder) + "/" + name);
    return file ? Json::parse(file).at("tests") : Json();
  }
  static std::string Base64(const Json& value) {
    std::string bytes;
    EXPECT_TRUE(absl::Base64Unescape(value.get<std::string>(), &bytes));
    return bytes;
  }
  static std::vector<std::string> Proof(const Json& test) {
    std::vector<std::string> proof;
    if (!test.at("proof").is_null()) {
      for (const Json& hash : test.at("proof")) proof.push_back(Base64(hash));
    }
    return proof;
  }

  GrowingTree tree_;
};

TEST_F(PublishedTree, InclusionProofsAreThePublishedOnes) {
  const Json tests = Load("merkle_inclusion.json");
  if (tests.is_null()) GTEST_SKIP() << "merkle_inclusion.json: absent; set OTOKURA_VECTORS_DIR to the folder of published vectors";
  int compared = 0;
  for (const Json& test : tests) {
    const uint64_t size = test.at("treeSize").get<uint64_t>();
    if (!IsOverThisTree(test, "inclusion/")) continue;
    TileHashReader hashes(&tree_, size);
    EXPECT_EQ(ProveInclusion(test.at("leafIdx").get<uint64_t>(), size, hashes).value(), Proof(test)) << test.at("name");
    EXPECT_EQ(tree_.root(size), Base64(test.at("root"))) << test.at("name");
    ++compared;
  }
  EXPECT_GE(compared, 4);
}

TEST_F(PublishedTree, ConsistencyProofsAreThePublishedOnes) {
  const Json tests = Load("merkle_consistency.json");
  if (tests.is_null()) GTEST_SKIP() << "merkle_consistency.json: absent; set OTOKURA_VECTORS_DIR to the folder of published vectors";
  int compared = 0;
  for (const Json& test : tests) {
    const uint64_t old_size = test.at("size1").get<uint64_t>();
    const uint64_t size = test.at("size2").get<uint64_t>();
    if (!IsOverThisTree(test, "consistency/")) continue;
    TileHashReader hashes(&tree_, size);
    EXPECT_EQ(ProveConsistency(old_size, size, hashes).value(), Proof(test)) << test.at("name");
    EXPECT_EQ(tree_.root(old_size), Base64(test.at("root1"))) << test.at("name");
    ++compared;
  }
  EXPECT_GE(compared, 4);
}

}  // namespace
}  // namespace otokura::crypto
