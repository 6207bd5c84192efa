// The keys of a log: hand-overs are followed, and a key that handed over speaks no more.
#include "crypto/tlog/log_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "crypto/merkle.h"
#include "tests/unit/crypto/secrets_for_test.h"

namespace otokura::crypto {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kOrigin[] = "calls.example/otokura/1";

NoteSigner Signer(char seed, const std::string& name = kOrigin) { return NoteSigner::Create(name, Secret(std::string(32, seed))).value(); }
NoteVerifier VerifierOf(const NoteSigner& signer) { return NoteVerifier::Parse(signer.VerifierKey()).value(); }
std::string Root(uint64_t size) { return MerkleLeafHash(absl::StrCat(size)); }

class LogKeysTest : public ::testing::Test {
 protected:
  static std::string Note(const NoteSigner& signer, uint64_t size) { return *signer.Sign(*FormatCheckpoint({kOrigin, size, Root(size)})); }
  static std::string HandOver(const NoteSigner& from, const NoteSigner& to, uint64_t size) {
    return SignHandOver(from, to, size, Root(size)).value();
  }

  const NoteSigner a_ = Signer('a'), b_ = Signer('b'), c_ = Signer('c'), x_ = Signer('x');
  const std::vector<std::string> chain_ = {HandOver(a_, b_, 10), HandOver(b_, c_, 20)};
};

TEST_F(LogKeysTest, I7_WhoHoldsAnyKeyFollowsToTheNewest) {
  for (const auto& [held, followed] : {std::pair(&a_, 2u), {&b_, 1u}, {&c_, 0u}}) {
    LogKeys keys(VerifierOf(*held));
    ASSERT_EQ(keys.FollowAll(chain_), absl::OkStatus());
    EXPECT_THAT(keys.hand_overs(), SizeIs(followed));
    EXPECT_EQ(keys.keys().back().VerifierKey(), c_.VerifierKey());
    ASSERT_TRUE(keys.Open(Note(c_, 25)).ok());
    ASSERT_EQ(keys.FollowAll(chain_), absl::OkStatus()) << "again changes nothing";
    EXPECT_THAT(keys.hand_overs(), SizeIs(followed));
  }
}

TEST_F(LogKeysTest, I7_AKeyThatHandedOverSpeaksNoMore) {
  LogKeys keys(VerifierOf(a_));
  ASSERT_EQ(keys.FollowAll(chain_), absl::OkStatus());
  for (uint64_t size : {0, 9, 10}) EXPECT_TRUE(keys.Open(Note(a_, size)).ok()) << size;
  for (uint64_t size : {11, 20, 1000}) {
    const absl::Status fork = keys.Open(Note(a_, size)).status();
    EXPECT_TRUE(absl::IsDataLoss(fork)) << size;
    EXPECT_THAT(std::string(fork.message()), HasSubstr("had handed over at 10: a fork"));
  }
  EXPECT_TRUE(keys.Open(Note(b_, 20)).ok());
  EXPECT_TRUE(absl::IsDataLoss(keys.Open(Note(b_, 21)).status()));
  EXPECT_TRUE(keys.Open(*c_.AddSignature(Note(a_, 30))).ok()) << "the newest key vouches for it";
  EXPECT_TRUE(keys.Open(chain_[0]).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(keys.Open(Note(x_, 5)).status()));
}

TEST_F(LogKeysTest, I7_AHandOverTakesBothKeys) {
  const std::string text = chain_[0].substr(0, chain_[0].find("\n\n") + 1);
  for (const NoteSigner* alone : {&a_, &b_}) {
    LogKeys keys(VerifierOf(a_));
    EXPECT_TRUE(absl::IsPermissionDenied(keys.Follow(*alone->Sign(text)))) << alone->VerifierKey();
    EXPECT_THAT(keys.keys(), SizeIs(1));
  }
  LogKeys keys(VerifierOf(a_));
  EXPECT_FALSE(keys.Follow(*x_.AddSignature(*a_.Sign(text))).ok());
  EXPECT_THAT(keys.keys(), SizeIs(1));
}

TEST_F(LogKeysTest, I7_EveryChangedByteOfAHandOverIsFound) {
  const size_t signed_bytes = chain_[0].find("\n\n") + 1;
  for (size_t i = 0; i < signed_bytes; ++i) {
    std::string bent = chain_[0];
    bent[i] ^= 1;
    LogKeys keys(VerifierOf(a_));
    keys.Follow(bent).IgnoreError();
    EXPECT_THAT(keys.keys(), SizeIs(1)) << i;
  }
}

TEST_F(LogKeysTest, AChainGoesForwardOnly) {
  LogKeys keys(VerifierOf(a_));
  ASSERT_EQ(keys.Follow(chain_[0]), absl::OkStatus());
  EXPECT_TRUE(absl::IsDataLoss(keys.Follow(HandOver(b_, c_, 10)))) << "at no later entry";
  EXPECT_TRUE(absl::IsDataLoss(keys.Follow(HandOver(b_, a_, 20)))) << "back to a key before";
  EXPECT_EQ(keys.Follow(chain_[1]), absl::OkStatus());
  EXPECT_TRUE(absl::IsInvalidArgument(keys.FollowAll(std::vector<std::string>(kHandOversMax + 1, chain_[0]))));
}

TEST_F(LogKeysTest, WhatIsNoHandOverIsRefused) {
  LogKeys keys(VerifierOf(a_));
  for (const std::string& note : {std::string(), std::string("nonsense"), Note(a_, 10), std::string(kHandOverBytesMax + 1, 'n')}) {
    EXPECT_TRUE(absl::IsInvalidArgument(keys.Follow(note))) << note.substr(0, 80);
  }
  EXPECT_FALSE(SignHandOver(a_, Signer('b', "other.example/otokura/1"), 1, Root(1)).ok());
  EXPECT_FALSE(SignHandOver(a_, a_, 1, Root(1)).ok());
}

TEST_F(LogKeysTest, AWholeChainEndsWithTheKeyInUse) {
  const auto whole = LogKeys::Whole(chain_, VerifierOf(c_));
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ(whole->keys().front().VerifierKey(), a_.VerifierKey());
  EXPECT_TRUE(absl::IsDataLoss(LogKeys::Whole(chain_, VerifierOf(b_)).status()));
  EXPECT_TRUE(absl::IsDataLoss(LogKeys::Whole({chain_[1], chain_[0]}, VerifierOf(c_)).status()));
  EXPECT_THAT(LogKeys::Whole({}, VerifierOf(c_)).value().keys(), SizeIs(1));
}

}  // namespace
}  // namespace otokura::crypto
