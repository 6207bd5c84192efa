// Two recorders want the same call: with its token the newer stream wins at once, without it only a silent one is replaced. Whatever they
// do, one whole recording comes of it, and no chunk index is sealed twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "crypto/sha256.h"
#include "tests/fault/library_site.h"
#include "tests/fault/process.h"

namespace otokura::fault {
namespace {

using integration::RecordStream;

constexpr size_t kCallBytes = 400 * 1000;
constexpr size_t kPacketBytes = 800;
constexpr int kTakeovers = 40;

class Takeover : public testing::Test {
 protected:
  void SetUp() override {
    site_.site().config().mutable_limits()->set_takeover_silence_seconds(2);
    ASSERT_EQ(site_.Set(), absl::OkStatus());
    channel_ = site_.site().ConnectAs("recorder");
    other_channel_ = site_.site().ConnectAs("recorder");
  }
  void ExpectOneWhole(const std::string& recording_id) {
    const auto kept = site_.Audio(recording_id);
    ASSERT_TRUE(kept.ok()) << kept.status();
    EXPECT_TRUE(*kept == audio_);
    const auto log = site_.Log();
    EXPECT_EQ(integration::Count(log, v1::RECORDING_OPENED), 1);
    EXPECT_EQ(integration::Count(log, v1::RECORDING_SEALED), 1);
    EXPECT_EQ(integration::Count(log, v1::RECORDING_DATA_LOSS), 0);
    site_.StopAndExpectWhole();
    ExpectNoPairTwice();
  }

  // Sends from `offset` until the stream is taken away or all is sent; true: all.
  bool SendFrom(RecordStream& stream, uint64_t offset) {
    for (; offset < audio_.size(); offset += kPacketBytes) {
      if (!stream.Send(integration::AudioRequest(offset, std::string_view(audio_).substr(offset, kPacketBytes)))) return false;
    }
    return true;
  }

  LibrarySite site_;
  const std::string audio_ = integration::Speech(kCallBytes);
  std::shared_ptr<grpc::Channel> channel_, other_channel_;
};

// The loser goes on sending while the winner's stream opens: what it had under way must neither be lost once acknowledged, nor be stored
// twice.
TEST_F(Takeover, I4_TwoStreamsWithTheTokenFightAndOneWholeCallRemains) {
  v1::RecordRequest open = integration::OpenRequest("fought over");
  auto holder = std::make_unique<RecordStream>(channel_);
  ASSERT_TRUE(holder->Send(open));
  const auto first = holder->ReceiveOpened();
  ASSERT_TRUE(first.has_value());
  open.mutable_open()->set_resume_token(first->resume_token());
  uint64_t offset = 0;
  std::mt19937 random(Seed());
  for (int i = 0; i < kTakeovers; ++i) {
    std::atomic<int> sent{0};
    std::thread losing([&, offset] {
      for (uint64_t at = offset;
           at < audio_.size() && holder->Send(integration::AudioRequest(at, std::string_view(audio_).substr(at, kPacketBytes)));
           at += kPacketBytes) {
        ++sent;
      }
    });
    const int until = static_cast<int>(random() % 60);
    EXPECT_TRUE(WaitFor([&] { return sent >= until || offset + sent * kPacketBytes >= audio_.size(); }));
    auto newer = std::make_unique<RecordStream>(i % 2 == 0 ? other_channel_ : channel_);
    newer->Send(open);
    const auto opened = newer->ReceiveOpened();
    if (!opened.has_value()) holder->Cancel();
    losing.join();
    ASSERT_TRUE(opened.has_value()) << newer->Finish();
    uint64_t acknowledged = offset;
    while (const auto response = holder->Receive()) acknowledged = std::max(acknowledged, response->committed().bytes());
    EXPECT_EQ(holder->Finish().code(), absl::StatusCode::kAborted);
    EXPECT_GE(opened->committed_bytes(), acknowledged) << "acknowledged to the loser and gone";
    EXPECT_FALSE(opened->has_lost());
    open.mutable_open()->set_acknowledged_bytes(opened->committed_bytes());
    open.mutable_open()->set_resume_token(opened->resume_token());
    offset = opened->committed_bytes();
    holder = std::move(newer);
  }
  ASSERT_TRUE(SendFrom(*holder, offset));
  ASSERT_TRUE(holder->Send(integration::FinishRequest(audio_)));
  const auto sealed = holder->ReceiveSealed();
  ASSERT_TRUE(sealed.has_value()) << holder->Finish();
  EXPECT_EQ(sealed->digest_check(), v1::MATCHED);
  ExpectOneWhole(sealed->recording_id());
}

TEST_F(Takeover, WithoutTheTokenALiveStreamIsLeftAlone) {
  v1::RecordRequest open = integration::OpenRequest("mine");
  RecordStream holder(channel_);
  ASSERT_TRUE(holder.Send(open));
  const auto opened = holder.ReceiveOpened();
  ASSERT_TRUE(opened.has_value());
  ASSERT_TRUE(holder.Send(integration::AudioRequest(0, std::string_view(audio_).substr(0, kPacketBytes))));
  const absl::Status refused = integration::RecordError(other_channel_, {open});
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_GT(integration::DetailOf(refused).call_is_live().takeover_at_unix_ms(), 0);
  v1::RecordRequest forged = open;
  forged.mutable_open()->set_resume_token(std::string(32, 'x'));
  EXPECT_EQ(integration::RecordError(other_channel_, {forged}).code(), absl::StatusCode::kPermissionDenied);
  ASSERT_TRUE(SendFrom(holder, kPacketBytes));
  ASSERT_TRUE(holder.Send(integration::FinishRequest(audio_)));
  const auto sealed = holder.ReceiveSealed();
  ASSERT_TRUE(sealed.has_value()) << holder.Finish();
  EXPECT_EQ(sealed->digest_check(), v1::MATCHED);
  ExpectOneWhole(sealed->recording_id());
}

// Two programs are pointed at the same file by mistake. Both end well, with the same recording.
TEST_F(Takeover, TwoRecordersOfOneFileMakeOneRecording) {
  const std::string names[] = {"a", "b"};
  std::vector<std::unique_ptr<Process>> recorders;
  for (const std::string& name : names) {
    recorders.push_back(std::make_unique<Process>(
        FaultProgram("otokura-speaking-recorder", site_.ConnectionAs("recorder"),
                     {site_.folder() + "/spool-" + name, "speak", "twice", "1", std::to_string(kCallBytes), "file", "500"}),
        site_.folder() + "/said-" + name));
  }
  for (const auto& recorder : recorders) EXPECT_EQ(recorder->Wait(), 0) << recorder->output();
  EXPECT_EQ(recorders[0]->LastLine("sealed"), recorders[1]->LastLine("sealed"));
  const std::string line = recorders[0]->LastLine("sealed");
  ASSERT_GT(line.size(), 6u + 36u);
  ExpectOneWhole(line.substr(6, 36));
}

}  // namespace
}  // namespace otokura::fault
