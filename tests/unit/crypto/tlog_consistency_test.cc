// Consistency proofs as texts: a log that only grew is proven, one that was rewritten is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "crypto/merkle.h"
#include "crypto/tlog/consistency_text.h"
#include "crypto/tlog/proofs.h"
#include "tests/unit/crypto/secrets_for_test.h"

namespace otokura::crypto {
namespace {

using ::testing::HasSubstr;

class LeafHashes : public HashReader {
 public:
  explicit LeafHashes(const std::vector<std::string>* leaves) : leaves_(leaves) {}
  absl::StatusOr<std::string> SubtreeRoot(int height, uint64_t index) override { return RootOf(index << height, (index + 1) << height); }
  std::string RootOf(uint64_t first, uint64_t end) const {
    MerkleFrontier tree;
    for (uint64_t i = first; i < end; ++i) tree.Append(MerkleLeafHash((*leaves_)[i]));
    return tree.Root();
  }

 private:
  const std::vector<std::string>* const leaves_;
};

class ConsistencyText : public ::testing::Test {
 protected:
  ConsistencyText() {
    for (int i = 0; i < 40; ++i) leaves_.push_back(absl::StrCat("leaf ", i));
  }
  std::string Note(uint64_t size) const {
    return *signer_.Sign(*FormatCheckpoint({signer_.name(), size, LeafHashes(&leaves_).RootOf(0, size)}));
  }
  ConsistencyProof Prove(uint64_t old_size, uint64_t new_size) {
    LeafHashes hashes(&leaves_);
    return {Note(old_size), *ProveConsistency(old_size, new_size, hashes), Note(new_size)};
  }
  absl::StatusOr<Extended> Verify(const std::string& text) const {
    const auto proof = ParseConsistencyProof(text);
    return proof.ok() ? VerifyConsistencyProof(*proof, key_) : proof.status();
  }

  const NoteSigner signer_ = NoteSigner::Create("calls.example/otokura/1", Secret(std::string(32, 's'))).value();
  const NoteVerifier key_ = NoteVerifier::Parse(signer_.VerifierKey()).value();
  std::vector<std::string> leaves_;
};

TEST_F(ConsistencyText, I7_EveryPairOfSizesOfALogThatOnlyGrewHolds) {
  for (uint64_t newer = 1; newer <= leaves_.size(); ++newer) {
    for (uint64_t older = 1; older <= newer; ++older) {
      const auto extended = Verify(FormatConsistencyProof(Prove(older, newer)));
      ASSERT_TRUE(extended.ok()) << older << " to " << newer << ": " << extended.status();
      EXPECT_EQ(extended->older.tree_size, older);
      EXPECT_EQ(extended->newer.tree_size, newer);
    }
  }
}

TEST_F(ConsistencyText, I7_ARewrittenLogIsFound) {
  const std::string older = Note(13);
  leaves_[5] = "rewritten";
  ConsistencyProof proof = Prove(13, 37);
  proof.old_checkpoint = older;
  EXPECT_TRUE(absl::IsDataLoss(Verify(FormatConsistencyProof(proof)).status()));
}

TEST_F(ConsistencyText, I7_BothCheckpointsMustBeOfTheKey) {
  const NoteSigner other = NoteSigner::Create("calls.example/otokura/1", Secret(std::string(32, 'x'))).value();
  const std::string foreign = *other.Sign(*FormatCheckpoint({other.name(), 37, LeafHashes(&leaves_).RootOf(0, 37)}));
  ConsistencyProof proof = Prove(13, 37);
  proof.checkpoint = foreign;
  EXPECT_THAT(Verify(FormatConsistencyProof(proof)).status().message(), HasSubstr("newer checkpoint: note: no known key signed it"));
  proof = Prove(37, 40);
  proof.old_checkpoint = foreign;
  EXPECT_THAT(Verify(FormatConsistencyProof(proof)).status().message(), HasSubstr("older checkpoint: note: no known key signed it"));
}

TEST_F(ConsistencyText, I7_RandomDamageIsFound) {
  const std::string text = FormatConsistencyProof(Prove(13, 37));
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  for (int i = 0; i < 2000; ++i) {
    std::string bent = text;
    bent[random() % bent.size()] ^= static_cast<char>(1 << (random() % 8));
    const auto extended = Verify(bent);
    EXPECT_FALSE(extended.ok()) << bent;
  }
}

TEST_F(ConsistencyText, WhatIsMalformedIsRefused) {
  const std::string text = FormatConsistencyProof(Prove(13, 37));
  EXPECT_TRUE(IsConsistencyProof(text));
  for (size_t cut = 0; cut < text.size(); ++cut) EXPECT_FALSE(Verify(text.substr(0, cut)).ok()) << cut;
  ConsistencyProof proof = Prove(13, 37);
  proof.hashes.assign(66, std::string(32, 'h'));
  EXPECT_THAT(ParseConsistencyProof(FormatConsistencyProof(proof)).status().message(), HasSubstr("at most 65 lines"));
  EXPECT_FALSE(IsConsistencyProof("c2sp.org/tlog-proof@v1\n"));
  EXPECT_TRUE(absl::IsInvalidArgument(ParseConsistencyProof(std::string(kConsistencyTextBytesMax + 1, 'a')).status()));
}

}  // namespace
}  // namespace otokura::crypto
