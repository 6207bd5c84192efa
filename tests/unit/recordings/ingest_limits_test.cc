// What each recorder may send, each limit at its edge (I10), and that none of them stops the recording without need (I11).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "crypto/cobblestone.h"
#include "tests/unit/recordings/test_streams.h"

namespace otokura::recordings {
namespace {

constexpr uint64_t kChunk = crypto::kChunkBytes;

TEST(IngestLimits, I10_CallBytes) {
  TestSite site;
  v1::Account recorder = RecorderAccount();
  recorder.mutable_recorder()->set_call_bytes_max(100);
  const std::string speech = Speech(100);
  RecordCall(site, OpenOf("exactly"), speech, recorder);
  RecorderStream stream(site, CallerOf(recorder));
  stream.Open(OpenOf("beyond"));
  stream.Audio(0, speech);
  stream.Audio(100, "x");
  const absl::Status status = stream.WaitEnd();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(DetailOf(status).limit_reached().limit(), "call_bytes_max");
  RecorderStream gap(site, CallerOf(recorder));
  gap.Open(OpenOf("gap"));
  gap.Gap(0, 101);
  EXPECT_EQ(DetailOf(gap.WaitEnd()).limit_reached().limit(), "call_bytes_max");
}

TEST(IngestLimits, I10_DayBytesLastADayAndSurviveARestart) {
  TestSite site;
  v1::Account recorder = RecorderAccount();
  recorder.mutable_recorder()->set_day_bytes_max(150);
  RecordCall(site, OpenOf("first"), Speech(150), recorder);
  const auto refusal = [&](const std::string& call) {
    RecorderStream stream(site, CallerOf(recorder));
    stream.Open(OpenOf(call));
    stream.Audio(0, "x");
    return stream.WaitEnd();
  };
  EXPECT_EQ(DetailOf(refusal("second")).limit_reached().limit(), "day_bytes_max");
  site.Restart();
  const absl::Status status = refusal("third");
  ASSERT_EQ(DetailOf(status).limit_reached().limit(), "day_bytes_max") << status;
  const absl::Time retry = absl::FromUnixMillis(DetailOf(status).limit_reached().retry_at_unix_ms());
  EXPECT_EQ(retry, absl::FromCivil(absl::CivilDay(2026, 4, 11), absl::UTCTimeZone()));
  site.clock().Advance(retry - site.clock().Now());
  RecordCall(site, OpenOf("fourth"), Speech(150), recorder);
}

TEST(IngestLimits, I10_OpenCallsAndTheirEnds) {
  TestSite site;
  v1::Account recorder = RecorderAccount();
  recorder.mutable_recorder()->set_open_calls_max(2);
  RecorderStream one(site, CallerOf(recorder));
  RecorderStream two(site, CallerOf(recorder));
  one.Open(OpenOf("one"));
  two.Open(OpenOf("two"));
  ASSERT_TRUE(one.WaitOpened().has_value());
  ASSERT_TRUE(two.WaitOpened().has_value());
  const auto refusal = [&] {
    RecorderStream three(site, CallerOf(recorder));
    three.Open(OpenOf("three"));
    return three.WaitEnd();
  };
  EXPECT_EQ(DetailOf(refusal()).limit_reached().limit(), "open_calls_max");
  // A stream that is gone leaves its call open; after a restart too.
  one.Cancel();
  EXPECT_FALSE(one.WaitEnd().ok());
  EXPECT_EQ(DetailOf(refusal()).limit_reached().limit(), "open_calls_max");
  site.Restart();
  EXPECT_EQ(DetailOf(refusal()).limit_reached().limit(), "open_calls_max");
  RecorderStream again(site, CallerOf(recorder));
  again.Open(ResumeOf("two", *two.WaitOpened(), 0));
  again.FinishOver("");
  ASSERT_TRUE(again.WaitSealed().has_value()) << again.WaitEnd();
  RecordCall(site, OpenOf("three"), "", recorder);
}

// A seal whose fate was unknown must not cost the recorder a place for ever: the recording goes on (I11).
TEST(IngestLimits, I11_OpenCallsAreCountedRightWhenTheFateOfACommitIsUnknown) {
  TestSite site;
  v1::Account recorder = RecorderAccount();
  recorder.mutable_recorder()->set_open_calls_max(1);
  for (int round = 0; round < 3; ++round) {
    const std::string call = "call-" + std::to_string(round);
    RecorderStream stream(site, CallerOf(recorder));
    stream.Open(OpenOf(call));
    const auto opened = stream.WaitOpened();
    ASSERT_TRUE(opened.has_value()) << round << ": " << stream.WaitEnd();
    site.FailOnce(storage::StorageCall::kCommit, 1, absl::UnavailableError("medium"), /*stores_anyway=*/true);
    stream.FinishOver("");
    EXPECT_EQ(stream.WaitEnd().code(), absl::StatusCode::kUnavailable);
    site.NoFaults();
    RecorderStream again(site, CallerOf(recorder));
    again.Open(ResumeOf(call, *opened, 0));
    EXPECT_TRUE(again.WaitSealed().has_value()) << again.WaitEnd();
  }
  // And one whose opening was: it counts as long as it is live.
  site.FailOnce(storage::StorageCall::kCommit, 1, absl::UnavailableError("medium"), /*stores_anyway=*/true);
  RecorderStream lost(site, CallerOf(recorder));
  lost.Open(OpenOf("lost"));
  EXPECT_EQ(lost.WaitEnd().code(), absl::StatusCode::kUnavailable);
  site.NoFaults();
  site.clock().Advance(absl::Seconds(31));
  RecorderStream found(site, CallerOf(recorder));
  found.Open(OpenOf("lost"));
  ASSERT_TRUE(found.WaitOpened().has_value()) << found.WaitEnd();
  RecorderStream second(site, CallerOf(recorder));
  second.Open(OpenOf("second"));
  EXPECT_EQ(DetailOf(second.WaitEnd()).limit_reached().limit(), "open_calls_max");
}

TEST(IngestLimits, I10_OpensAMinute) {
  TestSite site;
  v1::Account recorder = RecorderAccount();
  recorder.mutable_recorder()->set_opens_per_minute_max(2);
  RecordCall(site, OpenOf("one"), "", recorder);
  site.clock().Advance(absl::Seconds(20));
  RecordCall(site, OpenOf("two"), "", recorder);
  RecorderStream stream(site, CallerOf(recorder));
  stream.Open(OpenOf("three"));
  const absl::Status status = stream.WaitEnd();
  EXPECT_EQ(DetailOf(status).limit_reached().limit(), "opens_per_minute_max") << status;
  EXPECT_EQ(DetailOf(status).limit_reached().retry_at_unix_ms(), absl::ToUnixMillis(site.clock().Now() + absl::Seconds(40)));
  EXPECT_EQ(site.Count(v1::INGEST_REFUSED, "limit"), 1);
  site.clock().Advance(absl::Seconds(40));
  RecordCall(site, OpenOf("three"), "", recorder);
}

TEST(IngestLimits, I10_LiveCallsOverAllRecorders) {
  v1::LimitsConfig limits;
  limits.set_live_calls_max(1);
  TestSite site(limits);
  RecorderStream one(site, CallerOf(RecorderAccount("recorder-1")));
  one.Open(OpenOf("one"));
  ASSERT_TRUE(one.WaitOpened().has_value());
  RecorderStream two(site, CallerOf(RecorderAccount("recorder-2")));
  two.Open(OpenOf("two"));
  EXPECT_EQ(DetailOf(two.WaitEnd()).limit_reached().limit(), "live_calls_max");
}

TEST(IngestLimits, I10_GapsOfARecording) {
  v1::LimitsConfig limits;
  limits.set_gaps_max(2);
  TestSite site(limits);
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf("call-1"));
  stream.Gap(0, 1);
  stream.Audio(1, "a");
  stream.Gap(2, 1);
  stream.WaitTaken();
  EXPECT_FALSE(stream.ended());
  stream.Gap(3, 1);
  EXPECT_EQ(DetailOf(stream.WaitEnd()).limit_reached().limit(), "gaps_max");
}

TEST(IngestLimits, I10_PartsOfARecording) {
  v1::LimitsConfig limits;
  limits.set_parts_max(2);
  TestSite site(limits);
  const std::string speech = Speech(3 * kChunk);
  v1::Open open = OpenOf("call-1");
  for (uint64_t part = 0; part < 2; ++part) {
    RecorderStream stream(site, CallerOf(RecorderAccount()));
    stream.Open(open);
    const auto opened = stream.WaitOpened();
    ASSERT_TRUE(opened.has_value()) << part << ": " << stream.WaitEnd();
    open = ResumeOf("call-1", *opened, (part + 1) * kChunk);
    stream.Audio(part * kChunk, speech.substr(part * kChunk, kChunk));
    ASSERT_TRUE(stream.WaitCommitted((part + 1) * kChunk));
    stream.Cancel();
    stream.WaitEnd().IgnoreError();
  }
  RecorderStream third(site, CallerOf(RecorderAccount()));
  third.Open(open);
  const absl::Status status = third.WaitEnd();
  EXPECT_EQ(DetailOf(status).limit_reached().limit(), "parts_max") << status;
}

TEST(IngestLimits, I10_NobodyOpensBelowTheLowestMark) {
  v1::LimitsConfig limits;
  limits.set_free_space_min_bytes(1000);
  limits.set_free_space_fair_bytes(2000);
  TestSite site(limits);
  RecorderStream live(site, CallerOf(RecorderAccount()));
  live.Open(OpenOf("live"));
  const auto opened = live.WaitOpened();
  ASSERT_TRUE(opened.has_value());
  live.Cancel();
  live.WaitEnd().IgnoreError();
  site.engine().SetFreeSpace({.available_bytes = 999, .total_bytes = 10000});
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf("new"));
  EXPECT_EQ(DetailOf(stream.WaitEnd()).limit_reached().limit(), "free_space_min_bytes");
  // A call that is live already may go on and end.
  RecorderStream again(site, CallerOf(RecorderAccount()));
  again.Open(ResumeOf("live", *opened, 0));
  again.FinishOver("");
  EXPECT_TRUE(again.WaitSealed().has_value()) << again.WaitEnd();
  site.engine().SetFreeSpace({.available_bytes = 1000, .total_bytes = 10000});
  RecordCall(site, OpenOf("new"), "");
}

TEST(IngestLimits, I11_BelowTheFairMarkOnlyWhoIsOverItsShareIsRefused) {
  v1::LimitsConfig limits;
  limits.set_free_space_min_bytes(1000);
  limits.set_free_space_fair_bytes(2000);
  TestSite site(limits);
  RecordCall(site, OpenOf("alone"), Speech(100), RecorderAccount("recorder-1"));
  site.engine().SetFreeSpace({.available_bytes = 1999, .total_bytes = 10000});
  // The only recorder has its share and no more.
  RecordCall(site, OpenOf("alone-2"), Speech(100), RecorderAccount("recorder-1"));
  RecordCall(site, OpenOf("modest"), Speech(10), RecorderAccount("recorder-2"));
  RecorderStream greedy(site, CallerOf(RecorderAccount("recorder-1")));
  greedy.Open(OpenOf("greedy"));
  EXPECT_EQ(DetailOf(greedy.WaitEnd()).limit_reached().limit(), "free_space_fair_bytes");
  RecordCall(site, OpenOf("modest-2"), Speech(10), RecorderAccount("recorder-2"));
  site.engine().SetFreeSpace({.available_bytes = 2000, .total_bytes = 10000});
  RecordCall(site, OpenOf("greedy"), "", RecorderAccount("recorder-1"));
}

}  // namespace
}  // namespace otokura::recordings
