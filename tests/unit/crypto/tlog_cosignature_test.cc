// Cosignatures of witnesses, and the request that asks for one.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "crypto/sha256.h"
#include "crypto/tlog/add_checkpoint.h"
#include "crypto/tlog/cosignature.h"
#include "tests/unit/crypto/secrets_for_test.h"

namespace otokura::crypto {
namespace {

constexpr std::string_view kText = "otokura.example/log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
constexpr uint64_t kTime = 1679315147;
// Made with openssl and a few lines of Python by the specification alone, from the seed of 32 times 'w'.
constexpr char kName[] = "witness.example/w1";
constexpr char kVerifierKey[] = "witness.example/w1+773a6c12+BMhTrQ8M0rYZrqks7sT9VqJNZJnVhM55JX5Fz9gTm2Cn";
constexpr char kLine[] =
    "— witness.example/w1 "
    "dzpsEgAAAABkGFDLe2ol1iaBNSBm5u67itjhwOzNB7KKzBl+Y2kdbQmQCBcPAnDqsBN2CdAfcLo6x8HS6Rmxq01iGkw7kBU0oVwrCw==\n";

CosignatureSigner Signer(std::string_view name, char fill) {
  absl::StatusOr<CosignatureSigner> signer = CosignatureSigner::Create(name, KeyOf(fill));
  EXPECT_TRUE(signer.ok()) << signer.status();
  return *std::move(signer);
}

TEST(Cosignature, IsWhatTheSpecificationMakesOfTheSameKeyAndTime) {
  const CosignatureSigner signer = Signer(kName, 'w');
  EXPECT_EQ(signer.VerifierKey(), kVerifierKey);
  EXPECT_EQ(signer.Cosign(kText, kTime), kLine);
}

TEST(Cosignature, IsFoundAmongOthersAndTellsItsTime) {
  const auto verifier = CosignatureVerifier::Parse(kVerifierKey);
  ASSERT_TRUE(verifier.ok()) << verifier.status();
  const std::string other = Signer("other.example", 'o').Cosign(kText, kTime);
  const auto found = verifier->Find(other + kLine, kText);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->unix_seconds, kTime);
  EXPECT_EQ(found->line, kLine);
  EXPECT_TRUE(absl::IsNotFound(verifier->Find(other, kText).status()));
  EXPECT_TRUE(absl::IsNotFound(verifier->Find("", kText).status()));
  EXPECT_TRUE(absl::IsNotFound(verifier->Find(Signer(kName, 'x').Cosign(kText, kTime), kText).status())) << "another key of that name";
}

TEST(Cosignature, I7_EveryFlippedBitIsFound) {
  const auto verifier = CosignatureVerifier::Parse(kVerifierKey);
  ASSERT_TRUE(verifier.ok()) << verifier.status();
  std::string line = kLine;
  for (size_t bit = 0; bit < line.size() * 8; ++bit) {
    line[bit / 8] = static_cast<char>(kLine[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(verifier->Find(line, kText).ok()) << "bit " << bit;
    line[bit / 8] = kLine[bit / 8];
  }
  std::string text(kText);
  for (size_t bit = 0; bit < text.size() * 8; ++bit) {
    text[bit / 8] = static_cast<char>(kText[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_TRUE(absl::IsDataLoss(verifier->Find(kLine, text).status())) << "bit " << bit;
    text[bit / 8] = kText[bit / 8];
  }
}

TEST(Cosignature, KeysOfOtherKindsAreRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(
      CosignatureVerifier::Parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").status()));
  EXPECT_FALSE(CosignatureVerifier::Parse("").ok());
  EXPECT_FALSE(CosignatureSigner::Create("with space", KeyOf('w')).ok());
  EXPECT_FALSE(CosignatureSigner::Create(kName, Secret("short")).ok());
}

TEST(AddCheckpoint, ReadsWhatItWrites) {
  const std::string note = std::string(kText) + "\n— otokura.example/log AAAAAAAA\n";
  for (size_t hashes : {size_t{0}, size_t{1}, kConsistencyHashesMax}) {
    AddCheckpoint request{.old_size = 20852014, .checkpoint = note};
    for (size_t i = 0; i < hashes; ++i) request.consistency.push_back(Sha256(std::string(i, 'x')));
    const auto parsed = ParseAddCheckpoint(FormatAddCheckpoint(request));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->old_size, request.old_size);
    EXPECT_EQ(parsed->consistency, request.consistency);
    EXPECT_EQ(parsed->checkpoint, note);
  }
}

TEST(AddCheckpoint, WhatIsMalformedIsRefused) {
  AddCheckpoint too_long{.old_size = 1, .consistency = std::vector<std::string>(kConsistencyHashesMax + 1, Sha256("")), .checkpoint = "x"};
  for (const std::string& text :
       {std::string(), std::string("old 1"), std::string("old 01\n\nnote"), std::string("old -1\n\nnote"), std::string("new 1\n\nnote"),
        std::string("old 1\nAAAA\n\nnote"), std::string("old 1\nnote"), FormatAddCheckpoint(too_long)}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseAddCheckpoint(text).status())) << text;
  }
}

}  // namespace
}  // namespace otokura::crypto
