// Calls that are interrupted: who may go on with them, what is kept, and what is said of what is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "crypto/sha256.h"
#include "server/recordings/limits.h"
#include "tests/unit/recordings/test_streams.h"

namespace otokura::recordings {
namespace {

using storage::StorageCall;
using ::testing::IsEmpty;

constexpr uint64_t kChunk = crypto::kChunkBytes;

TEST(IngestResume, HalfCloseLeavesTheCallOpenForItsRecorder) {
  TestSite site;
  const std::string speech = Speech(3 * kChunk + 9);
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf("call-1"));
  stream.Speak(0, speech.substr(0, kChunk + 100));
  stream.HalfClose();
  EXPECT_TRUE(stream.WaitEnd().ok());
  EXPECT_EQ(stream.committed(), kChunk);
  const auto sealed = GoOn(site, ResumeOf("call-1", *stream.WaitOpened(), kChunk), speech);
  ASSERT_TRUE(sealed.has_value());
  EXPECT_EQ(sealed->digest_check(), v1::MATCHED);
  EXPECT_EQ(Download(site, sealed->recording_id()).audio, speech);
  EXPECT_THAT(site.Fsck(), IsEmpty());
}

TEST(IngestResume, I4_AcknowledgedBytesSurviveTheGatewaysDeath) {
  TestSite site;
  const std::string speech = Speech(20 * kChunk + 77);
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf("call-1"));
  const auto opened = stream.WaitOpened();
  ASSERT_TRUE(opened.has_value());
  stream.Speak(0, speech.substr(0, 12 * kChunk));
  ASSERT_TRUE(stream.WaitCommitted(7 * kChunk));
  site.Crash();
  EXPECT_FALSE(stream.WaitEnd().ok());
  const uint64_t acknowledged = stream.committed();

  RecorderStream again(site, CallerOf(RecorderAccount()));
  again.Open(ResumeOf("call-1", *opened, acknowledged));
  const auto resumed = again.WaitOpened();
  ASSERT_TRUE(resumed.has_value()) << again.WaitEnd();
  EXPECT_EQ(resumed->recording_id(), opened->recording_id());
  EXPECT_EQ(resumed->resume_token(), opened->resume_token());
  EXPECT_GE(resumed->committed_bytes(), acknowledged);
  EXPECT_FALSE(resumed->has_lost());
  again.Speak(resumed->committed_bytes(), speech.substr(resumed->committed_bytes()));
  again.FinishOver(speech);
  ASSERT_TRUE(again.WaitSealed().has_value()) << again.WaitEnd();
  EXPECT_EQ(again.WaitSealed()->digest_check(), v1::MATCHED);
  const v1::RecordingRecord record = site.Record(opened->recording_id());
  ASSERT_EQ(record.parts_size(), 2);
  EXPECT_FALSE(record.parts(0).terminated()) << "an interrupted part is never terminated in place";
  EXPECT_EQ(record.parts(1).start_offset(), resumed->committed_bytes());
  EXPECT_EQ(Download(site, opened->recording_id()).audio, speech);
  EXPECT_EQ(site.Count(v1::RECORDING_RESUMED, "token"), 1);
  EXPECT_THAT(site.Fsck(), IsEmpty());
}

TEST(IngestResume, RecorderThatLostItsHashVouchesForItsTail) {
  TestSite site;
  const std::string speech = Speech(4 * kChunk + 5);
  const v1::Opened opened = Interrupted(site, "call-1", speech, 2);
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(ResumeOf("call-1", opened, 2 * kChunk));
  ASSERT_TRUE(stream.WaitOpened().has_value());
  stream.Speak(2 * kChunk, speech.substr(2 * kChunk));
  stream.Finish(speech.size(), crypto::Sha256(std::string_view(speech).substr(2 * kChunk)), 2 * kChunk);
  ASSERT_TRUE(stream.WaitSealed().has_value()) << stream.WaitEnd();
  EXPECT_EQ(stream.WaitSealed()->digest_check(), v1::MATCHED_TAIL);
  EXPECT_EQ(stream.WaitSealed()->audio_sha256(), crypto::Sha256(speech)) << "the gateway's own digest is of the whole";
}

TEST(IngestResume, WrongTailDigestIsMarkedAndDigestFromElsewhereRefused) {
  TestSite site;
  const std::string speech = Speech(3 * kChunk);
  v1::Opened opened = Interrupted(site, "call-1", speech, 2);
  {
    RecorderStream stream(site, CallerOf(RecorderAccount()));
    stream.Open(ResumeOf("call-1", opened, 2 * kChunk));
    ASSERT_TRUE(stream.WaitOpened().has_value());
    stream.Finish(2 * kChunk, std::string(32, 'x'), kChunk);
    EXPECT_EQ(stream.WaitEnd().code(), absl::StatusCode::kFailedPrecondition);
  }
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(ResumeOf("call-1", opened, 2 * kChunk));
  ASSERT_TRUE(stream.WaitOpened().has_value()) << stream.WaitEnd();
  stream.Finish(2 * kChunk, std::string(32, 'x'), 2 * kChunk);
  ASSERT_TRUE(stream.WaitSealed().has_value()) << stream.WaitEnd();
  EXPECT_EQ(stream.WaitSealed()->digest_check(), v1::MISMATCHED);
}

TEST(IngestResume, TokenFencesTheOldStreamOffAtOnce) {
  TestSite site;
  const std::string speech = Speech(5 * kChunk);
  RecorderStream old(site, CallerOf(RecorderAccount()));
  old.Open(OpenOf("call-1"));
  const auto opened = old.WaitOpened();
  ASSERT_TRUE(opened.has_value());
  old.Speak(0, speech.substr(0, 2 * kChunk));
  ASSERT_TRUE(old.WaitCommitted(2 * kChunk));
  const auto sealed = GoOn(site, ResumeOf("call-1", *opened, 2 * kChunk), speech);
  EXPECT_EQ(old.WaitEnd().code(), absl::StatusCode::kAborted);
  ASSERT_TRUE(sealed.has_value());
  EXPECT_EQ(sealed->recording_id(), opened->recording_id());
  EXPECT_EQ(sealed->digest_check(), v1::MATCHED);
  EXPECT_EQ(site.Records().size(), 1u);
  EXPECT_THAT(site.Fsck(), IsEmpty());
}

// Fenced while its write is in the disk: the new stream must wait for it, or two writers would own one part's end.
TEST(IngestResume, I4_FencedStreamSettlesWhatIsInFlightBeforeTheNextBegins) {
  TestSite site;
  const std::string speech = Speech(3 * kChunk);
  RecorderStream old(site, CallerOf(RecorderAccount()));
  old.Open(OpenOf("call-1"));
  const auto opened = old.WaitOpened();
  ASSERT_TRUE(opened.has_value());
  Turnstile disk;
  site.engine().SetFault([&](StorageCall call, const storage::AudioObjectId*) {
    if (call == StorageCall::kAppend) disk.Pass();
    return absl::OkStatus();
  });
  old.Audio(0, speech.substr(0, kChunk));
  disk.WaitForSomebody();
  RecorderStream next(site, CallerOf(RecorderAccount()));
  next.Open(ResumeOf("call-1", *opened, 0));
  next.Speak(kChunk, speech.substr(kChunk));
  next.FinishOver(speech);
  disk.Open();
  ASSERT_TRUE(next.WaitOpened().has_value()) << next.WaitEnd();
  EXPECT_EQ(next.WaitOpened()->committed_bytes(), kChunk);
  EXPECT_EQ(old.WaitEnd().code(), absl::StatusCode::kAborted);
  ASSERT_TRUE(next.WaitSealed().has_value()) << next.WaitEnd();
  EXPECT_EQ(next.WaitSealed()->digest_check(), v1::MATCHED);
  site.NoFaults();
}

TEST(IngestResume, WithoutTheTokenOnlyAfterSilenceAndTheOldTokenIsDeadThen) {
  TestSite site;
  RecorderStream old(site, CallerOf(RecorderAccount()));
  old.Open(OpenOf("call-1"));
  const auto opened = old.WaitOpened();
  ASSERT_TRUE(opened.has_value());
  site.clock().Advance(absl::Seconds(10));
  old.Audio(0, "heard");
  old.WaitTaken();
  site.clock().Advance(absl::Seconds(29));
  const absl::Status status = OpenAndFail(site, OpenOf("call-1"));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_EQ(DetailOf(status).call_is_live().takeover_at_unix_ms(), absl::ToUnixMillis(site.clock().Now() + absl::Seconds(1)));
  EXPECT_EQ(site.Count(v1::INGEST_REFUSED, "call-is-live"), 1);
  site.clock().Advance(absl::Seconds(1));
  RecorderStream next(site, CallerOf(RecorderAccount()));
  next.Open(OpenOf("call-1"));
  ASSERT_TRUE(next.WaitOpened().has_value()) << next.WaitEnd();
  EXPECT_EQ(old.WaitEnd().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(next.WaitOpened()->recording_id(), opened->recording_id());
  EXPECT_NE(next.WaitOpened()->resume_token(), opened->resume_token());
  EXPECT_EQ(site.Count(v1::RECORDING_RESUMED, "silence"), 1);
  EXPECT_EQ(OpenAndFail(site, ResumeOf("call-1", *opened, 0)).code(), absl::StatusCode::kPermissionDenied);
}

TEST(IngestResume, SilenceAfterADisconnectCountsFromWhenItWasLastHeard) {
  TestSite site;
  Interrupted(site, "call-1", Speech(kChunk), 1);
  EXPECT_EQ(OpenAndFail(site, OpenOf("call-1")).code(), absl::StatusCode::kFailedPrecondition);
  site.clock().Advance(absl::Seconds(30));
  EXPECT_TRUE(GoOn(site, OpenOf("call-1"), Speech(kChunk)).has_value());
}

TEST(IngestResume, RestartDoesNotShortenASilence) {
  TestSite site;
  Interrupted(site, "call-1", Speech(kChunk), 1);
  site.clock().Advance(absl::Seconds(25));
  site.Crash();
  site.clock().Advance(absl::Seconds(29));
  EXPECT_EQ(OpenAndFail(site, OpenOf("call-1")).code(), absl::StatusCode::kFailedPrecondition);
  site.clock().Advance(absl::Seconds(1));
  EXPECT_TRUE(GoOn(site, OpenOf("call-1"), Speech(kChunk)).has_value());
}

TEST(IngestResume, I6_WrongTokenIsRefusedAndLoggedLiveOrNot) {
  TestSite site;
  v1::Opened wrong;
  wrong.set_resume_token(std::string(kResumeTokenBytes, 'x'));
  RecorderStream old(site, CallerOf(RecorderAccount()));
  old.Open(OpenOf("call-1"));
  ASSERT_TRUE(old.WaitOpened().has_value());
  EXPECT_EQ(OpenAndFail(site, ResumeOf("call-1", wrong, 0)).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_FALSE(old.ended());
  old.Cancel();
  old.WaitEnd().IgnoreError();
  site.clock().Advance(absl::Minutes(10));
  EXPECT_EQ(OpenAndFail(site, ResumeOf("call-1", wrong, 0)).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(site.Count(v1::INGEST_REFUSED, "token"), 2);
}

TEST(IngestResume, LegsAndRecordersHaveCallsOfTheirOwn) {
  TestSite site;
  RecordCall(site, OpenOf("call-1"), Speech(10, 1));
  v1::Open agent = OpenOf("call-1");
  agent.set_leg(v1::LEG_AGENT);
  RecordCall(site, agent, Speech(10, 2));
  RecordCall(site, OpenOf("call-1"), Speech(10, 3), RecorderAccount("recorder-2"));
  EXPECT_EQ(site.Records().size(), 3u);
}

TEST(IngestResume, SealedCallIsToldAgainToWhoHasTheTokenAndRefusedToOthers) {
  TestSite site;
  const std::string speech = Speech(kChunk + 3);
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf("call-1"));
  stream.Speak(0, speech);
  stream.FinishOver(speech);
  const auto sealed = stream.WaitSealed();
  ASSERT_TRUE(sealed.has_value()) << stream.WaitEnd();

  RecorderStream again(site, CallerOf(RecorderAccount()));
  again.Open(ResumeOf("call-1", *stream.WaitOpened(), speech.size()));
  EXPECT_TRUE(again.WaitEnd().ok());
  ASSERT_TRUE(again.WaitSealed().has_value());
  EXPECT_EQ(again.WaitSealed()->SerializeAsString(), sealed->SerializeAsString());

  const absl::Status status = OpenAndFail(site, OpenOf("call-1"));
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists) << status;
  EXPECT_EQ(DetailOf(status).already_sealed().recording_id(), sealed->recording_id());
  EXPECT_EQ(DetailOf(status).already_sealed().audio_sha256(), crypto::Sha256(speech));
  EXPECT_EQ(DetailOf(status).already_sealed().digest_check(), v1::MATCHED);
  EXPECT_EQ(site.Records().size(), 1u);
}

// The store lost what was acknowledged: found, said to the recorder, logged, marked, filled, and the rest of the call goes on.
TEST(IngestResume, I4_AcknowledgedButMissingIsSaidLoggedAndFilled) {
  for (const uint64_t kept_chunks : {uint64_t{2}, uint64_t{0}}) {
    TestSite site;
    const std::string speech = Speech(6 * kChunk);
    const v1::Opened opened = Interrupted(site, "call-1", speech, 4);
    site.Crash();
    site.SetObject(opened.recording_id(), 0, site.Object(opened.recording_id(), 0).substr(0, crypto::SealedChunkOffset(kept_chunks) + 10));

    RecorderStream stream(site, CallerOf(RecorderAccount()));
    stream.Open(ResumeOf("call-1", opened, 4 * kChunk));
    const auto resumed = stream.WaitOpened();
    ASSERT_TRUE(resumed.has_value()) << stream.WaitEnd();
    EXPECT_EQ(resumed->committed_bytes(), 4 * kChunk) << "the recorder has nothing older";
    EXPECT_EQ(resumed->lost().offset(), kept_chunks * kChunk);
    EXPECT_EQ(resumed->lost().length(), (4 - kept_chunks) * kChunk);
    EXPECT_EQ(site.Count(v1::RECORDING_DATA_LOSS, "acknowledged-missing"), 1);
    stream.Speak(4 * kChunk, speech.substr(4 * kChunk));
    stream.FinishOver(speech);
    ASSERT_TRUE(stream.WaitSealed().has_value()) << stream.WaitEnd();
    const std::string kept =
        speech.substr(0, kept_chunks * kChunk) + std::string((4 - kept_chunks) * kChunk, '\xff') + speech.substr(4 * kChunk);
    EXPECT_EQ(stream.WaitSealed()->audio_sha256(), crypto::Sha256(kept));
    EXPECT_EQ(stream.WaitSealed()->digest_check(), v1::MISMATCHED) << "it is not what the recorder sent";
    const v1::RecordingRecord record = site.Record(opened.recording_id());
    ASSERT_EQ(record.gaps_size(), 1);
    EXPECT_EQ(record.gaps(0).reason(), v1::AudioGap::GATEWAY_LOSS);
    EXPECT_EQ(Download(site, opened.recording_id()).audio, kept);
    EXPECT_THAT(site.Fsck(), IsEmpty());
  }
}

TEST(IngestResume, I7_DamagedChunkInALivePartIsNeverBuiltUpon) {
  TestSite site;
  const std::string speech = Speech(6 * kChunk);
  const v1::Opened opened = Interrupted(site, "call-1", speech, 4);
  std::string object = site.Object(opened.recording_id(), 0);
  object[crypto::SealedChunkOffset(1) + 5] ^= 1;
  site.SetObject(opened.recording_id(), 0, object);
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(ResumeOf("call-1", opened, 4 * kChunk));
  ASSERT_TRUE(stream.WaitOpened().has_value()) << stream.WaitEnd();
  EXPECT_EQ(stream.WaitOpened()->lost().offset(), kChunk);
  EXPECT_EQ(stream.WaitOpened()->lost().length(), 3 * kChunk);
}

// A store set back to before the call began: the recorder's token names acknowledged bytes of which nothing is left.
TEST(IngestResume, I4_CallThatTheStoreForgotIsSaidToo) {
  TestSite site;
  const std::string speech = Speech(3 * kChunk);
  v1::Opened opened;
  opened.set_resume_token(std::string(kResumeTokenBytes, 't'));
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(ResumeOf("call-1", opened, 2 * kChunk));
  ASSERT_TRUE(stream.WaitOpened().has_value()) << stream.WaitEnd();
  EXPECT_EQ(stream.WaitOpened()->committed_bytes(), 2 * kChunk);
  EXPECT_EQ(stream.WaitOpened()->lost().length(), 2 * kChunk);
  EXPECT_EQ(site.Count(v1::RECORDING_DATA_LOSS, "acknowledged-missing"), 1);
  stream.Speak(2 * kChunk, speech.substr(2 * kChunk));
  stream.FinishOver(speech);
  ASSERT_TRUE(stream.WaitSealed().has_value()) << stream.WaitEnd();
  EXPECT_EQ(Download(site, stream.WaitSealed()->recording_id()).audio, std::string(2 * kChunk, '\xff') + speech.substr(2 * kChunk));
  EXPECT_THAT(site.Fsck(), IsEmpty());
}

TEST(IngestResume, AbandonedCallIsSealedIncompleteAfterADay) {
  TestSite site;
  const std::string speech = Speech(2 * kChunk);
  const v1::Opened opened = Interrupted(site, "call-1", speech, 2);
  site.clock().Advance(absl::Hours(24) - absl::Seconds(1));
  EXPECT_EQ(*site.ingest().SealAbandoned(), 0);
  site.clock().Advance(absl::Seconds(1));
  EXPECT_EQ(*site.ingest().SealAbandoned(), 1);
  site.ingest().Drain();
  const v1::RecordingRecord record = site.Record(opened.recording_id());
  EXPECT_EQ(record.state(), v1::INCOMPLETE);
  EXPECT_EQ(record.digest_check(), v1::ABSENT);
  EXPECT_EQ(record.end_offset(), 2 * kChunk);
  EXPECT_EQ(site.Count(v1::RECORDING_INCOMPLETE, "abandoned"), 1);
  EXPECT_EQ(Download(site, opened.recording_id()).audio, speech);
  EXPECT_THAT(site.Fsck(), IsEmpty());
}

TEST(IngestResume, LiveStreamIsNeverAbandoned) {
  TestSite site;
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf("call-1"));
  ASSERT_TRUE(stream.WaitOpened().has_value());
  site.clock().Advance(absl::Hours(240));
  EXPECT_EQ(*site.ingest().SealAbandoned(), 0);
}

TEST(IngestResume, CallWithoutAWordIsAbandonedToo) {
  TestSite site;
  const v1::Opened opened = Interrupted(site, "call-1", "", 0);
  site.clock().Advance(absl::Hours(24));
  EXPECT_EQ(*site.ingest().SealAbandoned(), 1);
  site.ingest().Drain();
  EXPECT_EQ(site.Record(opened.recording_id()).state(), v1::INCOMPLETE);
  const Heard heard = Download(site, opened.recording_id());
  EXPECT_TRUE(heard.status.ok()) << heard.status;
  EXPECT_EQ(heard.audio, "");
  EXPECT_THAT(site.Fsck(), IsEmpty());
}

// The gap was recorded, its silence was not: what is sealed must not speak of bytes that it has not.
TEST(IngestResume, I4_AbandonedCallDeclaresNoGapBeyondItsEnd) {
  TestSite site;
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf("call-1"));
  const auto opened = stream.WaitOpened();
  ASSERT_TRUE(opened.has_value());
  site.FailOnce(StorageCall::kAppend, 2, absl::UnavailableError("medium"));
  stream.Gap(0, 3 * kChunk);
  EXPECT_EQ(stream.WaitEnd().code(), absl::StatusCode::kUnavailable);
  site.NoFaults();
  site.clock().Advance(absl::Hours(24));
  EXPECT_EQ(*site.ingest().SealAbandoned(), 1);
  site.ingest().Drain();
  const v1::RecordingRecord record = site.Record(opened->recording_id());
  EXPECT_EQ(record.end_offset(), kChunk);
  ASSERT_EQ(record.gaps_size(), 1);
  EXPECT_EQ(record.gaps(0).length(), kChunk);
}

TEST(IngestResume, LateAudioBecomesASupplement) {
  TestSite site;
  const std::string speech = Speech(5 * kChunk + 7);
  const v1::Opened opened = Interrupted(site, "call-1", speech, 2);
  site.clock().Advance(absl::Hours(25));
  ASSERT_EQ(*site.ingest().SealAbandoned(), 1);
  site.Restart();

  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(ResumeOf("call-1", opened, 2 * kChunk));
  const auto supplement = stream.WaitOpened();
  ASSERT_TRUE(supplement.has_value()) << stream.WaitEnd();
  EXPECT_EQ(supplement->supplement_of(), opened.recording_id());
  EXPECT_EQ(supplement->committed_bytes(), 2 * kChunk);
  EXPECT_NE(supplement->recording_id(), opened.recording_id());
  stream.Speak(2 * kChunk, speech.substr(2 * kChunk, kChunk));
  ASSERT_TRUE(stream.WaitCommitted(3 * kChunk));
  stream.Cancel();
  stream.WaitEnd().IgnoreError();

  // It is a call like any other: interrupted, gone on with, sealed.
  RecorderStream again(site, CallerOf(RecorderAccount()));
  again.Open(ResumeOf("call-1", *supplement, 3 * kChunk));
  ASSERT_TRUE(again.WaitOpened().has_value()) << again.WaitEnd();
  EXPECT_EQ(again.WaitOpened()->committed_bytes(), 3 * kChunk);
  again.Speak(3 * kChunk, speech.substr(3 * kChunk));
  again.Finish(speech.size(), crypto::Sha256(speech));
  const auto sealed = again.WaitSealed();
  ASSERT_TRUE(sealed.has_value()) << again.WaitEnd();
  EXPECT_EQ(sealed->audio_bytes(), speech.size() - 2 * kChunk);
  EXPECT_EQ(sealed->digest_check(), v1::ABSENT) << "the recorder's digest covers bytes that are another recording's";
  EXPECT_EQ(Download(site, sealed->recording_id()).audio, speech.substr(2 * kChunk));
  EXPECT_EQ(Download(site, sealed->recording_id(), kChunk + 5, 100).audio, speech.substr(3 * kChunk + 5, 100));
  EXPECT_EQ(site.Record(sealed->recording_id()).start_offset(), 2 * kChunk);
  EXPECT_EQ(site.Count(v1::RECORDING_SEALED, "finished"), 1);
  EXPECT_THAT(site.Fsck(), IsEmpty());
}

TEST(IngestResume, I4_SupplementOfARecordingThatLostAcknowledgedBytesSaysSo) {
  TestSite site;
  const std::string speech = Speech(4 * kChunk);
  const v1::Opened opened = Interrupted(site, "call-1", speech, 3);
  site.SetObject(opened.recording_id(), 0, site.Object(opened.recording_id(), 0).substr(0, crypto::SealedChunkOffset(1)));
  site.clock().Advance(absl::Hours(25));
  ASSERT_EQ(*site.ingest().SealAbandoned(), 1);
  site.Restart();
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(ResumeOf("call-1", opened, 3 * kChunk));
  ASSERT_TRUE(stream.WaitOpened().has_value()) << stream.WaitEnd();
  EXPECT_EQ(stream.WaitOpened()->committed_bytes(), 3 * kChunk);
  EXPECT_EQ(stream.WaitOpened()->lost().offset(), kChunk);
  EXPECT_EQ(site.Count(v1::RECORDING_DATA_LOSS, "acknowledged-missing"), 1);
}

TEST(IngestResume, CallGoesOnOverTheTurnOfAMonth) {
  TestSite site;
  site.clock().Advance(absl::FromCivil(absl::CivilSecond(2026, 4, 30, 23, 59, 50), absl::UTCTimeZone()) - site.clock().Now());
  ASSERT_TRUE(site.keys().EnsureEpochs({"standard"}, site.clock().Now(), [](const keys::Epoch&) { return absl::OkStatus(); }).ok());
  const std::string speech = Speech(3 * kChunk);
  const v1::Opened opened = Interrupted(site, "call-1", speech, 1);
  site.clock().Advance(absl::Minutes(1));
  const auto sealed = GoOn(site, ResumeOf("call-1", opened, kChunk), speech);
  ASSERT_TRUE(sealed.has_value());
  EXPECT_EQ(sealed->recording_id(), opened.recording_id());
  EXPECT_EQ(sealed->digest_check(), v1::MATCHED);
  EXPECT_EQ(site.Records().size(), 1u);
}

}  // namespace
}  // namespace otokura::recordings
