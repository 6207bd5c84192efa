// The recorder is killed in the middle of a call; a second run delivers what the first one left in the spool.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "tests/fault/library_site.h"
#include "tests/fault/process.h"

namespace otokura::fault {
namespace {

constexpr size_t kCallBytes = 1000 * 1000;
constexpr int kKills = 4;
constexpr size_t kSpooledCallBytes = 500 * 1000;
constexpr size_t kSpoolOverheadMax = 1000;  // header and tags of 500,000 sealed bytes: 56 + 31 × 16

class KillRecorder : public testing::Test {
 protected:
  void SetUp() override {
    // A first run may die before the token of its call is in the spool; the second then waits this long.
    site_.site().config().mutable_limits()->set_takeover_silence_seconds(1);
    ASSERT_EQ(site_.Set(), absl::OkStatus());
  }

  std::string Spool() const { return site_.folder() + "/spool"; }

  std::unique_ptr<Process> Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), Spool());
    return std::make_unique<Process>(FaultProgram("otokura-speaking-recorder", site_.ConnectionAs("recorder"), arguments),
                                     site_.folder() + "/recorder-said");
  }
  std::unique_ptr<Process> Speak(const std::string& call_id, uint32_t seed, size_t bytes, const std::string& source, int pause_us) {
    return Run({"speak", call_id, std::to_string(seed), std::to_string(bytes), source, std::to_string(pause_us)});
  }
  void ExpectResumed() {
    const auto second = Run({"resume"});
    EXPECT_EQ(second->Wait(), 0) << second->output();
  }

  static uint64_t Acknowledged(const Process& recorder) { return std::strtoull(recorder.LastLine("acknowledged").c_str(), nullptr, 10); }

  uint64_t SegmentBytes() const {
    uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(Spool())) {
      std::error_code gone;
      const uint64_t size = entry.path().extension() == ".state" ? 0 : entry.file_size(gone);
      if (!gone) bytes += size;
    }
    return bytes;
  }

  // The one recording of a call.
  client::Recording Find(const std::string& call_id) {
    client::SearchQuery query;
    query.field = client::PersonalField::kCallId;
    query.value = call_id;
    query.justification = Inquiry();
    const auto page = site_.ArchiveAs("supervisor")->Search(query, 0, "");
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok() || page->recordings.size() != 1) {
      ADD_FAILURE() << "not one recording of " << call_id;
      return {};
    }
    return page->recordings[0];
  }

  // What is kept is the beginning of what was spoken, at least so many bytes of it, and sealed.
  void ExpectBeginning(const std::string& call_id, const std::string& spoken, uint64_t at_least) {
    const client::Recording recording = Find(call_id);
    EXPECT_EQ(recording.state, client::RecordingState::kSealed);
    EXPECT_NE(recording.digest_check, client::DigestCheck::kMismatched);
    EXPECT_TRUE(recording.gaps.empty());
    const auto kept = site_.Audio(recording.id);
    ASSERT_TRUE(kept.ok()) << kept.status();
    EXPECT_GE(kept->size(), at_least) << "acknowledged or spooled, and gone";
    EXPECT_TRUE(*kept == spoken.substr(0, kept->size()));
  }

  LibrarySite site_;
};

TEST_F(KillRecorder, I4_WhatALiveCallHadAcknowledgedIsThere) {
  std::mt19937 random(Seed());
  for (int kill = 0; kill < kKills; ++kill) {
    const std::string call_id = "live-" + std::to_string(kill);
    const uint32_t seed = random();
    const uint64_t until = 1 + random() % (kCallBytes / 2);
    const auto first = Speak(call_id, seed, kCallBytes, "live", 200);
    ASSERT_TRUE(WaitFor([&] { return Acknowledged(*first) >= until; })) << first->output();
    first->Signal(SIGKILL);
    ASSERT_EQ(first->Wait(), -SIGKILL);
    const uint64_t acknowledged = Acknowledged(*first);
    ASSERT_LT(acknowledged, kCallBytes) << "too late to kill it";
    ExpectResumed();
    ExpectBeginning(call_id, integration::Speech(kCallBytes, seed), acknowledged);
  }
  site_.StopAndExpectWhole();
  ExpectNoPairTwice();
}

TEST_F(KillRecorder, I4_WhatWasSpooledWithoutAGatewayIsDelivered) {
  const uint32_t seed = Seed();
  site_.Kill();
  const auto first = Speak("spooled", seed, kSpooledCallBytes, "live", 0);
  ASSERT_TRUE(WaitFor([&] { return !first->LastLine("written").empty() && SegmentBytes() >= kSpooledCallBytes; })) << first->output();
  first->Signal(SIGKILL);
  ASSERT_EQ(first->Wait(), -SIGKILL);
  ASSERT_EQ(site_.Start(), absl::OkStatus());
  ExpectResumed();
  ExpectBeginning("spooled", integration::Speech(kSpooledCallBytes, seed), kSpooledCallBytes - kSpoolOverheadMax);
  site_.StopAndExpectWhole();
  ExpectNoPairTwice();
}

// A file can be read again: the second run gives the whole, and the gateway's digest is of all of it.
TEST_F(KillRecorder, AFileIsWholeAfterTheSecondRun) {
  const uint32_t seed = Seed();
  const auto first = Speak("file", seed, kCallBytes, "file", 200);
  ASSERT_TRUE(WaitFor([&] { return Acknowledged(*first) >= kCallBytes / 4; })) << first->output();
  first->Signal(SIGKILL);
  ASSERT_EQ(first->Wait(), -SIGKILL);
  ASSERT_LT(Acknowledged(*first), kCallBytes);
  const auto second = Speak("file", seed, kCallBytes, "file", 0);
  EXPECT_EQ(second->Wait(), 0) << second->output();
  ExpectBeginning("file", integration::Speech(kCallBytes, seed), kCallBytes);
  EXPECT_EQ(Find("file").digest_check, client::DigestCheck::kMatched);
  site_.StopAndExpectWhole();
  ExpectNoPairTwice();
}

}  // namespace
}  // namespace otokura::fault
