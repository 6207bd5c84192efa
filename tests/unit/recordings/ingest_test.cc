// Calls coming in: the protocol, and what breaks it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "crypto/sha256.h"
#include "server/recordings/limits.h"
#include "tests/unit/recordings/test_streams.h"

namespace otokura::recordings {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint64_t kChunk = crypto::kChunkBytes;

std::string Silence(size_t bytes) { return std::string(bytes, '\xff'); }

// What the gateway says when the second request after an opened call is `request`.
absl::Status RefusalOf(TestSite& site, const v1::RecordRequest& request) {
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf("refused"));
  EXPECT_TRUE(stream.WaitOpened().has_value());
  stream.Send(request);
  return stream.WaitEnd();
}

v1::RecordRequest AudioAt(uint64_t offset, size_t bytes) {
  v1::RecordRequest request;
  request.mutable_audio()->set_offset(offset);
  request.mutable_audio()->set_data(std::string(bytes, 'a'));
  return request;
}

v1::RecordRequest GapOf(uint64_t offset, uint64_t length, v1::AudioGap::Reason reason = v1::AudioGap::SPOOL_FULL) {
  v1::RecordRequest request;
  request.mutable_gap()->set_offset(offset);
  request.mutable_gap()->set_length(length);
  request.mutable_gap()->set_reason(reason);
  return request;
}

TEST(Ingest, CallEndsSealedMatchedAndWhole) {
  TestSite site;
  const std::string speech = Speech(5 * kChunk + 777);
  const std::string id = RecordCall(site, OpenOf("call-1"), speech);

  const v1::RecordingRecord record = site.Record(id);
  EXPECT_EQ(record.state(), v1::SEALED);
  EXPECT_EQ(record.digest_check(), v1::MATCHED);
  EXPECT_EQ(record.end_offset(), speech.size());
  EXPECT_EQ(record.audio_sha256(), crypto::Sha256(speech));
  ASSERT_EQ(record.parts_size(), 1);
  EXPECT_TRUE(record.parts(0).terminated());
  EXPECT_EQ(site.Object(id, 0).size(), crypto::SealedMessageBytes(speech.size()));
  const Heard heard = Download(site, id);
  EXPECT_TRUE(heard.status.ok()) << heard.status;
  EXPECT_EQ(heard.audio, speech);
  EXPECT_THAT(site.Fsck(), IsEmpty());
}

TEST(Ingest, CallsOfAnyLengthComeBack) {
  TestSite site;
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{kChunk - 1}, size_t{kChunk}, size_t{kChunk + 1}, size_t{2 * kChunk}}) {
    const std::string speech = Speech(bytes, bytes);
    const std::string id = RecordCall(site, OpenOf("call-" + std::to_string(bytes)), speech);
    const Heard heard = Download(site, id);
    EXPECT_TRUE(heard.status.ok()) << bytes << ": " << heard.status;
    EXPECT_EQ(heard.audio, speech) << bytes;
  }
  EXPECT_THAT(site.Fsck(), IsEmpty());
}

TEST(Ingest, I3_EveryChangeOfTheRecordHasItsEntry) {
  TestSite site;
  const std::string id = RecordCall(site, OpenOf("call-1"), Speech(100));
  const auto opened = site.LogOf(v1::RECORDING_OPENED);
  const auto sealed = site.LogOf(v1::RECORDING_SEALED);
  ASSERT_EQ(opened.size(), 1u);
  ASSERT_EQ(sealed.size(), 1u);
  const v1::RecordingRecord record = site.Record(id);
  EXPECT_EQ(opened[0].recording_id(), record.id());
  EXPECT_EQ(sealed[0].sequence(), record.sealed_sequence());
  EXPECT_EQ(sealed[0].manifest_sha256(), record.manifest_sha256());
  EXPECT_EQ(sealed[0].rule(), "finished");
  EXPECT_EQ(sealed[0].access_number(), 2u);
}

TEST(Ingest, I4_OnlyDurableBytesAreAcknowledged) {
  TestSite site;
  Turnstile disk;
  site.engine().SetFault([&](storage::StorageCall call, const storage::AudioObjectId*) {
    if (call == storage::StorageCall::kSync) disk.Pass();
    return absl::OkStatus();
  });
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf("call-1"));
  ASSERT_TRUE(stream.WaitOpened().has_value());
  stream.Speak(0, Speech(kChunk));
  disk.WaitForSomebody();
  EXPECT_EQ(stream.committed(), 0u);
  disk.Open();
  EXPECT_TRUE(stream.WaitCommitted(kChunk));
  site.NoFaults();
}

TEST(Ingest, OffsetThatLeavesAHoleOrOverlapsIsToldWhereTheStreamStands) {
  for (const uint64_t wrong : {uint64_t{0}, uint64_t{kChunk - 1}, uint64_t{kChunk + 1}, UINT64_MAX}) {
    TestSite site;
    RecorderStream stream(site, CallerOf(RecorderAccount()));
    stream.Open(OpenOf("call-1"));
    const auto opened = stream.WaitOpened();
    ASSERT_TRUE(opened.has_value());
    const std::string speech = Speech(3 * kChunk);
    stream.Speak(0, speech.substr(0, kChunk));
    stream.Audio(wrong, "x");
    const absl::Status status = stream.WaitEnd();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_EQ(DetailOf(status).offset_mismatch().expected(), kChunk);
    EXPECT_EQ(DetailOf(status).offset_mismatch().received(), wrong);
    EXPECT_EQ(stream.committed(), kChunk) << "what was right is kept";

    RecorderStream again(site, CallerOf(RecorderAccount()));
    again.Open(ResumeOf("call-1", *opened, kChunk));
    ASSERT_TRUE(again.WaitOpened().has_value());
    EXPECT_EQ(again.WaitOpened()->committed_bytes(), kChunk);
    again.Speak(kChunk, speech.substr(kChunk));
    again.FinishOver(speech);
    ASSERT_TRUE(again.WaitSealed().has_value()) << again.WaitEnd();
    EXPECT_EQ(again.WaitSealed()->digest_check(), v1::MATCHED);
    EXPECT_THAT(site.Fsck(), IsEmpty());
  }
}

TEST(Ingest, GapAndFinishAtAWrongOffsetAreRefused) {
  TestSite site;
  absl::Status status = RefusalOf(site, GapOf(1, 100));
  EXPECT_EQ(DetailOf(status).offset_mismatch().received(), 1u) << status;
  site.clock().Advance(absl::Seconds(31));
  v1::RecordRequest finish;
  finish.mutable_finish()->set_total_bytes(5);
  finish.mutable_finish()->set_sha256(std::string(32, 'x'));
  status = RefusalOf(site, finish);
  EXPECT_EQ(DetailOf(status).offset_mismatch().received(), 5u) << status;
}

TEST(Ingest, MessageSizesAtTheEdges) {
  for (const size_t bytes : {size_t{0}, size_t{kAudioMessageBytesMax + 1}}) {
    TestSite site;
    const absl::Status status = RefusalOf(site, AudioAt(0, bytes));
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bytes << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("audio.data"));
  }
  for (const size_t bytes : {size_t{1}, kAudioMessageBytesMax}) {
    TestSite site;
    RecorderStream stream(site, CallerOf(RecorderAccount()));
    stream.Open(OpenOf("call-1"));
    const std::string speech = Speech(bytes);
    stream.Audio(0, speech);
    stream.FinishOver(speech);
    EXPECT_TRUE(stream.WaitSealed().has_value()) << bytes << ": " << stream.WaitEnd();
  }
}

TEST(Ingest, GapsAtTheEdges) {
  for (const v1::RecordRequest& bad : {GapOf(0, 0), GapOf(0, kGapBytesMax + 1), GapOf(0, 1, v1::AudioGap::REASON_UNSPECIFIED),
                                       GapOf(0, 1, v1::AudioGap::GATEWAY_LOSS), GapOf(0, 1, static_cast<v1::AudioGap::Reason>(77))}) {
    TestSite site;
    const absl::Status status = RefusalOf(site, bad);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad.ShortDebugString() << status;
  }
}

TEST(Ingest, GapIsKeptAsSilenceAndOwnedUpTo) {
  TestSite site;
  const std::string before = Speech(kChunk + 5, 1);
  const std::string after = Speech(100, 2);
  const uint64_t gap = 40 * kChunk + 3;  // more than may be in flight at once
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf("call-1"));
  stream.Speak(0, before);
  stream.Gap(before.size(), gap, v1::AudioGap::PACKET_LOSS);
  stream.Speak(before.size() + gap, after);
  const std::string whole = before + Silence(gap) + after;
  stream.FinishOver(whole);
  const auto sealed = stream.WaitSealed();
  ASSERT_TRUE(sealed.has_value()) << stream.WaitEnd();
  EXPECT_EQ(sealed->digest_check(), v1::MATCHED);
  const v1::RecordingRecord record = site.Record(sealed->recording_id());
  ASSERT_EQ(record.gaps_size(), 1);
  EXPECT_EQ(record.gaps(0).offset(), before.size());
  EXPECT_EQ(record.gaps(0).length(), gap);
  EXPECT_EQ(site.Count(v1::RECORDING_GAP, "PACKET_LOSS"), 1);
  EXPECT_EQ(Download(site, sealed->recording_id()).audio, whole);
}

TEST(Ingest, SilenceIsTheFormatsOwn) {
  v1::Account recorder = RecorderAccount();
  for (const auto& [encoding, silence] : {std::pair{v1::AudioFormat::PCMA, '\xd5'}, std::pair{v1::AudioFormat::L16LE, '\0'}}) {
    TestSite site;
    v1::Open open = OpenOf("call-1");
    open.mutable_format()->set_encoding(encoding);
    *recorder.mutable_recorder()->mutable_formats(0) = open.format();
    RecorderStream stream(site, CallerOf(recorder));
    stream.Open(open);
    stream.Gap(0, 10);
    stream.FinishOver(std::string(10, silence));
    ASSERT_TRUE(stream.WaitSealed().has_value()) << stream.WaitEnd();
    EXPECT_EQ(stream.WaitSealed()->digest_check(), v1::MATCHED);
  }
}

// Were it the other way round, a crash in between would leave silence that nobody owned up to.
TEST(Ingest, I3_GapIsInTheRecordAndTheLogBeforeItsSilenceIsStored) {
  TestSite site;
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf("call-1"));
  const auto opened = stream.WaitOpened();
  ASSERT_TRUE(opened.has_value());
  site.engine().SetFault([&](storage::StorageCall call, const storage::AudioObjectId*) {
    if (call == storage::StorageCall::kAppend) {
      EXPECT_EQ(site.Record(opened->recording_id()).gaps_size(), 1);
    }
    return absl::OkStatus();
  });
  stream.Gap(0, kChunk);
  EXPECT_TRUE(stream.WaitCommitted(kChunk));
  site.NoFaults();
  EXPECT_EQ(site.Count(v1::RECORDING_GAP), 1);
}

TEST(Ingest, I4_GapThatCannotBeRecordedStoresNoSilence) {
  for (const bool stores_anyway : {false, true}) {
    TestSite site;
    RecorderStream stream(site, CallerOf(RecorderAccount()));
    stream.Open(OpenOf("call-1"));
    const auto opened = stream.WaitOpened();
    ASSERT_TRUE(opened.has_value());
    site.FailOnce(storage::StorageCall::kCommit, 1, absl::UnavailableError("medium"), stores_anyway);
    stream.Gap(0, 2 * kChunk);
    EXPECT_EQ(stream.WaitEnd().code(), absl::StatusCode::kUnavailable);
    site.NoFaults();
    EXPECT_EQ(stream.committed(), 0u);

    // The recorder says it again, and the record has it once.
    RecorderStream again(site, CallerOf(RecorderAccount()));
    again.Open(ResumeOf("call-1", *opened, 0));
    ASSERT_TRUE(again.WaitOpened().has_value()) << again.WaitEnd();
    EXPECT_EQ(again.WaitOpened()->committed_bytes(), 0u);
    again.Gap(0, 2 * kChunk);
    again.FinishOver(Silence(2 * kChunk));
    ASSERT_TRUE(again.WaitSealed().has_value()) << again.WaitEnd();
    const v1::RecordingRecord record = site.Record(opened->recording_id());
    ASSERT_EQ(record.gaps_size(), 1) << "stores anyway: " << stores_anyway;
    EXPECT_EQ(record.gaps(0).length(), 2 * kChunk);
    EXPECT_THAT(site.Fsck(), IsEmpty());
  }
}

TEST(Ingest, NothingMayFollowFinishButTheCallIsSealed) {
  TestSite site;
  const std::string speech = Speech(3 * kChunk);
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf("call-1"));
  stream.Speak(0, speech);
  // The seal waits, so that the late bytes come while the call is finishing.
  Turnstile seal;
  ASSERT_TRUE(stream.WaitCommitted(speech.size()));
  site.engine().SetFault([&](storage::StorageCall call, const storage::AudioObjectId*) {
    if (call == storage::StorageCall::kCommit) seal.Pass();
    return absl::OkStatus();
  });
  stream.FinishOver(speech);
  stream.Audio(speech.size(), "late");
  stream.WaitTaken();
  seal.Open();
  const absl::Status status = stream.WaitEnd();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  ASSERT_TRUE(stream.WaitSealed().has_value());
  EXPECT_EQ(stream.WaitSealed()->digest_check(), v1::MATCHED);
  site.NoFaults();
}

// What was heard is carried through, whatever becomes of the account meanwhile; the stream must end either way.
TEST(Ingest, SuspensionWhileFinishingEndsTheStreamAndKeepsTheCall) {
  TestSite site;
  const access::Caller caller = CallerOf(RecorderAccount());
  const std::string speech = Speech(kChunk + 1);
  RecorderStream stream(site, caller);
  stream.Open(OpenOf("call-1"));
  stream.Speak(0, speech);
  Turnstile seal;
  ASSERT_TRUE(stream.WaitCommitted(kChunk));
  site.engine().SetFault([&](storage::StorageCall call, const storage::AudioObjectId*) {
    if (call == storage::StorageCall::kCommit) seal.Pass();
    return absl::OkStatus();
  });
  stream.FinishOver(speech);
  seal.WaitForSomebody();
  Suspend(caller);
  stream.Audio(speech.size(), "late");
  stream.WaitTaken();
  seal.Open();
  EXPECT_FALSE(stream.WaitEnd().ok());
  site.NoFaults();
  ASSERT_EQ(site.Records().size(), 1u);
  EXPECT_EQ(site.Records()[0].state(), v1::SEALED);
}

TEST(Ingest, I6_SuspendedRecorderIsCutAtItsNextMessage) {
  TestSite site;
  const access::Caller caller = CallerOf(RecorderAccount());
  RecorderStream stream(site, caller);
  stream.Open(OpenOf("call-1"));
  stream.Speak(0, Speech(kChunk));
  ASSERT_TRUE(stream.WaitCommitted(kChunk));
  Suspend(caller);
  stream.Audio(kChunk, "more");
  EXPECT_EQ(stream.WaitEnd().code(), absl::StatusCode::kPermissionDenied);
  site.ingest().Drain();  // the end is told before the stream is let go
  EXPECT_EQ(site.ingest().live_streams(), 0);
}

TEST(Ingest, DigestThatDoesNotMatchSealsAllTheSameMarkedAndLogged) {
  TestSite site;
  const std::string speech = Speech(kChunk + 1);
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf("call-1"));
  stream.Speak(0, speech);
  stream.Finish(speech.size(), crypto::Sha256("something else"));
  const auto sealed = stream.WaitSealed();
  ASSERT_TRUE(sealed.has_value()) << stream.WaitEnd();
  EXPECT_EQ(sealed->digest_check(), v1::MISMATCHED);
  EXPECT_EQ(sealed->audio_sha256(), crypto::Sha256(speech)) << "what the gateway kept";
  EXPECT_EQ(site.Count(v1::RECORDING_SEALED, "digest-mismatched"), 1);
  EXPECT_EQ(Download(site, sealed->recording_id()).audio, speech) << "nothing acknowledged is thrown away";
}

TEST(Ingest, FirstRequestMustBeOpenAndOnlyTheFirst) {
  TestSite site;
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Audio(0, "x");
  EXPECT_EQ(stream.WaitEnd().code(), absl::StatusCode::kInvalidArgument);
  v1::RecordRequest second;
  *second.mutable_open() = OpenOf("refused");
  EXPECT_EQ(RefusalOf(site, second).code(), absl::StatusCode::kFailedPrecondition);
  site.clock().Advance(absl::Seconds(31));
  EXPECT_EQ(RefusalOf(site, v1::RecordRequest()).code(), absl::StatusCode::kInvalidArgument);
}

TEST(Ingest, I6_OpenOutsideTheAccountIsRefusedAndLogged) {
  TestSite site;
  const auto refused = [&](const v1::Open& open, absl::StatusCode code, const std::string& rule) {
    RecorderStream stream(site, CallerOf(RecorderAccount()));
    stream.Open(open);
    const absl::Status status = stream.WaitEnd();
    EXPECT_EQ(status.code(), code) << rule << ": " << status;
    EXPECT_EQ(site.Count(v1::INGEST_REFUSED, rule), 1) << rule;
  };
  v1::Open open = OpenOf("call-1");
  open.set_centre("nagoya");
  refused(open, absl::StatusCode::kPermissionDenied, "centre");
  open = OpenOf("call-1");
  open.set_queue("secret");
  refused(open, absl::StatusCode::kPermissionDenied, "queue");
  open = OpenOf("call-1");
  open.set_retention_class("forever");
  refused(open, absl::StatusCode::kPermissionDenied, "retention-class");
  open = OpenOf("call-1");
  open.mutable_format()->set_sample_rate_hz(16000);
  refused(open, absl::StatusCode::kInvalidArgument, "format");
  EXPECT_THAT(site.Records(), IsEmpty());
}

TEST(Ingest, BadFieldsOfOpenAreNamedAndLeaveNothing) {
  TestSite site;
  const auto refused = [&](const std::function<void(v1::Open*)>& change, const std::string& field) {
    v1::Open open = OpenOf("call-1");
    change(&open);
    RecorderStream stream(site, CallerOf(RecorderAccount()));
    stream.Open(open);
    const absl::Status status = stream.WaitEnd();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << field << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(field));
  };
  refused([](v1::Open* open) { open->mutable_metadata()->clear_call_id(); }, "call_id");
  refused([](v1::Open* open) { open->mutable_metadata()->set_call_id(std::string(kCallIdBytesMax + 1, 'x')); }, "call_id");
  refused([](v1::Open* open) { open->mutable_metadata()->set_notes(std::string(kNotesBytesMax + 1, 'x')); }, "notes");
  refused([](v1::Open* open) { open->mutable_metadata()->set_basic_pension_number("123456789"); }, "pension");
  refused([](v1::Open* open) { open->mutable_metadata()->set_caller_number("12"); }, "caller");
  refused([](v1::Open* open) { open->mutable_metadata()->set_agent(std::string(65, 'x')); }, "agent");
  refused([](v1::Open* open) { open->set_leg(v1::LEG_UNSPECIFIED); }, "leg");
  refused([](v1::Open* open) { open->set_leg(static_cast<v1::Leg>(9)); }, "leg");
  refused([](v1::Open* open) { open->set_resume_token("short"); }, "resume_token");
  refused([&](v1::Open* open) { open->set_recorder_start_unix_ms(absl::ToUnixMillis(site.clock().Now() + absl::Seconds(301))); }, "start");
  refused([&](v1::Open* open) { open->set_recorder_start_unix_ms(absl::ToUnixMillis(site.clock().Now() - absl::Hours(8785))); }, "start");
  refused([](v1::Open* open) { open->set_acknowledged_bytes((uint64_t{512} << 20) + 1); }, "acknowledged_bytes");
  EXPECT_THAT(site.Records(), IsEmpty());
}

TEST(Ingest, SuspendedMidwayNoRefusalNamesAPerson) {
  TestSite site;
  v1::Open open = OpenOf("call-1");
  open.mutable_metadata()->set_basic_pension_number("98765");
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(open);
  EXPECT_THAT(std::string(stream.WaitEnd().message()), ::testing::Not(HasSubstr("98765")));
}

TEST(Ingest, FullDiskEndsTheStreamAndTheCallGoesOnWhenThereIsRoom) {
  TestSite site;
  const std::string speech = Speech(4 * kChunk);
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf("call-1"));
  const auto opened = stream.WaitOpened();
  ASSERT_TRUE(opened.has_value());
  stream.Speak(0, speech.substr(0, 2 * kChunk));
  ASSERT_TRUE(stream.WaitCommitted(2 * kChunk));
  site.FailOnce(storage::StorageCall::kAppend, 1, absl::ResourceExhaustedError("disk full"));
  stream.Speak(2 * kChunk, speech.substr(2 * kChunk));
  const absl::Status status = stream.WaitEnd();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(DetailOf(status).limit_reached().limit(), "free_space");
  site.NoFaults();
  RecorderStream again(site, CallerOf(RecorderAccount()));
  again.Open(ResumeOf("call-1", *opened, stream.committed()));
  ASSERT_TRUE(again.WaitOpened().has_value()) << again.WaitEnd();
  ASSERT_EQ(again.WaitOpened()->committed_bytes(), 2 * kChunk);
  again.Speak(2 * kChunk, speech.substr(2 * kChunk));
  again.FinishOver(speech);
  ASSERT_TRUE(again.WaitSealed().has_value()) << again.WaitEnd();
  EXPECT_EQ(again.WaitSealed()->digest_check(), v1::MATCHED);
  EXPECT_THAT(site.Fsck(), IsEmpty());
}

TEST(Ingest, I1_NothingPersonalIsInTheStoreInClear) {
  TestSite site;
  v1::Open open = OpenOf("PBX-call-000777");
  open.mutable_metadata()->set_basic_pension_number("1234567890");
  open.mutable_metadata()->set_caller_number("0312345678");
  open.mutable_metadata()->set_agent("yamada.taro");
  open.mutable_metadata()->set_notes("asked about a widow's pension");
  const std::string speech = Speech(2 * kChunk + 100);
  const std::string id = RecordCall(site, open, speech);
  std::string everything = site.Object(id, 0);
  for (int table = 0; table < storage::kTables; ++table) {
    ASSERT_TRUE(site.engine()
                    .records()
                    .Scan(static_cast<storage::Table>(table), {},
                          [&](std::string_view key, std::string_view value) {
                            everything.append(key).append(value);
                            return true;
                          })
                    .ok());
  }
  for (const std::string& secret :
       {std::string("PBX-call-000777"), std::string("pbx-call"), std::string("1234567890"), std::string("0312345678"),
        std::string("yamada"), std::string("widow"), speech.substr(kChunk, 16), speech.substr(2 * kChunk + 50, 16)}) {
    EXPECT_EQ(everything.find(secret), std::string::npos);
  }
}

TEST(Ingest, DrainRefusesNewCalls) {
  TestSite site;
  site.ingest().Drain();
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf("call-1"));
  EXPECT_EQ(stream.WaitEnd().code(), absl::StatusCode::kUnavailable);
}

TEST(Ingest, I4_DrainAcknowledgesWhatIsDurableAndTheCallGoesOnElsewhere) {
  TestSite site;
  const std::string speech = Speech(6 * kChunk + 5);
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf("call-1"));
  const auto opened = stream.WaitOpened();
  ASSERT_TRUE(opened.has_value());
  stream.Speak(0, speech, kChunk);
  stream.WaitTaken();
  site.ingest().Drain();
  EXPECT_EQ(stream.WaitEnd().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(stream.committed(), 6 * kChunk);
  site.Restart();
  RecorderStream again(site, CallerOf(RecorderAccount()));
  again.Open(ResumeOf("call-1", *opened, 6 * kChunk));
  ASSERT_TRUE(again.WaitOpened().has_value()) << again.WaitEnd();
  EXPECT_EQ(again.WaitOpened()->committed_bytes(), 6 * kChunk);
  EXPECT_FALSE(again.WaitOpened()->has_lost());
}

}  // namespace
}  // namespace otokura::recordings
