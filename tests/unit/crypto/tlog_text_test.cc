// Checkpoints, proofs and entry bundles: what is written is read back, and nothing else is read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "crypto/merkle.h"
#include "crypto/tlog/checkpoint.h"
#include "crypto/tlog/decimal.h"
#include "crypto/tlog/entry_bundle.h"
#include "crypto/tlog/proof_text.h"
#include "tests/unit/crypto/secrets_for_test.h"

namespace otokura::crypto {
namespace {

using ::testing::HasSubstr;

constexpr char kOrigin[] = "calls.example/otokura/1";

NoteSigner Signer(const std::string& name = kOrigin, char seed = 's') {
  auto signer = NoteSigner::Create(name, Secret(std::string(32, seed)));
  EXPECT_TRUE(signer.ok()) << signer.status();
  return *std::move(signer);
}
NoteVerifier VerifierOf(const NoteSigner& signer) { return NoteVerifier::Parse(signer.VerifierKey()).value(); }

TEST(Decimal, OneFormANumber) {
  EXPECT_EQ(ParseDecimal("0"), 0u);
  EXPECT_EQ(ParseDecimal("20852163"), 20852163u);
  EXPECT_EQ(ParseDecimal("18446744073709551615"), ~uint64_t{0});
  for (const char* text : {"", "00", "01", "+1", "-1", " 1", "1 ", "1.0", "0x1", "18446744073709551616", "one"}) {
    EXPECT_EQ(ParseDecimal(text), std::nullopt) << text;
  }
}

// The example of the specification.
TEST(CheckpointText, TheSpecificationsExample) {
  const std::string text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
  const auto checkpoint = ParseCheckpoint(text);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(checkpoint->origin, "example.com/behind-the-sofa");
  EXPECT_EQ(checkpoint->tree_size, 20852163u);
  EXPECT_EQ(absl::Base64Escape(checkpoint->root), "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
  EXPECT_EQ(FormatCheckpoint(*checkpoint).value(), text);
}

TEST(CheckpointText, ExtensionLinesAreKept) {
  const Checkpoint checkpoint{kOrigin, 0, MerkleEmptyRoot(), {"one", "two words"}};
  EXPECT_EQ(ParseCheckpoint(FormatCheckpoint(checkpoint).value()).value(), checkpoint);
}

TEST(CheckpointText, WhatIsMalformedIsRefused) {
  const std::string root = absl::Base64Escape(MerkleEmptyRoot());
  const std::vector<std::string> texts = {"",
                                          "o\n",
                                          "o\n1\n",
                                          absl::StrCat("o\n1\n", root),
                                          absl::StrCat("\n1\n", root, "\n"),
                                          absl::StrCat("o\n01\n", root, "\n"),
                                          absl::StrCat("o\n-1\n", root, "\n"),
                                          absl::StrCat("o\n\n", root, "\n"),
                                          absl::StrCat("o\n1\n", root.substr(4), "\n"),
                                          absl::StrCat("o\n1\n", root.substr(0, root.size() - 1), "\n"),
                                          absl::StrCat("o\n1\n", root, " \n"),
                                          absl::StrCat("o\n1\n", root, "\n\n"),
                                          absl::StrCat("o\n1\n", root, "\nx\n\n"),
                                          absl::StrCat("o\n1\n", root, "\nx")};
  for (const std::string& text : texts) EXPECT_TRUE(absl::IsInvalidArgument(ParseCheckpoint(text).status())) << text;
}

TEST(CheckpointText, WhatWouldNotBeReadBackIsNotWritten) {
  EXPECT_FALSE(FormatCheckpoint({"", 0, MerkleEmptyRoot()}).ok());
  EXPECT_FALSE(FormatCheckpoint({"a\nb", 0, MerkleEmptyRoot()}).ok());
  EXPECT_FALSE(FormatCheckpoint({"o", 0, "short"}).ok());
  EXPECT_FALSE(FormatCheckpoint({"o", 0, MerkleEmptyRoot(), {""}}).ok());
  EXPECT_FALSE(FormatCheckpoint({"o", 0, MerkleEmptyRoot(), {"a\nb"}}).ok());
}

TEST(OpenCheckpoint, I7_SpeaksForItsOwnLogOnly) {
  const NoteSigner signer = Signer();
  const Checkpoint checkpoint{kOrigin, 3, MerkleLeafHash("x")};
  const std::string note = signer.Sign(FormatCheckpoint(checkpoint).value()).value();
  EXPECT_EQ(OpenCheckpoint(note, VerifierOf(signer)).value(), checkpoint);
  EXPECT_TRUE(absl::IsPermissionDenied(OpenCheckpoint(note, VerifierOf(Signer(kOrigin, 't'))).status())) << "another key";
  const std::string foreign = signer.Sign(FormatCheckpoint({"other.example", 3, MerkleLeafHash("x")}).value()).value();
  EXPECT_TRUE(absl::IsPermissionDenied(OpenCheckpoint(foreign, VerifierOf(signer)).status())) << "another origin";
}

TEST(OpenCheckpoint, I7_EveryChangedByteOfItsTextIsFound) {
  const NoteSigner signer = Signer();
  const std::string text = FormatCheckpoint({kOrigin, 1234567, MerkleLeafHash("x")}).value();
  const std::string note = signer.Sign(text).value();
  for (size_t at = 0; at < text.size(); ++at) {
    std::string changed = note;
    changed[at] ^= 1;
    EXPECT_FALSE(OpenCheckpoint(changed, VerifierOf(signer)).ok()) << "byte " << at;
  }
}

LogProof ProofForTest(const NoteSigner& signer, const std::string& leaf) {
  const std::string sibling = MerkleLeafHash("sibling");
  const std::string root = MerkleNodeHash(MerkleLeafHash(leaf), sibling);
  return {leaf, 0, {sibling}, signer.Sign(FormatCheckpoint({kOrigin, 2, root}).value()).value()};
}

TEST(ProofText, WhatIsWrittenIsReadBackAndHolds) {
  const NoteSigner signer = Signer();
  for (const std::string& leaf : {std::string("entry"), std::string(kEntryBytesMax, 'e')}) {
    const LogProof proof = ProofForTest(signer, leaf);
    const std::string text = FormatProof(proof);
    EXPECT_THAT(text, testing::StartsWith("c2sp.org/tlog-proof@v1\nextra "));
    const auto parsed = ParseProof(text);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->extra, leaf);
    EXPECT_EQ(parsed->index, proof.index);
    EXPECT_EQ(parsed->hashes, proof.hashes);
    EXPECT_EQ(parsed->checkpoint, proof.checkpoint);
    EXPECT_EQ(FormatProof(*parsed), text);
    EXPECT_EQ(VerifyProof(*parsed, leaf, VerifierOf(signer)), absl::OkStatus());
    EXPECT_TRUE(absl::IsDataLoss(VerifyProof(*parsed, "another", VerifierOf(signer))));
  }
}

// A proof of another tool, without extra data.
TEST(ProofText, ExtraDataMayBeMissing) {
  LogProof proof = ProofForTest(Signer(), "entry");
  proof.extra.clear();
  const std::string text = FormatProof(proof);
  EXPECT_THAT(text, testing::StartsWith("c2sp.org/tlog-proof@v1\nindex 0\n"));
  EXPECT_EQ(ParseProof(text).value().extra, "");
}

TEST(ProofText, WhatIsMalformedIsRefused) {
  const std::string hash = absl::Base64Escape(MerkleEmptyRoot());
  const std::string many = [&hash] {
    std::string lines;
    for (int i = 0; i < 65; ++i) lines += hash + "\n";
    return lines;
  }();
  const std::vector<std::string> texts = {"",
                                          "c2sp.org/tlog-proof@v2\nindex 0\n\nx\n",
                                          "c2sp.org/tlog-proof@v1",
                                          "c2sp.org/tlog-proof@v1\n",
                                          "c2sp.org/tlog-proof@v1\nindex 00\n\nx\n",
                                          "c2sp.org/tlog-proof@v1\nindex\n\nx\n",
                                          "c2sp.org/tlog-proof@v1\nextra !\nindex 0\n\nx\n",
                                          "c2sp.org/tlog-proof@v1\nextra \nindex 0\n\nx\n",
                                          "c2sp.org/tlog-proof@v1\nindex 0\nextra eA==\n\nx\n",
                                          "c2sp.org/tlog-proof@v1\nindex 0\n",
                                          "c2sp.org/tlog-proof@v1\nindex 0\n\n",
                                          absl::StrCat("c2sp.org/tlog-proof@v1\nindex 0\n", hash, "\n"),
                                          absl::StrCat("c2sp.org/tlog-proof@v1\nindex 0\n", hash.substr(4), "\n\nx\n"),
                                          absl::StrCat("c2sp.org/tlog-proof@v1\nindex 0\n", many, "\nx\n"),
                                          std::string(kProofTextBytesMax + 1, 'x')};
  for (const std::string& text : texts) EXPECT_TRUE(absl::IsInvalidArgument(ParseProof(text).status())) << text.substr(0, 100);
}

// Random damage never proves anything but what was proven, and never reads past an end (sanitizers watch).
TEST(ProofText, I7_RandomDamageIsFound) {
  const NoteSigner signer = Signer();
  const std::string text = FormatProof(ProofForTest(signer, "entry"));
  const uint32_t seed = 20260401;
  std::mt19937 random(seed);
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = text;
    for (uint32_t changes = 1 + random() % 3; changes > 0 && !damaged.empty(); --changes) {
      const size_t at = random() % damaged.size();
      switch (random() % 4) {
        case 0:
          damaged[at] = static_cast<char>(random());
          break;
        case 1:
          damaged.erase(at, 1 + random() % 8);
          break;
        case 2:
          damaged.insert(at, 1, static_cast<char>(random()));
          break;
        default:
          damaged.resize(at + 1);
          break;
      }
    }
    const auto proof = ParseProof(damaged);
    if (!proof.ok() || !VerifyProof(*proof, proof->extra, VerifierOf(signer)).ok()) continue;
    EXPECT_EQ(proof->extra, "entry") << "seed " << seed << " round " << round;
    EXPECT_EQ(proof->index, 0u);
  }
}

TEST(EntryBundle, WhatIsAppendedIsWalked) {
  std::string bundle;
  const std::vector<std::string> entries = {"", "a", std::string(256, 'b'), std::string(kEntryBytesMax, 'c')};
  for (const std::string& entry : entries) ASSERT_TRUE(AppendEntry(entry, &bundle).ok());
  EXPECT_EQ(bundle.substr(0, 5), std::string("\0\0\0\1a", 5));
  EntryBundleReader reader(bundle);
  for (const std::string& entry : entries) {
    EXPECT_FALSE(reader.AtEnd());
    EXPECT_EQ(reader.Next(), entry);
  }
  EXPECT_TRUE(reader.AtEnd());
  EXPECT_EQ(reader.Next(), std::nullopt);
}

TEST(EntryBundle, AnEntryTooLongIsRefused) {
  std::string bundle;
  EXPECT_TRUE(absl::IsInvalidArgument(AppendEntry(std::string(kEntryBytesMax + 1, 'x'), &bundle)));
  EXPECT_EQ(bundle, "");
}

TEST(EntryBundle, ACutBundleNeverEndsWell) {
  std::string bundle;
  ASSERT_TRUE(AppendEntry("first", &bundle).ok());
  const size_t first = bundle.size();
  ASSERT_TRUE(AppendEntry("second", &bundle).ok());
  for (size_t size = 1; size < bundle.size(); ++size) {
    if (size == first) continue;
    EntryBundleReader reader(std::string_view(bundle).substr(0, size));
    while (reader.Next()) {
    }
    EXPECT_FALSE(reader.AtEnd()) << size << " bytes";
  }
}

}  // namespace
}  // namespace otokura::crypto
