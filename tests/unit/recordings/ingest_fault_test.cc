// A medium that fails while a call comes in: nothing acknowledged is lost, nothing is counted that may be gone, and the call goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "crypto/cobblestone.h"
#include "tests/unit/recordings/test_streams.h"

namespace otokura::recordings {
namespace {

using storage::StorageCall;
using ::testing::IsEmpty;

constexpr uint64_t kChunk = crypto::kChunkBytes;

TEST(IngestFaults, FailedWriteEndsTheStreamAndTheCallGoesOnAsItsNextPart) {
  for (const bool stores_anyway : {false, true}) {
    for (const StorageCall call : {StorageCall::kAppend, StorageCall::kSync}) {
      for (const int nth : {1, 3}) {
        TestSite site;
        const std::string speech = Speech(6 * kChunk + 11);
        site.FailOnce(call, nth, absl::UnavailableError("medium"), stores_anyway);
        RecorderStream stream(site, CallerOf(RecorderAccount()));
        stream.Open(OpenOf("call-1"));
        const auto opened = stream.WaitOpened();
        ASSERT_TRUE(opened.has_value());
        for (uint64_t chunk = 0; chunk < 6 && !stream.ended(); ++chunk) {
          stream.Audio(chunk * kChunk, speech.substr(chunk * kChunk, kChunk));
          stream.WaitCommitted((chunk + 1) * kChunk);
        }
        EXPECT_EQ(stream.WaitEnd().code(), absl::StatusCode::kUnavailable);
        EXPECT_EQ(stream.committed(), static_cast<uint64_t>(nth - 1) * kChunk);
        const auto sealed = GoOn(site, ResumeOf("call-1", *opened, stream.committed()), speech);
        ASSERT_TRUE(sealed.has_value());
        EXPECT_EQ(sealed->digest_check(), v1::MATCHED);
        EXPECT_EQ(site.Count(v1::RECORDING_DATA_LOSS), 0);
        EXPECT_EQ(Download(site, sealed->recording_id()).audio, speech);
        EXPECT_THAT(site.Fsck(), IsEmpty());
      }
    }
  }
}

// Bytes of a failed sync can be read back until the power is gone: they must not be counted, whatever the memory of the machine still
// holds.
TEST(IngestFaults, I4_WhatAFailedSyncLeftIsNotVouchedFor) {
  TestSite site;
  const std::string speech = Speech(4 * kChunk);
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf("call-1"));
  const auto opened = stream.WaitOpened();
  ASSERT_TRUE(opened.has_value());
  stream.Speak(0, speech.substr(0, kChunk));
  ASSERT_TRUE(stream.WaitCommitted(kChunk));
  site.FailOnce(StorageCall::kSync, 1, absl::UnavailableError("medium"));
  stream.Speak(kChunk, speech.substr(kChunk, kChunk));
  EXPECT_EQ(stream.WaitEnd().code(), absl::StatusCode::kUnavailable);
  RecorderStream again(site, CallerOf(RecorderAccount()));
  again.Open(ResumeOf("call-1", *opened, kChunk));
  ASSERT_TRUE(again.WaitOpened().has_value()) << again.WaitEnd();
  EXPECT_EQ(again.WaitOpened()->committed_bytes(), kChunk);
  again.Speak(kChunk, speech.substr(kChunk));
  ASSERT_TRUE(again.WaitCommitted(4 * kChunk));
  site.Crash();
  const auto sealed = GoOn(site, ResumeOf("call-1", *opened, 4 * kChunk), speech);
  ASSERT_TRUE(sealed.has_value());
  EXPECT_EQ(sealed->digest_check(), v1::MATCHED);
}

TEST(IngestFaults, FateOfTheOpeningUnknownStillGivesOneRecording) {
  for (const bool stores_anyway : {false, true}) {
    TestSite site;
    site.FailOnce(StorageCall::kCommit, 1, absl::UnavailableError("medium"), stores_anyway);
    EXPECT_EQ(OpenAndFail(site, OpenOf("call-1")).code(), absl::StatusCode::kUnavailable);
    site.NoFaults();
    site.clock().Advance(absl::Seconds(31));
    const std::string speech = Speech(2 * kChunk + 1);
    const auto sealed = GoOn(site, OpenOf("call-1"), speech);
    ASSERT_TRUE(sealed.has_value());
    EXPECT_EQ(sealed->digest_check(), v1::MATCHED);
    EXPECT_EQ(site.Records().size(), 1u);
    EXPECT_THAT(site.Fsck(), IsEmpty());
  }
}

// The final chunk is stored before the seal commits. Were it acknowledged by then, a seal that fails would take acknowledged bytes back.
TEST(IngestFaults, I4_FateOfTheSealUnknownStillGivesOneWholeRecording) {
  for (const bool stores_anyway : {false, true}) {
    TestSite site;
    const std::string speech = Speech(2 * kChunk + 1234);
    RecorderStream stream(site, CallerOf(RecorderAccount()));
    stream.Open(OpenOf("call-1"));
    const auto opened = stream.WaitOpened();
    ASSERT_TRUE(opened.has_value());
    stream.Speak(0, speech);
    ASSERT_TRUE(stream.WaitCommitted(2 * kChunk));
    site.FailOnce(StorageCall::kCommit, 1, absl::UnavailableError("medium"), stores_anyway);
    stream.FinishOver(speech);
    EXPECT_EQ(stream.WaitEnd().code(), absl::StatusCode::kUnavailable);
    site.NoFaults();
    RecorderStream again(site, CallerOf(RecorderAccount()));
    again.Open(ResumeOf("call-1", *opened, stream.committed()));
    const auto resumed = again.WaitOpened();
    ASSERT_TRUE(resumed.has_value()) << again.WaitEnd();
    EXPECT_FALSE(resumed->has_lost());
    if (!stores_anyway) {
      again.Speak(resumed->committed_bytes(), speech.substr(resumed->committed_bytes()));
      again.FinishOver(speech);
    }
    ASSERT_TRUE(again.WaitSealed().has_value()) << again.WaitEnd();
    EXPECT_EQ(again.WaitSealed()->digest_check(), v1::MATCHED);
    EXPECT_EQ(site.Records().size(), 1u);
    EXPECT_EQ(site.Count(v1::RECORDING_DATA_LOSS), 0);
    EXPECT_EQ(Download(site, opened->recording_id()).audio, speech);
    EXPECT_THAT(site.Fsck(), IsEmpty());
  }
}

}  // namespace
}  // namespace otokura::recordings
