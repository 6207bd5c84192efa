// One recorder, one call and everything that can go wrong with it, in random order, against what the recorder was told. Whatever happened,
// the call ends as one recording that is whole, and no (key, nonce) pair has sealed twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <string>

#include "crypto/cobblestone.h"
#include "crypto/sha256.h"
#include "tests/unit/recordings/test_streams.h"

namespace otokura::recordings {
namespace {

using storage::StorageCall;
using ::testing::IsEmpty;

constexpr uint64_t kChunk = crypto::kChunkBytes;
constexpr int kRuns = 400;
constexpr int kSteps = 30;

std::string RecordPath() { return ::testing::TempDir() + "/nonces-" + std::to_string(getpid()); }

// Before anything is sealed: the record is opened once a process.
class NonceRecord : public ::testing::Environment {
 public:
  void SetUp() override { ASSERT_EQ(setenv("OTOKURA_NONCE_RECORD", RecordPath().c_str(), 1), 0); }
  void TearDown() override { std::filesystem::remove(RecordPath()); }
};
::testing::Environment* const nonce_record = ::testing::AddGlobalTestEnvironment(new NonceRecord);

// The recorder, its spool and what it knows; the only one who talks to the site.
class Recorder {
 public:
  Recorder(TestSite& site, uint64_t seed) : site_(site), random_(seed) {}

  void Step() {
    switch (Draw(16)) {
      case 0:
        return Disconnect();
      case 1:
        return Order(StorageCall::kAppend);
      case 2:
        return Order(StorageCall::kSync);
      case 3:
        return Order(StorageCall::kCommit);
      case 4:
        Learn();
        if (Draw(3) == 0) site_.Crash();
        return;
      case 5:
        return TryOpen();  // with a stream alive: fences it off
      case 6:
        if (Draw(4) == 0) knows_token_ = false;
        return;
      case 7:
        return AwaitAcknowledgement();
      case 8:
        site_.clock().Advance(absl::Seconds(Draw(40)));
        return;
      default:
        return SendOne();
    }
  }

  // Everything works again: the call is brought to its end.
  std::string End() {
    site_.NoFaults();
    for (int attempt = 0; attempt < 20 && !sealed_.has_value(); ++attempt) {
      // A sync that failed while a part was settled leaves its end of unknown fate for as long as this gateway lives.
      if (attempt == 10) site_.Crash();
      if (!Streaming()) TryOpen();
      if (sealed_.has_value()) break;
      if (!Streaming()) {
        site_.clock().Advance(absl::Seconds(31));
        continue;
      }
      while (position_ < truth_.size()) SendKnown();
      stream_->FinishOver(truth_);
      stream_->WaitEnd().IgnoreError();
      Learn();
    }
    if (!sealed_.has_value()) return "";
    return sealed_->recording_id();
  }

  const std::string& truth() const { return truth_; }
  const std::vector<v1::AudioGap>& gaps() const { return gaps_; }
  const std::optional<v1::Sealed>& sealed() const { return sealed_; }
  const absl::Status& last_refusal() const { return last_refusal_; }

 private:
  uint64_t Draw(uint64_t below) { return random_() % below; }

  // What the stream has told so far; drops it when it has ended.
  void Learn() {
    if (stream_ == nullptr) return;
    acknowledged_ = std::max(acknowledged_, stream_->committed());
    if (!stream_->ended()) return;
    sealed_ = stream_->WaitSealed();
    if (!sealed_.has_value()) last_refusal_ = stream_->WaitEnd();
    stream_.reset();
  }
  bool Streaming() {
    Learn();
    return stream_ != nullptr;
  }

  void Order(StorageCall call) {
    static const absl::Status kErrors[] = {absl::UnavailableError("medium"), absl::ResourceExhaustedError("full")};
    const bool can_be_full = call != StorageCall::kSync;
    site_.FailOnce(call, 1 + static_cast<int>(Draw(4)), kErrors[can_be_full ? Draw(2) : 0], Draw(2) == 0);
  }

  // Parts begin on whole chunks, so all but the last, short piece will be acknowledged.
  void AwaitAcknowledgement() {
    const uint64_t whole = position_ / kChunk * kChunk;
    if (stream_ != nullptr && whole > resumed_at_) stream_->WaitCommitted(whole);
  }

  void Disconnect() {
    if (!Streaming()) return;
    if (Draw(2) == 0) {
      stream_->Cancel();
    } else {
      stream_->HalfClose();
    }
    stream_->WaitEnd().IgnoreError();
    Learn();
  }

  void TryOpen() {
    v1::Open open = OpenOf("call");
    open.set_acknowledged_bytes(acknowledged_);
    if (knows_token_) open.set_resume_token(token_);
    auto next = std::make_unique<RecorderStream>(site_, CallerOf(RecorderAccount()));
    next->Open(open);
    const auto opened = next->WaitOpened();
    Learn();
    if (!opened.has_value()) return Refused(next->WaitEnd());
    if (stream_ != nullptr) {
      EXPECT_FALSE(stream_->WaitEnd().ok()) << "two streams of one call";
      Learn();
    }
    EXPECT_FALSE(opened->has_lost()) << opened->ShortDebugString();
    EXPECT_GE(opened->committed_bytes(), acknowledged_) << "an acknowledged byte is gone";
    EXPECT_LE(opened->committed_bytes(), truth_.size()) << "the gateway has what was never sent";
    token_ = opened->resume_token();
    knows_token_ = true;
    position_ = resumed_at_ = opened->committed_bytes();
    stream_ = std::move(next);
  }

  void Refused(const absl::Status& status) {
    last_refusal_ = status;
    if (absl::IsPermissionDenied(status)) knows_token_ = false;  // taken over by silence, and the answer was lost
    if (absl::IsAlreadyExists(status)) {
      // Sealed, and the answer was lost with the token: the digest tells that all is there.
      const v1::AlreadySealed& already = DetailOf(status).already_sealed();
      EXPECT_EQ(already.audio_sha256(), crypto::Sha256(truth_));
      sealed_.emplace();
      sealed_->set_recording_id(already.recording_id());
      sealed_->set_audio_bytes(already.audio_bytes());
      sealed_->set_audio_sha256(already.audio_sha256());
      sealed_->set_digest_check(already.digest_check());
    }
  }

  void SendOne() {
    if (!Streaming()) return TryOpen();
    if (position_ == truth_.size()) SpeakOn();
    SendKnown();
  }

  // New audio, or a loss that the recorder owns up to.
  void SpeakOn() {
    const uint64_t bytes = 1 + Draw(3 * kChunk);
    if (Draw(5) == 0) {
      v1::AudioGap& gap = gaps_.emplace_back();
      gap.set_offset(truth_.size());
      gap.set_length(bytes);
      truth_.append(bytes, '\xff');
    } else {
      truth_ += Speech(bytes, random_());
    }
  }

  // The next message from `position_` on, which never mixes audio and gap.
  void SendKnown() {
    uint64_t end = truth_.size();
    for (const v1::AudioGap& gap : gaps_) {
      if (position_ >= gap.offset() && position_ < gap.offset() + gap.length()) {
        const uint64_t rest = gap.offset() + gap.length() - position_;
        stream_->Gap(position_, rest);
        position_ += rest;
        return;
      }
      if (gap.offset() > position_) end = std::min(end, gap.offset());
    }
    const uint64_t piece = std::min(end - position_, 1 + Draw(65536));
    stream_->Audio(position_, std::string_view(truth_).substr(position_, piece));
    position_ += piece;
  }

  TestSite& site_;
  std::mt19937_64 random_;
  std::string truth_;  // the call as it is, losses as silence
  std::vector<v1::AudioGap> gaps_;
  uint64_t position_ = 0;  // next byte to send on the present stream
  uint64_t resumed_at_ = 0;
  uint64_t acknowledged_ = 0;
  std::string token_;
  bool knows_token_ = false;
  std::unique_ptr<RecorderStream> stream_;
  std::optional<v1::Sealed> sealed_;
  absl::Status last_refusal_;
};

// Timeline bytes that the gaps cover; no byte may be covered twice.
std::set<std::pair<uint64_t, uint64_t>> Joined(std::vector<v1::AudioGap> gaps) {
  std::sort(gaps.begin(), gaps.end(), [](const auto& a, const auto& b) { return a.offset() < b.offset(); });
  std::set<std::pair<uint64_t, uint64_t>> joined;
  uint64_t begin = 0;
  uint64_t end = 0;
  for (const v1::AudioGap& gap : gaps) {
    EXPECT_GE(gap.offset(), end) << "gaps overlap";
    if (gap.offset() != end || end == begin) {
      if (end > begin) joined.insert({begin, end});
      begin = gap.offset();
    }
    end = gap.offset() + gap.length();
  }
  if (end > begin) joined.insert({begin, end});
  return joined;
}

void RunCall(uint64_t seed) {
  TestSite site;
  Recorder recorder(site, seed);
  for (int step = 0; step < kSteps && !recorder.sealed().has_value(); ++step) recorder.Step();
  const std::string id = recorder.End();
  ASSERT_NE(id, "") << "the call never came to its end: " << recorder.last_refusal();
  EXPECT_EQ(recorder.sealed()->digest_check(), v1::MATCHED);
  EXPECT_EQ(recorder.sealed()->audio_bytes(), recorder.truth().size());
  const auto records = site.Records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(Joined({records[0].gaps().begin(), records[0].gaps().end()}), Joined(recorder.gaps()));
  const Heard heard = Download(site, id);
  EXPECT_TRUE(heard.status.ok()) << heard.status;
  EXPECT_EQ(heard.audio == recorder.truth(), true) << heard.audio.size() << " bytes heard, " << recorder.truth().size() << " spoken";
  EXPECT_EQ(site.Count(v1::RECORDING_DATA_LOSS), 0);
  EXPECT_EQ(site.Count(v1::RECORDING_SEALED), 1);
  EXPECT_THAT(site.Fsck(), IsEmpty());
}

TEST(IngestModel, I4_WhateverHappensTheCallEndsWhole) {
  const char* const given = getenv("OTOKURA_TEST_SEED");
  const uint64_t first = given != nullptr ? std::stoull(given) : std::random_device()();
  const int runs = given != nullptr ? 1 : kRuns;
  std::printf("seeds %llu to %llu; repeat one with OTOKURA_TEST_SEED\n", static_cast<unsigned long long>(first),
              static_cast<unsigned long long>(first + static_cast<uint64_t>(runs) - 1));
  for (uint64_t seed = first; seed < first + static_cast<uint64_t>(runs); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RunCall(seed);
    if (HasFailure()) return;
  }
}

// Runs after the above, over all that it sealed.
TEST(IngestModel, NoKeyAndNoncePairSealsTwice) {
#ifndef OTOKURA_TEST_HOOKS
  GTEST_SKIP() << "this build keeps no record of nonces (OTOKURA_TEST_HOOKS)";
#endif
  std::ifstream record(RecordPath());
  std::set<std::string> seen;
  std::string line;
  while (std::getline(record, line)) {
    std::istringstream fields(line);
    std::string key, nonce;
    ASSERT_TRUE(fields >> key >> nonce) << line;
    EXPECT_TRUE(seen.insert(key + nonce).second) << line;
  }
  EXPECT_GT(seen.size(), 100u);
}

}  // namespace
}  // namespace otokura::recordings
