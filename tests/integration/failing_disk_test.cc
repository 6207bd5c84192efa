// A disk that is full, or on which the log cannot be written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/sha256.h"
#include "server/storage/local/local_engine.h"
#include "tests/integration/clients.h"
#include "tests/integration/failing_engine.h"
#include "tests/integration/site.h"

namespace otokura::integration {
namespace {

class FailingDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(site_.Init(), absl::OkStatus());
    storage::LocalEngineOptions local;
    local.data_dir = site_.config().data_dir();
    local.reserve_bytes = site_.config().limits().reserve_bytes();
    auto engine = storage::OpenLocalEngine(local);
    ASSERT_TRUE(engine.ok()) << engine.status();
    gateway::Gateway::Options options;
    options.engine = std::make_unique<FailingEngine>(*std::move(engine), &disk_);
    ASSERT_EQ(site_.Start(std::move(options)), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
    recorder_ = site_.ConnectAs("recorder");
  }
  void TearDown() override { disk_ = DiskState::kFine; }

  std::atomic<DiskState> disk_{DiskState::kFine};
  Site site_;
  std::shared_ptr<grpc::Channel> recorder_;
  const std::string speech_ = Speech(100000);
};

TEST_F(FailingDisk, I4_AFullDiskLosesNothingThatWasAcknowledged) {
  RecordStream stream(recorder_);
  ASSERT_TRUE(stream.Send(OpenRequest("full")));
  const auto opened = stream.ReceiveOpened();
  ASSERT_TRUE(opened.has_value());
  for (size_t offset = 0; offset < 40000; offset += 1000) stream.Send(AudioRequest(offset, speech_.substr(offset, 1000)));
  const uint64_t acknowledged = stream.ReceiveCommitted(32768);
  ASSERT_GE(acknowledged, 32768u);

  disk_ = DiskState::kFull;
  for (size_t offset = 40000; offset < speech_.size(); offset += 1000) stream.Send(AudioRequest(offset, speech_.substr(offset, 1000)));
  const absl::Status end = stream.AwaitEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kResourceExhausted) << end;
  const absl::Status another = RecordError(recorder_, {OpenRequest("another")});
  EXPECT_EQ(another.code(), absl::StatusCode::kResourceExhausted) << another;

  disk_ = DiskState::kFine;
  v1::RecordRequest open = OpenRequest("full");
  open.mutable_open()->set_resume_token(opened->resume_token());
  open.mutable_open()->set_acknowledged_bytes(acknowledged);
  RecordStream again(recorder_);
  again.Send(open);
  const auto resumed = again.ReceiveOpened();
  ASSERT_TRUE(resumed.has_value()) << again.Finish();
  EXPECT_GE(resumed->committed_bytes(), acknowledged);
  EXPECT_FALSE(resumed->has_lost());
  for (size_t offset = resumed->committed_bytes(); offset < speech_.size(); offset += 1000)
    again.Send(AudioRequest(offset, speech_.substr(offset, 1000)));
  again.Send(FinishRequest(speech_));
  const auto sealed = again.ReceiveSealed();
  ASSERT_TRUE(sealed.has_value()) << again.Finish();
  EXPECT_EQ(sealed->audio_sha256(), crypto::Sha256(speech_));
}

TEST_F(FailingDisk, OnAFullDiskRecordingsAreStillHeardAndLogged) {
  const auto sealed = RecordCall(recorder_, OpenRequest("heard"), speech_);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  disk_ = DiskState::kFull;
  const Retrieved heard = Listen(site_.ConnectAs("operator"), sealed->recording_id(), {});
  EXPECT_EQ(heard.status, absl::OkStatus());
  EXPECT_TRUE(heard.audio == speech_);
}

TEST_F(FailingDisk, I2_WhereTheLogCannotBeWrittenNothingLeaves) {
  v1::RecordRequest open = OpenRequest("silent");
  open.mutable_open()->mutable_metadata()->set_notes("not to be shown");
  const auto sealed = RecordCall(recorder_, open, speech_);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  disk_ = DiskState::kBroken;
  for (const Retrieved& refused : {Listen(site_.ConnectAs("operator"), sealed->recording_id(), {}),
                                   Download(site_.ConnectAs("supervisor"), sealed->recording_id(), {})}) {
    EXPECT_EQ(refused.status.code(), absl::StatusCode::kUnavailable) << refused.status;
    EXPECT_FALSE(refused.header.has_value());
    EXPECT_TRUE(refused.audio.empty());
  }
  EXPECT_EQ(Show(site_.ConnectAs("operator"), sealed->recording_id()).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Search(site_.ConnectAs("operator"), SearchFor(v1::CALL_ID, "silent")).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReadLog(site_.ConnectAs("auditor")).status().code(), absl::StatusCode::kUnavailable);
  disk_ = DiskState::kFine;
  EXPECT_EQ(Listen(site_.ConnectAs("operator"), sealed->recording_id(), {}).status, absl::OkStatus());
}

TEST_F(FailingDisk, I3_AnAccountIsNotAddedWithoutItsEntry) {
  disk_ = DiskState::kBroken;
  EXPECT_FALSE(site_.Enrol("second-operator", v1::OPERATOR).ok());
  disk_ = DiskState::kFine;
  EXPECT_EQ(Search(site_.ConnectAs("second-operator"), SearchFor(v1::AGENT, kAgent)).status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(site_.Enrol("second-operator", v1::OPERATOR), absl::OkStatus());
}

}  // namespace
}  // namespace otokura::integration
