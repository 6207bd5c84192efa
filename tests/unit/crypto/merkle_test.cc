#include "crypto/merkle.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "crypto/sha256.h"
#include "tests/unit/crypto/secrets_for_test.h"

namespace otokura::crypto {
namespace {

constexpr uint64_t kLeaves = 70;

std::string LeafHash(uint64_t index) { return MerkleLeafHash("leaf " + std::to_string(index)); }

// RFC 6962 §2.1 as it is written: recursive, over leaves [begin, end).
uint64_t SplitOf(uint64_t leaves) {
  uint64_t split = 1;
  while (split * 2 < leaves) split *= 2;
  return split;
}
std::string RootOf(uint64_t begin, uint64_t end) {
  if (begin == end) return MerkleEmptyRoot();
  if (end - begin == 1) return LeafHash(begin);
  const uint64_t middle = begin + SplitOf(end - begin);
  return MerkleNodeHash(RootOf(begin, middle), RootOf(middle, end));
}
std::vector<std::string> InclusionProof(uint64_t index, uint64_t begin, uint64_t end) {
  if (end - begin == 1) return {};
  const uint64_t middle = begin + SplitOf(end - begin);
  std::vector<std::string> proof = index < middle ? InclusionProof(index, begin, middle) : InclusionProof(index, middle, end);
  proof.push_back(index < middle ? RootOf(middle, end) : RootOf(begin, middle));
  return proof;
}
std::vector<std::string> ConsistencyProof(uint64_t old_end, uint64_t begin, uint64_t end, bool whole) {
  if (old_end == end) return whole ? std::vector<std::string>{} : std::vector<std::string>{RootOf(begin, end)};
  const uint64_t middle = begin + SplitOf(end - begin);
  std::vector<std::string> proof =
      old_end <= middle ? ConsistencyProof(old_end, begin, middle, whole) : ConsistencyProof(old_end, middle, end, false);
  proof.push_back(old_end <= middle ? RootOf(middle, end) : RootOf(begin, middle));
  return proof;
}

TEST(Merkle, TheEmptyTreeIsTheHashOfNothing) {
  EXPECT_EQ(absl::BytesToHexString(MerkleFrontier().Root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(MerkleFrontier, GrowsToTheRootOfEverySize) {
  MerkleFrontier frontier;
  for (uint64_t size = 0; size <= kLeaves; ++size) {
    EXPECT_EQ(frontier.size(), size);
    EXPECT_EQ(frontier.Root(), RootOf(0, size)) << size << " leaves";
    absl::StatusOr<MerkleFrontier> restored = MerkleFrontier::Restore(size, frontier.roots());
    ASSERT_TRUE(restored.ok()) << restored.status();
    EXPECT_EQ(restored->Root(), frontier.Root());
    restored->Append(LeafHash(size));
    frontier.Append(LeafHash(size));
    EXPECT_EQ(restored->Root(), frontier.Root());
  }
}

TEST(MerkleFrontier, RefusesRootsThatDoNotFitTheSize) {
  EXPECT_TRUE(absl::IsInvalidArgument(MerkleFrontier::Restore(3, {LeafHash(0)}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(MerkleFrontier::Restore(0, {LeafHash(0)}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(MerkleFrontier::Restore(1, {"short"}).status()));
}

TEST(Merkle, I7_InclusionHoldsForItsLeafAloneAtEverySize) {
  for (uint64_t size = 1; size <= kLeaves; ++size) {
    const std::string root = RootOf(0, size);
    for (uint64_t index = 0; index < size; ++index) {
      std::vector<std::string> proof = InclusionProof(index, 0, size);
      ASSERT_TRUE(VerifyInclusion(index, size, LeafHash(index), proof, root).ok()) << index << " of " << size;
      EXPECT_TRUE(absl::IsDataLoss(VerifyInclusion(index, size, LeafHash(index + 1), proof, root)));
      EXPECT_TRUE(absl::IsDataLoss(VerifyInclusion(index, size, LeafHash(index), proof, LeafHash(kLeaves + 1))));
      proof.push_back(root);
      EXPECT_TRUE(absl::IsDataLoss(VerifyInclusion(index, size, LeafHash(index), proof, root)));
      proof.pop_back();
      if (proof.empty()) continue;
      proof.pop_back();
      EXPECT_TRUE(absl::IsDataLoss(VerifyInclusion(index, size, LeafHash(index), proof, root)));
    }
  }
}

TEST(Merkle, I7_ConsistencyHoldsBetweenEveryTwoSizes) {
  for (uint64_t size = 1; size <= kLeaves; ++size) {
    const std::string new_root = RootOf(0, size);
    for (uint64_t old_size = 1; old_size <= size; ++old_size) {
      const std::string old_root = RootOf(0, old_size);
      std::vector<std::string> proof = ConsistencyProof(old_size, 0, size, true);
      ASSERT_TRUE(VerifyConsistency(old_size, size, old_root, new_root, proof).ok()) << old_size << " to " << size;
      EXPECT_TRUE(absl::IsDataLoss(VerifyConsistency(old_size, size, LeafHash(kLeaves + 1), new_root, proof)));
      EXPECT_TRUE(absl::IsDataLoss(VerifyConsistency(old_size, size, old_root, LeafHash(kLeaves + 1), proof)));
      proof.push_back(new_root);
      EXPECT_TRUE(absl::IsDataLoss(VerifyConsistency(old_size, size, old_root, new_root, proof)));
    }
  }
}

TEST(Merkle, SizesThatCannotBeAreRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(VerifyInclusion(0, 0, LeafHash(0), {}, MerkleEmptyRoot())));
  EXPECT_TRUE(absl::IsInvalidArgument(VerifyInclusion(5, 5, LeafHash(0), {}, MerkleEmptyRoot())));
  EXPECT_TRUE(absl::IsInvalidArgument(VerifyConsistency(0, 5, MerkleEmptyRoot(), RootOf(0, 5), {})));
  EXPECT_TRUE(absl::IsInvalidArgument(VerifyConsistency(6, 5, RootOf(0, 6), RootOf(0, 5), {})));
  EXPECT_TRUE(absl::IsInvalidArgument(VerifyInclusion(0, 2, LeafHash(0), std::vector<std::string>{"short"}, RootOf(0, 2))));
  EXPECT_TRUE(absl::IsInvalidArgument(VerifyInclusion(0, 2, LeafHash(0), std::vector<std::string>(129, LeafHash(1)), RootOf(0, 2))));
}

TEST(Sha256, RunningDigestsAgreeWithWholeOnes) {
  Sha256Stream stream;
  EXPECT_EQ(stream.Digest(), Sha256(""));
  stream.Update("abc");
  EXPECT_EQ(absl::BytesToHexString(stream.Digest()), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  stream.Update("def");
  EXPECT_EQ(stream.Digest(), Sha256("abcdef"));
}

// RFC 4231, case 2.
TEST(Sha256, HmacFollowsTheRfc) {
  EXPECT_EQ(absl::BytesToHexString(HmacSha256(Secret("Jefe"), "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  // Case 6: a key longer than a block.
  EXPECT_EQ(absl::BytesToHexString(HmacSha256(Secret(std::string(131, '\xaa')), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

}  // namespace
}  // namespace otokura::crypto
