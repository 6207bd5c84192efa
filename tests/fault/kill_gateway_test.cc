// The gateway is killed at random moments, fifty times, while calls stream in; nothing that was acknowledged may be missing afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <thread>

#include "crypto/sha256.h"
#include "tests/fault/library_site.h"
#include "tests/fault/process.h"

namespace otokura::fault {
namespace {

constexpr int kKills = 50;
constexpr int kLines = 6;                               // calls at once
constexpr size_t kWriteBytesMax = 4000;                 // half a second of G.711
constexpr size_t kCallBytesMax = 1500 * 1000;           // three minutes; at the pace below it spans several kills
constexpr std::chrono::milliseconds kBetweenWrites{4};  // about sixty times the pace of speech
constexpr std::chrono::milliseconds kLifeMax{900};      // from "serving" to the kill
constexpr int kResumedLines = 3;                        // every second life lasts until so many lines were acknowledged something

struct SpokenCall {
  std::string audio;
  uint64_t acknowledged_bytes = 0;  // the most that committed_bytes ever said
  bool acknowledged_less = false;   // it went backwards
  absl::StatusOr<client::SealedCall> sealed = absl::UnknownError("not waited for");
};

// One telephone line: call after call, until the test has done its killing; the call at hand is then still spoken to its end.
class Line {
 public:
  Line(client::Recorder* recorder, int number, uint32_t seed, const std::atomic<bool>* hang_up)
      : recorder_(recorder), number_(number), hang_up_(hang_up), random_(seed + static_cast<uint32_t>(number)), thread_([this] {
          Speak();
        }) {}
  void Join() { thread_.join(); }
  const std::vector<SpokenCall>& calls() const { return calls_; }
  uint64_t acknowledgements() const { return acknowledgements_; }

 private:
  void Speak() {
    while (!*hang_up_) {
      calls_.emplace_back();
      SpeakCall(&calls_.back());
    }
  }

  void SpeakCall(SpokenCall* spoken) {
    const uint32_t seed = random_();
    spoken->audio = integration::Speech(random_() % kCallBytesMax, seed);
    auto call = recorder_->StartCall(CallOf("line-" + std::to_string(number_) + "-" + std::to_string(calls_.size())));
    if (!call.ok()) {
      spoken->sealed = call.status();
      return;
    }
    for (size_t offset = 0; offset < spoken->audio.size();) {
      const size_t bytes = std::min(1 + random_() % kWriteBytesMax, spoken->audio.size() - offset);
      // The pace is no telephone's: what the spool cannot take as fast would become a gap.
      if (absl::Status room = (*call)->WaitForRoom(bytes, Deadline()); !room.ok()) {
        spoken->sealed = room;
        return;
      }
      if (absl::Status taken = (*call)->Write(std::string_view(spoken->audio).substr(offset, bytes)); !taken.ok()) {
        spoken->sealed = taken;
        return;
      }
      offset += bytes;
      Look(**call, spoken);
      std::this_thread::sleep_for(kBetweenWrites);
    }
    (*call)->Finish();
    spoken->sealed = (*call)->Wait(Deadline());
    Look(**call, spoken);
  }

  void Look(const client::Call& call, SpokenCall* spoken) {
    const uint64_t acknowledged = call.committed_bytes();
    if (acknowledged > spoken->acknowledged_bytes) ++acknowledgements_;
    spoken->acknowledged_less |= acknowledged < spoken->acknowledged_bytes;
    spoken->acknowledged_bytes = std::max(spoken->acknowledged_bytes, acknowledged);
  }

  client::Recorder* const recorder_;
  const int number_;
  const std::atomic<bool>* const hang_up_;
  std::mt19937 random_;
  std::vector<SpokenCall> calls_;
  std::atomic<uint64_t> acknowledgements_{0};
  std::thread thread_;
};

using Lines = std::vector<std::unique_ptr<Line>>;

class KillGateway : public testing::Test {
 protected:
  void SetUp() override {
    // A kill between the opening and its answer leaves a recorder without its token; every restart then begins this wait anew.
    site_.site().config().mutable_limits()->set_takeover_silence_seconds(1);
    ASSERT_EQ(site_.Set(), absl::OkStatus());
  }

  static void WaitForAcknowledgements(const Lines& lines) {
    std::vector<uint64_t> before;
    for (const auto& line : lines) before.push_back(line->acknowledgements());
    EXPECT_TRUE(WaitFor([&] {
      int moved = 0;
      for (size_t i = 0; i < lines.size(); ++i) moved += lines[i]->acknowledgements() > before[i] ? 1 : 0;
      return moved >= kResumedLines;
    }));
  }

  void KillAgainAndAgain(const Lines& lines, std::mt19937& random) {
    for (int kill = 0; kill < kKills; ++kill) {
      if (kill % 2 != 0) WaitForAcknowledgements(lines);
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % kLifeMax.count()));
      site_.Kill();
      ASSERT_EQ(site_.Start(), absl::OkStatus()) << "after kill " << kill + 1;
    }
  }

  // Every byte that was spoken, hence every one that was acknowledged.
  void ExpectWhole(const SpokenCall& spoken) {
    ASSERT_TRUE(spoken.sealed.ok()) << spoken.sealed.status() << "; " << spoken.acknowledged_bytes << " of " << spoken.audio.size()
                                    << " bytes acknowledged";
    EXPECT_EQ(spoken.sealed->digest_check, client::DigestCheck::kMatched);
    EXPECT_EQ(spoken.sealed->audio_bytes, spoken.audio.size());
    EXPECT_EQ(spoken.sealed->audio_sha256, crypto::Sha256(spoken.audio));
    EXPECT_EQ(spoken.sealed->supplement_of, "");
    EXPECT_FALSE(spoken.acknowledged_less);
    EXPECT_EQ(spoken.acknowledged_bytes, spoken.audio.size());
    const auto kept = site_.Audio(spoken.sealed->recording_id);
    ASSERT_TRUE(kept.ok()) << kept.status();
    EXPECT_TRUE(*kept == spoken.audio) << spoken.sealed->recording_id << " is not what was spoken";
    const auto shown = supervisor_->Show(spoken.sealed->recording_id, Inquiry());
    ASSERT_TRUE(shown.ok()) << shown.status();
    EXPECT_EQ(shown->recording.state, client::RecordingState::kSealed);
    EXPECT_TRUE(shown->recording.gaps.empty());
    interruptions_ += static_cast<int>(shown->recording.parts) - 1;
  }

  LibrarySite site_;
  std::unique_ptr<client::Archive> supervisor_;
  int interruptions_ = 0;
};

TEST_F(KillGateway, I4_I7_EveryAcknowledgedByteIsThereAfterFiftyKills) {
  std::mt19937 random(Seed());
  EventList events;
  auto recorder = client::Recorder::Create(QuickRecorder(site_.ConnectionAs("recorder"), site_.folder() + "/spool", &events));
  ASSERT_TRUE(recorder.ok()) << recorder.status();
  std::atomic<bool> hang_up{false};
  Lines lines;
  for (int i = 0; i < kLines; ++i) lines.push_back(std::make_unique<Line>(recorder->get(), i, random(), &hang_up));
  KillAgainAndAgain(lines, random);
  hang_up = true;
  for (const auto& line : lines) line->Join();
  if (HasFatalFailure()) return;

  supervisor_ = site_.ArchiveAs("supervisor");
  int calls = 0;
  for (const auto& line : lines) {
    for (const SpokenCall& spoken : line->calls()) {
      ExpectWhole(spoken);
      ++calls;
    }
  }
  std::cout << calls << " calls, resumed as another part " << interruptions_ << " times" << std::endl;
  EXPECT_GE(calls, kLines);
  EXPECT_GE(interruptions_, kKills) << "the kills did not meet live calls: this run proves little";
  EXPECT_EQ(events.Count(client::RecorderEvent::Kind::kDataLoss), 0);
  EXPECT_EQ(events.Count(client::RecorderEvent::Kind::kGap), 0);
  EXPECT_EQ(events.Count(client::RecorderEvent::Kind::kFailed), 0);

  const auto log = site_.Log();
  EXPECT_EQ(integration::Count(log, v1::GATEWAY_STARTED), kKills + 1);
  EXPECT_EQ(integration::Count(log, v1::RECORDING_OPENED), calls);
  EXPECT_EQ(integration::Count(log, v1::RECORDING_SEALED), calls);
  EXPECT_EQ(integration::Count(log, v1::RECORDING_DATA_LOSS), 0);
  site_.StopAndExpectWhole();
  ExpectNoPairTwice();
}

}  // namespace
}  // namespace otokura::fault
