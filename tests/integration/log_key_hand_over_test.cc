// The log's key handed over on a real site: who holds the first follows, and whatever breaks it off leaves one key in force.
#include "server/otokurad/log_key_hand_over.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "crypto/tlog/log_keys.h"
#include "otokura/v1/audit.grpc.pb.h"
#include "server/otokurad/configuration.h"
#include "server/rpc/status.h"
#include "tests/integration/clients.h"
#include "tests/integration/site.h"

namespace otokura::integration {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(60);

class LogKeyHandOver : public ::testing::Test {
 protected:
  void SetUp() override {
    site_.config().mutable_log()->set_checkpoint_interval_ms(100);
    ASSERT_EQ(site_.Init(), absl::OkStatus());
    first_ = PublicKey();
    ASSERT_EQ(site_.Start(), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
    const auto sealed = RecordCall(site_.ConnectAs("recorder"), OpenRequest("call"), Speech(20000));
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    recording_ = sealed->recording_id();
    site_.Stop();
  }
  std::string keys() { return site_.config().key_store_dir(); }
  std::string PublicKey() {
    const std::string line = ReadFile(keys() + "/log.vkey");
    return line.substr(0, line.find('\n'));
  }
  absl::StatusOr<gateway::LogKeyHandedOver> HandOver() { return gateway::HandOverLogKey(*gateway::ReadConfiguration(site_.config_file())); }
  v1::GetCheckpointResponse Head() {
    const auto stub = v1::Audit::NewStub(site_.ConnectAs("auditor"));
    grpc::ClientContext context;
    v1::GetCheckpointResponse head;
    const absl::Status status = rpc::FromGrpc(stub->GetCheckpoint(&context, {}, &head));
    EXPECT_EQ(status, absl::OkStatus());
    return head;
  }
  absl::Status Hear() { return Listen(site_.ConnectAs("operator"), recording_, {}).status; }
  // Starts it, and sees that it serves and that the key is this one, which who holds the first key comes to.
  void ExpectInForce(const std::string& key, int hand_overs) {
    ASSERT_EQ(site_.Start(), absl::OkStatus());
    EXPECT_EQ(Hear(), absl::OkStatus());
    const v1::GetCheckpointResponse head = Head();
    EXPECT_EQ(head.verifier_key(), key);
    EXPECT_EQ(head.hand_overs_size(), hand_overs);
    EXPECT_EQ(PublicKey(), key);
    crypto::LogKeys log_keys(*crypto::NoteVerifier::Parse(first_));
    ASSERT_EQ(log_keys.FollowAll({head.hand_overs().begin(), head.hand_overs().end()}), absl::OkStatus());
    EXPECT_EQ(log_keys.keys().back().VerifierKey(), key);
    const auto checkpoint = log_keys.Open(head.checkpoint());
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
    for (const crypto::Checkpoint& hand_over : log_keys.hand_overs()) EXPECT_GE(checkpoint->tree_size, hand_over.tree_size);
  }
  void Keep(const std::string& name) {
    fs::copy(site_.config().data_dir(), site_.folder() + "/" + name + "-data", fs::copy_options::recursive);
    fs::copy(keys(), site_.folder() + "/" + name + "-keys", fs::copy_options::recursive);
  }

  Site site_;
  std::string first_, recording_;
};

TEST_F(LogKeyHandOver, I7_WhoHoldsTheFirstKeyFollowsToTheNewest) {
  for (int times = 1; times <= 2; ++times) {
    const std::string before = PublicKey();
    const auto handed_over = HandOver();
    ASSERT_TRUE(handed_over.ok()) << handed_over.status();
    EXPECT_EQ(handed_over->from, before);
    EXPECT_NE(handed_over->to, before);
    EXPECT_EQ(site_.Otokurad("fsck"), 0) << site_.said();
    ASSERT_NO_FATAL_FAILURE(ExpectInForce(handed_over->to, times));
    const auto log = ReadLog(site_.ConnectAs("auditor")).value();
    EXPECT_EQ(Count(log, v1::KEY_HANDED_OVER), times);
    EXPECT_EQ(log[handed_over->tree_size - 1].leaf.action(), v1::KEY_HANDED_OVER) << "the last entry under the hand-over";
    EXPECT_EQ(log[handed_over->tree_size - 1].leaf.subject(), handed_over->to);
    site_.Stop();
  }
  EXPECT_EQ(site_.Otokurad("fsck"), 0) << site_.said();
}

TEST_F(LogKeyHandOver, I7_BrokenOffBeforeItsFileTheOldKeyIsInForce) {
  Keep("before");
  const auto broken_off = HandOver();
  ASSERT_TRUE(broken_off.ok()) << broken_off.status();
  // All was written but the key store's files: as after a crash before the key's file was replaced.
  for (const char* file : {"/log.key", "/log.vkey"}) {
    fs::copy_file(site_.folder() + "/before-keys" + file, keys() + file, fs::copy_options::overwrite_existing);
  }
  ASSERT_NO_FATAL_FAILURE(ExpectInForce(first_, 0));
  site_.Stop();
  // Neither the entry nor the checkpoint's copy was written.
  fs::remove_all(site_.config().data_dir());
  fs::copy(site_.folder() + "/before-data", site_.config().data_dir(), fs::copy_options::recursive);
  fs::remove_all(keys());
  fs::copy(site_.folder() + "/before-keys", keys(), fs::copy_options::recursive);
  ASSERT_NO_FATAL_FAILURE(ExpectInForce(first_, 0));
  site_.Stop();
  const auto again = HandOver();
  ASSERT_TRUE(again.ok()) << again.status();
  ASSERT_NO_FATAL_FAILURE(ExpectInForce(again->to, 1));
}

TEST_F(LogKeyHandOver, I7_BrokenOffBehindItsFileTheNewKeyIsInForce) {
  const std::string public_key = ReadFile(keys() + "/log.vkey");
  const auto handed_over = HandOver();
  ASSERT_TRUE(handed_over.ok()) << handed_over.status();
  WriteFile(keys() + "/log.vkey", public_key);
  ASSERT_NO_FATAL_FAILURE(ExpectInForce(handed_over->to, 1));
}

TEST_F(LogKeyHandOver, ARunningGatewayIsNotInterfered) {
  ASSERT_EQ(site_.StartProcess(), absl::OkStatus());
  EXPECT_FALSE(HandOver().ok());
  EXPECT_EQ(PublicKey(), first_);
  EXPECT_EQ(Head().hand_overs_size(), 0);
}

TEST_F(LogKeyHandOver, I7_AnOlderDataFolderIsFoundAcrossAHandOver) {
  Keep("before");
  const auto handed_over = HandOver();
  ASSERT_TRUE(handed_over.ok()) << handed_over.status();
  fs::remove_all(site_.config().data_dir());
  fs::copy(site_.folder() + "/before-data", site_.config().data_dir(), fs::copy_options::recursive);
  // Also with the copy of the old checkpoint, which the old key signed: the hand-over itself is newer.
  fs::copy_file(site_.folder() + "/before-keys/log-checkpoint", keys() + "/log-checkpoint", fs::copy_options::overwrite_existing);
  EXPECT_FALSE(HandOver().ok()) << "nothing is handed over of such a log";
  ASSERT_EQ(site_.Start(), absl::OkStatus());
  const absl::Status heard = Hear();
  EXPECT_TRUE(absl::IsFailedPrecondition(heard)) << heard;
  EXPECT_THAT(std::string(heard.message()), HasSubstr("an older state of it was put back"));
}

}  // namespace
}  // namespace otokura::integration
