// What a witness cosigns and what it refuses, also after it was killed.
#include "client/witness/witness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "crypto/merkle.h"
#include "crypto/tlog/log_keys.h"
#include "tests/unit/crypto/secrets_for_test.h"

namespace otokura::client {
namespace {

using ::testing::HasSubstr;

constexpr char kOrigin[] = "calls.example/otokura/1";

// A log of a few leaves whose every tree and proof is computed from RFC 6962's definition.
class SmallLog {
 public:
  explicit SmallLog(char fill, std::string flavour = "")
      : signer_(*crypto::NoteSigner::Create(kOrigin, crypto::KeyOf(fill))), flavour_(std::move(flavour)) {}
  std::string VerifierKey() const { return signer_.VerifierKey(); }
  std::string HandOverTo(const SmallLog& next, uint64_t size) const {
    return *crypto::SignHandOver(signer_, next.signer_, size, Root(0, size));
  }
  std::string Checkpoint(uint64_t size) const { return *signer_.Sign(*crypto::FormatCheckpoint({kOrigin, size, Root(0, size)})); }
  std::vector<std::string> Proof(uint64_t old_size, uint64_t size) const {
    return old_size == 0 || old_size == size ? std::vector<std::string>() : SubProof(old_size, 0, size, true);
  }
  std::string Request(uint64_t old_size, uint64_t size) const {
    return crypto::FormatAddCheckpoint({.old_size = old_size, .consistency = Proof(old_size, size), .checkpoint = Checkpoint(size)});
  }

 private:
  static uint64_t Split(uint64_t size) {
    uint64_t split = 1;
    while (split * 2 < size) split *= 2;
    return split;
  }
  std::string Root(uint64_t first, uint64_t size) const {
    if (size == 0) return crypto::MerkleEmptyRoot();
    if (size == 1) return crypto::MerkleLeafHash(absl::StrCat(flavour_, "leaf ", first));
    return crypto::MerkleNodeHash(Root(first, Split(size)), Root(first + Split(size), size - Split(size)));
  }
  std::vector<std::string> SubProof(uint64_t old_size, uint64_t first, uint64_t size, bool whole) const {
    if (old_size == size) return whole ? std::vector<std::string>() : std::vector<std::string>{Root(first, size)};
    const uint64_t split = Split(size);
    std::vector<std::string> proof;
    if (old_size <= split) {
      proof = SubProof(old_size, first, split, whole);
      proof.push_back(Root(first + split, size - split));
    } else {
      proof = SubProof(old_size - split, first + split, size - split, false);
      proof.push_back(Root(first, split));
    }
    return proof;
  }

  const crypto::NoteSigner signer_;
  const std::string flavour_;
};

class WitnessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = absl::StrCat(::testing::TempDir(), "witness-XXXXXX");
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
    ASSERT_EQ(WitnessFolder(path_).Create("witness.example/w1"), absl::OkStatus());
    ASSERT_EQ(WitnessFolder(path_).AddLog(log_.VerifierKey()), absl::OkStatus());
    Reopen();
  }
  void TearDown() override { std::filesystem::remove_all(path_); }
  void Reopen() {
    witness_.reset();
    auto witness = Witness::Open(path_, [] { return absl::FromUnixSeconds(1679315147); });
    ASSERT_TRUE(witness.ok()) << witness.status();
    witness_ = *std::move(witness);
  }
  void ExpectCosigned(const std::string& request, uint64_t size) {
    const WitnessAnswer answer = witness_->Add(request);
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto verifier = crypto::CosignatureVerifier::Parse(witness_->VerifierKey());
    const std::string note = log_.Checkpoint(size);
    const auto found = verifier->Find(answer.body, note.substr(0, note.rfind("\n\n") + 1));
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(found->unix_seconds, 1679315147u);
  }
  void ExpectTellsSize(const std::string& request, uint64_t size) {
    const WitnessAnswer answer = witness_->Add(request);
    EXPECT_EQ(answer.status, 409);
    EXPECT_EQ(answer.content_type, "text/x.tlog.size");
    EXPECT_EQ(answer.body, absl::StrCat(size, "\n"));
  }

  std::string path_;
  SmallLog log_{'l'};
  std::unique_ptr<Witness> witness_;
};

TEST_F(WitnessTest, I7_FollowsTheLogsKeyWhereItHandedOver) {
  ExpectCosigned(log_.Request(0, 9), 9);
  const SmallLog next('n');
  const std::string hand_over = log_.HandOverTo(next, 20);
  EXPECT_EQ(witness_->Add(next.Request(9, 30)).status, 403) << "it was not told";
  EXPECT_TRUE(absl::IsFailedPrecondition(WitnessFolder(path_).FollowKey({hand_over}).status())) << "it runs";
  witness_.reset();
  const WitnessFolder folder(path_);
  EXPECT_FALSE(folder.FollowKey({SmallLog('x').HandOverTo(next, 20).substr(1)}).ok());
  std::string bent = hand_over;
  bent[bent.find("\n20\n") + 1] = '3';
  EXPECT_FALSE(folder.FollowKey({bent}).ok());
  EXPECT_EQ(folder.FollowKey({SmallLog('x').HandOverTo(next, 20)}).value(), 0u) << "of a key that it does not know";
  EXPECT_EQ(folder.FollowKey({hand_over}).value(), 1u);
  EXPECT_EQ(folder.FollowKey({hand_over}).value(), 0u) << "again changes nothing";
  Reopen();
  ExpectTellsSize(next.Request(0, 30), 9);
  ExpectCosigned(log_.Request(9, 15), 15);
  EXPECT_EQ(witness_->Add(log_.Request(15, 30)).status, 403) << "the old key alone, behind its hand-over";
  ExpectCosigned(next.Request(15, 30), 30);
  Reopen();
  ExpectTellsSize(next.Request(15, 40), 30);
}

TEST_F(WitnessTest, CosignsEveryGrowthOfALog) {
  uint64_t old_size = 0;
  for (uint64_t size : {0, 1, 2, 3, 7, 8, 9, 9, 40, 256, 300}) {
    ExpectCosigned(log_.Request(old_size, size), size);
    old_size = size;
  }
}

TEST_F(WitnessTest, TellsWhatItHasToWhoeverThinksOtherwise) {
  ExpectCosigned(log_.Request(0, 7), 7);
  ExpectTellsSize(log_.Request(0, 9), 7);
  ExpectTellsSize(log_.Request(5, 9), 7);
  ExpectTellsSize(log_.Request(8, 9), 7);
  ExpectTellsSize(log_.Request(0, 3), 7);
  ExpectCosigned(log_.Request(7, 9), 9);
}

TEST_F(WitnessTest, I7_CosignsNoOtherHistory) {
  const SmallLog forked('l', "other ");
  ExpectCosigned(log_.Request(0, 7), 7);
  EXPECT_EQ(witness_->Add(forked.Request(7, 7)).status, 409);
  EXPECT_EQ(witness_->Add(forked.Request(7, 9)).status, 422);
  EXPECT_EQ(witness_->Add(crypto::FormatAddCheckpoint({.old_size = 7, .checkpoint = log_.Checkpoint(9)})).status, 422);
  EXPECT_EQ(witness_->Add(crypto::FormatAddCheckpoint({.old_size = 9, .checkpoint = log_.Checkpoint(7)})).status, 400);
  ExpectTellsSize(forked.Request(0, 9), 7);
  ExpectCosigned(log_.Request(7, 9), 9);
}

TEST_F(WitnessTest, I7_WhatItCosignedOutlivesItsDeathBeforeTheAnswer) {
  // The state is durable first, so whoever dies before its answer arrives leaves this: the log asks with the size it last heard of.
  ExpectCosigned(log_.Request(0, 7), 7);
  Reopen();
  ExpectTellsSize(log_.Request(0, 9), 7);
  ExpectTellsSize(log_.Request(0, 3), 7);
  ExpectCosigned(log_.Request(7, 7), 7);
  EXPECT_EQ(witness_->Add(SmallLog('l', "other ").Request(7, 9)).status, 422);
}

TEST_F(WitnessTest, WhatCannotBeKeptIsNotCosigned) {
  ExpectCosigned(log_.Request(0, 7), 7);
  std::filesystem::rename(path_ + "/logs", path_ + "/away");
  EXPECT_EQ(witness_->Add(log_.Request(7, 9)).status, 500);
  std::filesystem::rename(path_ + "/away", path_ + "/logs");
  ExpectCosigned(log_.Request(7, 9), 9);
}

TEST_F(WitnessTest, StrangersAndNoiseAreRefused) {
  EXPECT_EQ(witness_->Add(SmallLog('x').Request(0, 7)).status, 403);
  EXPECT_EQ(witness_->Add("old 0\n\nelsewhere.example\n1\nAAAA\n").status, 404);
  EXPECT_EQ(witness_->Add("").status, 400);
  EXPECT_EQ(witness_->Add(absl::StrCat("old 0\n\n", kOrigin, "\nno checkpoint")).status, 400);
  ExpectCosigned(log_.Request(0, 7), 7);
}

TEST_F(WitnessTest, I7_AStateThatTheLogDidNotSignIsNotBelieved) {
  ExpectCosigned(log_.Request(0, 7), 7);
  for (const auto& file : std::filesystem::directory_iterator(path_ + "/logs")) {
    std::fstream state(file.path(), std::ios::in | std::ios::out);
    const std::string text(std::istreambuf_iterator<char>(state), {});
    state.seekp(static_cast<std::streamoff>(text.find("\n7\n") + 1));
    state << '6';
  }
  witness_.reset();
  EXPECT_TRUE(absl::IsDataLoss(Witness::Open(path_, absl::Now).status()));
}

TEST_F(WitnessTest, I7_NoTwoCosignFromOneFolder) {
  EXPECT_TRUE(absl::IsFailedPrecondition(Witness::Open(path_, absl::Now).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(WitnessFolder(path_).AddLog(SmallLog('x').VerifierKey()))) << "nor is a log added unseen";
}

TEST_F(WitnessTest, AKeyAndALogAreMadeOnce) {
  const std::string verifier_key = witness_->VerifierKey();
  witness_.reset();
  EXPECT_TRUE(absl::IsAlreadyExists(WitnessFolder(path_).Create("witness.example/w2")));
  EXPECT_TRUE(absl::IsAlreadyExists(WitnessFolder(path_).AddLog(log_.VerifierKey())));
  EXPECT_TRUE(absl::IsAlreadyExists(WitnessFolder(path_).AddLog(SmallLog('x').VerifierKey()))) << "of the same origin";
  EXPECT_EQ(std::filesystem::status(path_ + "/witness.key").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_THAT(verifier_key, HasSubstr("witness.example/w1+"));
}

}  // namespace
}  // namespace otokura::client
