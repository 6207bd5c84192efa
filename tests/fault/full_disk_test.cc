// The gateway's disk fills up while calls come in: what was acknowledged stays, new calls are refused by name of the limit, retrievals are
// still logged, and the live calls go on to their end once there is space.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "crypto/sha256.h"
#include "tests/fault/library_site.h"
#include "tests/fault/process.h"

namespace otokura::fault {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kDiskBytes = 192 * kMiB;
constexpr uint64_t kReserveBytes = 8 * kMiB;
constexpr uint64_t kFreeMinBytes = 40 * kMiB;  // above four times the reserve: calls are refused before it is touched
constexpr int kLines = 3;
constexpr size_t kCallBytes = 2000 * 1000;
constexpr size_t kSpokenBefore = 500 * 1000;
constexpr size_t kSpokenWhileFull = 1000 * 1000;
constexpr size_t kPacketBytes = 4000;

class FullDisk : public testing::Test {
 protected:
  void SetUp() override {
    disk_ = site_.folder() + "/disk";
    fs::create_directory(disk_);
    if (mount("tmpfs", disk_.c_str(), "tmpfs", 0, ("size=" + std::to_string(kDiskBytes)).c_str()) != 0) {
      GTEST_SKIP() << "no file system of our own to fill: mount: " << std::strerror(errno);
    }
    mounted_ = true;
    v1::GatewayConfig& config = site_.site().config();
    config.set_data_dir(disk_ + "/data");
    config.mutable_limits()->set_reserve_bytes(kReserveBytes);
    config.mutable_limits()->set_free_space_min_bytes(kFreeMinBytes);
    config.mutable_limits()->set_free_space_fair_bytes(kFreeMinBytes);
    ASSERT_EQ(site_.Set(), absl::OkStatus());
  }
  void TearDown() override {
    if (mounted_) umount2(disk_.c_str(), MNT_DETACH);
  }

  // Somebody else takes all but so much of what is free now, and does not come back for a reserve that the gateway gives up meanwhile.
  void FillUpTo(uint64_t left) {
    std::ofstream file(disk_ + "/filler", std::ios::binary | std::ios::app);
    const std::string piece(1 << 16, 'x');
    const uint64_t free = Free();
    for (uint64_t taken = piece.size(); taken + left < free; taken += piece.size()) {
      if (!file.write(piece.data(), static_cast<std::streamsize>(piece.size())).flush()) return;
    }
  }
  void MakeRoom() { fs::remove(disk_ + "/filler"); }
  uint64_t Free() const {
    struct statvfs found {};
    EXPECT_EQ(statvfs(disk_.c_str(), &found), 0);
    return uint64_t{found.f_bavail} * found.f_frsize;
  }

  void Speak(size_t until) {
    for (size_t i = 0; i < calls_.size(); ++i) {
      for (size_t at = calls_[i]->written_bytes(); at < until; at += kPacketBytes) {
        ASSERT_EQ(calls_[i]->WaitForRoom(kPacketBytes, Deadline()), absl::OkStatus());
        ASSERT_EQ(calls_[i]->Write(std::string_view(audio_[i]).substr(at, kPacketBytes)), absl::OkStatus());
      }
    }
  }

  LibrarySite site_;
  std::string disk_;
  bool mounted_ = false;
  EventList events_;
  std::unique_ptr<client::Recorder> recorder_;
  std::vector<std::string> audio_;
  std::vector<std::unique_ptr<client::Call>> calls_;
};

TEST_F(FullDisk, I4_I11_LiveCallsEndWholeAndNothingAcknowledgedIsMissing) {
  const auto channel = site_.site().ConnectAs("recorder");
  const std::string earlier = integration::Speech(50000, 99);
  const auto kept = integration::RecordCall(channel, integration::OpenRequest("earlier"), earlier);
  ASSERT_TRUE(kept.ok()) << kept.status();
  auto recorder = client::Recorder::Create(QuickRecorder(site_.ConnectionAs("recorder"), site_.folder() + "/spool", &events_));
  ASSERT_TRUE(recorder.ok()) << recorder.status();
  recorder_ = *std::move(recorder);
  for (int i = 0; i < kLines; ++i) {
    audio_.push_back(integration::Speech(kCallBytes, static_cast<uint32_t>(i)));
    auto call = recorder_->StartCall(CallOf("line-" + std::to_string(i)));
    ASSERT_TRUE(call.ok()) << call.status();
    calls_.push_back(*std::move(call));
  }
  ASSERT_NO_FATAL_FAILURE(Speak(kSpokenBefore));
  for (const auto& call : calls_) ASSERT_TRUE(WaitFor([&] { return call->committed_bytes() > kSpokenBefore / 2; }));

  // Scarce: nobody opens a call any more, and is told which limit it was.
  FillUpTo(kFreeMinBytes - kMiB);
  const absl::Status refused = integration::RecordError(channel, {integration::OpenRequest("new")});
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
  EXPECT_EQ(integration::DetailOf(refused).limit_reached().limit(), "free_space_min_bytes");
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("free_space_min_bytes"));

  // Full: live calls cannot be taken in, yet what somebody hears is logged, out of the reserve.
  FillUpTo(0);
  ASSERT_NO_FATAL_FAILURE(Speak(kSpokenWhileFull));
  for (int i = 0; i < 5; ++i) {
    const integration::Retrieved heard = integration::Listen(site_.site().ConnectAs("operator"), kept->recording_id(), {});
    EXPECT_EQ(heard.status, absl::OkStatus());
    EXPECT_TRUE(heard.audio == earlier);
  }
  EXPECT_EQ(integration::RecordError(channel, {integration::OpenRequest("new")}).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(WaitFor([&] { return events_.Count(client::RecorderEvent::Kind::kDisconnected) > 0; }))
      << "the disk was not full for the live calls";
  std::vector<uint64_t> acknowledged;
  for (const auto& call : calls_) acknowledged.push_back(call->committed_bytes());

  MakeRoom();
  ASSERT_NO_FATAL_FAILURE(Speak(kCallBytes));
  for (size_t i = 0; i < calls_.size(); ++i) {
    EXPECT_GE(calls_[i]->committed_bytes(), acknowledged[i]);
    calls_[i]->Finish();
    const auto sealed = calls_[i]->Wait(Deadline());
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    EXPECT_EQ(sealed->digest_check, client::DigestCheck::kMatched);
    const auto audio = site_.Audio(sealed->recording_id);
    ASSERT_TRUE(audio.ok()) << audio.status();
    EXPECT_TRUE(*audio == audio_[i]);
  }
  EXPECT_EQ(events_.Count(client::RecorderEvent::Kind::kDataLoss), 0);
  EXPECT_EQ(events_.Count(client::RecorderEvent::Kind::kFailed), 0);
  EXPECT_EQ(events_.Count(client::RecorderEvent::Kind::kGap), 0);
  const auto afterwards = integration::RecordCall(channel, integration::OpenRequest("afterwards"), earlier);
  EXPECT_TRUE(afterwards.ok()) << afterwards.status();
  const auto log = site_.Log();
  EXPECT_EQ(integration::Count(log, v1::LISTEN, v1::ALLOWED), 5);
  EXPECT_EQ(integration::Count(log, v1::DELIVERED), 5 + kLines);
  EXPECT_GE(integration::Count(log, v1::INGEST_REFUSED), 1);
  site_.StopAndExpectWhole();
  ExpectNoPairTwice();
}

// Killed while there is no space at all: it starts again without any, hands out what it has, and loses nothing.
TEST_F(FullDisk, I4_KilledOnAFullDisk) {
  const auto channel = site_.site().ConnectAs("recorder");
  const std::string audio = integration::Speech(10 * 16384);
  constexpr size_t kFirst = 4 * 16384;
  v1::RecordRequest open = integration::OpenRequest("live");
  {
    integration::RecordStream stream(channel);
    ASSERT_TRUE(stream.Send(open));
    const auto opened = stream.ReceiveOpened();
    ASSERT_TRUE(opened.has_value());
    open.mutable_open()->set_resume_token(opened->resume_token());
    ASSERT_TRUE(stream.Send(integration::AudioRequest(0, std::string_view(audio).substr(0, kFirst))));
    ASSERT_EQ(stream.ReceiveCommitted(kFirst), kFirst);
    open.mutable_open()->set_acknowledged_bytes(kFirst);
    FillUpTo(0);
    site_.Kill();
  }
  ASSERT_EQ(site_.Start(), absl::OkStatus()) << "a full disk must not keep the gateway from starting";
  EXPECT_FALSE(site_.Log().empty());
  site_.Kill();
  MakeRoom();
  ASSERT_EQ(site_.Start(), absl::OkStatus());
  integration::RecordStream stream(site_.site().ConnectAs("recorder"));
  ASSERT_TRUE(stream.Send(open));
  const auto opened = stream.ReceiveOpened();
  ASSERT_TRUE(opened.has_value()) << stream.Finish();
  EXPECT_GE(opened->committed_bytes(), kFirst);
  EXPECT_FALSE(opened->has_lost());
  for (size_t offset = opened->committed_bytes(); offset < audio.size(); offset += 16384) {
    ASSERT_TRUE(stream.Send(integration::AudioRequest(offset, std::string_view(audio).substr(offset, 16384))));
  }
  ASSERT_TRUE(stream.Send(integration::FinishRequest(audio)));
  const auto sealed = stream.ReceiveSealed();
  ASSERT_TRUE(sealed.has_value()) << stream.Finish();
  EXPECT_EQ(sealed->digest_check(), v1::MATCHED);
  site_.StopAndExpectWhole();
}

}  // namespace
}  // namespace otokura::fault
