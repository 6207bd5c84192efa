// The Recorder against a gateway that breaks, stalls, forgets answers and refuses.
#include "tests/unit/client/recorder_fixture.h"

namespace otokura::client {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

TEST_F(RecorderTest, DeliversALiveCallWhole) {
  const std::string audio = Speech(100'000);
  const auto recorder = NewRecorder(Options());
  const auto call = Start(*recorder, Info("live"));
  for (size_t at = 0; at < audio.size(); at += 160) ASSERT_TRUE(call->Write(std::string_view(audio).substr(at, 160)).ok());
  call->Finish();
  ExpectSealed(call->Wait(Soon()), audio);
  EXPECT_EQ(store_.Get("live").timeline, audio);
  EXPECT_EQ(store_.Get("live").first_open.metadata().caller_number(), "0312345678");
  EXPECT_EQ(call->committed_bytes(), audio.size());
  EXPECT_EQ(call->Write("x").code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(RecorderTest, AnEmptyCallIsSealed) {
  const auto recorder = NewRecorder(Options());
  const auto call = Start(*recorder, Info("empty"));
  call->Finish();
  ExpectSealed(call->Wait(Soon()), "");
}

TEST_F(RecorderTest, ACallThatIsDroppedUnfinishedIsFinished) {
  const auto recorder = NewRecorder(Options());
  ASSERT_TRUE(Start(*recorder, Info("dropped"))->Write("abc").ok());
  EXPECT_TRUE(recorder->Drain(Soon()).ok());
  EXPECT_TRUE(store_.Get("dropped").sealed);
  EXPECT_EQ(store_.Get("dropped").timeline, "abc");
}

TEST_F(RecorderTest, I4_ResumesAfterTheGatewayIsKilled) {
  const std::string audio = Speech(600'000);
  const auto recorder = NewRecorder(Options(/*spool=*/true));
  const auto call = Start(*recorder, Info("killed"));
  for (int kill = 0; kill < 3; ++kill) {
    ASSERT_TRUE(WriteAll(*call, std::string_view(audio).substr(static_cast<size_t>(kill) * 200'000, 100'000)).ok());
    WaitCommitted(*call, static_cast<uint64_t>(kill) * 200'000 + 50'000);
    gateway_->Kill();
    ASSERT_TRUE(WriteAll(*call, std::string_view(audio).substr(static_cast<size_t>(kill) * 200'000 + 100'000, 100'000)).ok());
    StartGateway();
  }
  call->Finish();
  ExpectSealed(call->Wait(Soon()), audio);
  const StoredCall stored = store_.Get("killed");
  EXPECT_EQ(stored.timeline, audio);
  EXPECT_THAT(stored.gaps, IsEmpty());
  ASSERT_GE(stored.opens.size(), 2u);
  EXPECT_TRUE(stored.opens[0].resume_token().empty());
  EXPECT_EQ(stored.opens[1].resume_token(), stored.token);
}

TEST_F(RecorderTest, ResumesWhereverAStreamIsCut) {
  for (const uint64_t cut : {1u, 16383u, 16384u, 16385u, 50000u, 99999u, 100000u}) {
    SCOPED_TRACE(cut);
    faults_.cut_after_bytes = cut;
    const std::string audio = Speech(100'000, static_cast<uint32_t>(cut));
    const std::string id = "cut-" + std::to_string(cut);
    const auto recorder = NewRecorder(Options());
    const auto call = Start(*recorder, Info(id));
    ASSERT_TRUE(WriteAll(*call, audio).ok());
    call->Finish();
    ExpectSealed(call->Wait(Soon()), audio);
    EXPECT_EQ(store_.Get(id).timeline, audio);
  }
}

TEST_F(RecorderTest, KeepsToTheGatewaysMessageLimit) {
  faults_.message_bytes_max = 1000;
  const std::string audio = Speech(50'000);
  const auto recorder = NewRecorder(Options());
  const auto call = Start(*recorder, Info("small-messages"));
  ASSERT_TRUE(WriteAll(*call, audio).ok());
  call->Finish();
  ExpectSealed(call->Wait(Soon()), audio);
}

TEST_F(RecorderTest, ReportedGapsAreSilenceInTimelineAndDigest) {
  const auto recorder = NewRecorder(Options());
  const auto call = Start(*recorder, Info("gaps"));
  ASSERT_TRUE(call->Write("before").ok());
  ASSERT_TRUE(call->ReportGap(20'000'000, GapReason::kPacketLoss).ok());
  ASSERT_TRUE(call->Write("after").ok());
  call->Finish();
  const std::string expected = "before" + std::string(20'000'000, '\xFF') + "after";
  ExpectSealed(call->Wait(Soon()), expected);
  const StoredCall stored = store_.Get("gaps");
  ASSERT_THAT(stored.gaps, SizeIs(3));  // 8 MiB a message
  EXPECT_EQ(stored.gaps[0].offset(), 6u);
  EXPECT_EQ(stored.gaps[0].reason(), v1::AudioGap::PACKET_LOSS);
  EXPECT_TRUE(events_.WaitFor(RecorderEvent::Kind::kGap));
  EXPECT_EQ(call->ReportGap(0, GapReason::kPacketLoss).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(call->ReportGap(1, GapReason::kGatewayLoss).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(RecorderTest, I10_AStalledGatewayNeitherBlocksWriteNorGrowsMemory) {
  faults_.SetStalled(true);
  const auto recorder = NewRecorder(Options());
  const auto call = Start(*recorder, Info("stalled"));
  const std::string packet = Speech(160);
  std::string expected;
  int dropped = 0;
  absl::Duration longest;
  for (int i = 0; i < 20'000; ++i) {  // 3.2 MB into 256 KiB
    const absl::Time begin = absl::Now();
    const absl::Status written = call->Write(packet);
    longest = std::max(longest, absl::Now() - begin);
    ASSERT_TRUE(written.ok() || written.code() == absl::StatusCode::kResourceExhausted) << written;
    expected += written.ok() ? packet : std::string(packet.size(), '\xFF');
    dropped += written.ok() ? 0 : 1;
  }
  EXPECT_LT(longest, absl::Seconds(2));  // far below any network timeout, far above a busy machine's hiccups
  EXPECT_GT(dropped, 15'000);
  EXPECT_EQ(call->WaitForRoom(100'000, In(std::chrono::milliseconds(10))).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(call->Wait(In(std::chrono::milliseconds(10))).status().code(), absl::StatusCode::kDeadlineExceeded);

  faults_.SetStalled(false);
  call->Finish();
  ExpectSealed(call->Wait(Soon()), expected);
  const StoredCall stored = store_.Get("stalled");
  ASSERT_THAT(stored.gaps, Not(IsEmpty()));
  EXPECT_EQ(stored.gaps[0].reason(), v1::AudioGap::SPOOL_FULL);
}

TEST_F(RecorderTest, AStreamThatNeverAcknowledgesIsReplaced) {
  faults_.SetStalled(true);
  RecorderOptions options = Options();
  options.stall_timeout = std::chrono::milliseconds(100);
  const auto recorder = NewRecorder(std::move(options));
  const auto call = Start(*recorder, Info("mute"));
  const std::string audio = Speech(200'000);
  ASSERT_TRUE(call->Write(audio).ok());
  call->Finish();
  ASSERT_TRUE(events_.WaitFor(RecorderEvent::Kind::kDisconnected));
  faults_.SetStalled(false);
  ExpectSealed(call->Wait(Soon()), audio);
}

TEST_F(RecorderTest, AFileThatIsOfferedTwiceIsSealedOnce) {
  const std::string audio = Speech(300'000);
  const auto recorder = NewRecorder(Options());
  for (int round = 0; round < 2; ++round) {
    const auto call = Start(*recorder, Info("twice", /*replayable=*/true));
    ASSERT_TRUE(WriteAll(*call, audio).ok());
    call->Finish();
    ExpectSealed(call->Wait(Soon()), audio);
  }
  for (const std::string& other : {Speech(300'000, 2), Speech(300'001), Speech(299'999), Speech(900'000, 3)}) {
    const auto call = Start(*recorder, Info("twice", /*replayable=*/true));
    const absl::Status written = WriteAll(*call, other);
    call->Finish();
    const absl::Status sealed = call->Wait(Soon()).status();
    EXPECT_TRUE(absl::IsAlreadyExists(sealed) || absl::IsFailedPrecondition(sealed)) << sealed;
  }
  EXPECT_EQ(store_.Get("twice").timeline, audio);
}

TEST_F(RecorderTest, AnAnswerThatWasLostIsNotAFailure) {
  faults_.drop_sealed_answer = true;
  const std::string audio = Speech(50'000);
  const auto recorder = NewRecorder(Options());
  const auto call = Start(*recorder, Info("unsaid"));
  ASSERT_TRUE(call->Write(audio).ok());
  call->Finish();
  ExpectSealed(call->Wait(Soon()), audio);
}

TEST_F(RecorderTest, ARecorderWithoutSpoolContinuesALiveCallThatItForgot) {
  store_.Change("forgotten", [](StoredCall& call) {
    call.recording_id = "01900000-0000-7000-8000-000000000002";
    call.token = std::string(32, 't');
    call.timeline = Speech(32'768, 9);
  });
  const auto recorder = NewRecorder(Options());
  const auto call = Start(*recorder, Info("forgotten"));
  ASSERT_TRUE(call->Write("and on it goes").ok());
  call->Finish();
  ExpectSealed(call->Wait(Soon()), Speech(32'768, 9) + "and on it goes", DigestCheck::kMatchedTail);
}

TEST_F(RecorderTest, I4_BytesThatTheGatewayLostAreReported) {
  const std::string audio = Speech(100'000);
  const auto recorder = NewRecorder(Options());
  const auto call = Start(*recorder, Info("lost"));
  ASSERT_TRUE(call->Write(audio).ok());
  WaitCommitted(*call, 81'920);
  gateway_->Kill();
  store_.Change("lost", [](StoredCall& stored) { stored.timeline.resize(32'768); });
  StartGateway();
  call->Finish();
  std::string expected = audio;
  expected.replace(32'768, call->committed_bytes() - 32'768, call->committed_bytes() - 32'768, '\xFF');
  const auto sealed = call->Wait(Soon());
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(sealed->digest_check, DigestCheck::kMatchedTail);
  const StoredCall stored = store_.Get("lost");
  ASSERT_EQ(stored.timeline.size(), audio.size());
  EXPECT_THAT(stored.gaps, SizeIs(1));
  ASSERT_TRUE(events_.WaitFor(RecorderEvent::Kind::kDataLoss));
  EXPECT_EQ(events_.Of(RecorderEvent::Kind::kDataLoss)[0].offset, 32'768u);
}

TEST_F(RecorderTest, FinalRefusalsEndTheCallWithTheGatewaysWords) {
  for (const auto code : {grpc::StatusCode::INVALID_ARGUMENT, grpc::StatusCode::PERMISSION_DENIED, grpc::StatusCode::ABORTED}) {
    faults_.SetRefuse([code](const v1::Open&) { return grpc::Status(code, "no, and this is why"); });
    const auto recorder = NewRecorder(Options());
    const auto call = Start(*recorder, Info("refused"));
    call->Finish();
    const absl::Status refused = call->Wait(Soon()).status();
    EXPECT_EQ(static_cast<int>(refused.code()), static_cast<int>(code));
    EXPECT_EQ(refused.message(), "no, and this is why");
    EXPECT_EQ(call->Write("x"), refused);
    EXPECT_TRUE(recorder->Drain(Soon()).ok());
  }
}

TEST_F(RecorderTest, WaitsAsTheGatewayAsks) {
  v1::ErrorDetail limit;
  limit.mutable_limit_reached()->set_retry_at_unix_ms(absl::ToUnixMillis(absl::Now() + absl::Milliseconds(300)));
  v1::ErrorDetail live;
  live.mutable_call_is_live()->set_takeover_at_unix_ms(absl::ToUnixMillis(absl::Now() + absl::Milliseconds(600)));
  std::atomic<int> attempts = 0;
  faults_.SetRefuse([&](const v1::Open&) {
    ++attempts;
    if (attempts == 1) return WithDetail(grpc::StatusCode::RESOURCE_EXHAUSTED, "opens a minute", limit);
    if (attempts == 2) return WithDetail(grpc::StatusCode::FAILED_PRECONDITION, "live elsewhere", live);
    if (attempts == 3) return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "unknown certificate");
    return grpc::Status::OK;
  });
  const absl::Time begin = absl::Now();
  const auto recorder = NewRecorder(Options());
  const auto call = Start(*recorder, Info("patient"));
  ASSERT_TRUE(call->Write("audio").ok());
  call->Finish();
  ExpectSealed(call->Wait(Soon()), "audio");
  EXPECT_GE(absl::Now() - begin, absl::Milliseconds(600));
  EXPECT_EQ(attempts, 4);
}

TEST_F(RecorderTest, ALimitThatWaitingDoesNotLiftIsFinal) {
  v1::ErrorDetail limit;
  limit.mutable_limit_reached()->set_limit("call_bytes_max");
  faults_.SetRefuse([limit](const v1::Open&) { return WithDetail(grpc::StatusCode::RESOURCE_EXHAUSTED, "too long", limit); });
  const auto recorder = NewRecorder(Options());
  const auto call = Start(*recorder, Info("long"));
  call->Finish();
  EXPECT_EQ(call->Wait(Soon()).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(RecorderTest, ManyCallsShareOneRecorder) {
  const auto recorder = NewRecorder(Options(/*spool=*/true));
  std::vector<std::unique_ptr<Call>> calls;
  std::vector<std::string> audio;
  for (uint32_t i = 0; i < 50; ++i) {
    audio.push_back(Speech(20'000 + i * 777, i));
    calls.push_back(Start(*recorder, Info("many-" + std::to_string(i))));
  }
  for (size_t at = 0; at < 60'000; at += 1'600) {
    for (size_t i = 0; i < calls.size(); ++i) {
      if (at >= audio[i].size()) continue;
      ASSERT_TRUE(calls[i]->Write(std::string_view(audio[i]).substr(at, 1'600)).ok());
    }
    if (at == 16'000) {
      gateway_->Kill();
      StartGateway();
    }
  }
  for (const auto& call : calls) call->Finish();
  for (size_t i = 0; i < calls.size(); ++i) ExpectSealed(calls[i]->Wait(Soon()), audio[i]);
}

TEST_F(RecorderTest, BadCallsAreRefusedAtOnce) {
  const auto recorder = NewRecorder(Options());
  const auto code = [&](CallInfo info) { return recorder->StartCall(std::move(info)).status(); };
  CallInfo info = Info("");
  EXPECT_THAT(std::string(code(info).message()), HasSubstr("call_id"));
  info = Info(std::string(129, 'x'));
  EXPECT_EQ(code(info).code(), absl::StatusCode::kInvalidArgument);
  info = Info("bad-utf8");
  info.personal.notes = "\xC3\x28 secret";
  EXPECT_EQ(code(info).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(code(info).message()), Not(HasSubstr("secret")));
  info = Info("rate");
  info.format.sample_rate_hz = 16000;
  EXPECT_EQ(code(info).code(), absl::StatusCode::kInvalidArgument);
  info = Info("no-leg");
  info.leg = Leg::kUnspecified;
  EXPECT_EQ(code(info).code(), absl::StatusCode::kInvalidArgument);
  const auto call = Start(*recorder, Info("same"));
  EXPECT_EQ(code(Info("same")).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(call->Write(std::string(1 << 20, 'x')).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(RecorderTest, UnfitCertificatesAreExplainedBeforeDialling) {
  RecorderOptions options = Options();
  options.connection = pki_->Connection("late", "127.0.0.1:1");
  absl::Status refused = Recorder::Create(options).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("expired"));

  options.connection = pki_->Connection("recorder", "127.0.0.1:1");
  options.connection.private_key_file = pki_->folder() + "/pki/other.key";
  EXPECT_EQ(Recorder::Create(options).status().code(), absl::StatusCode::kFailedPrecondition);

  options.connection = pki_->Connection("nobody", "127.0.0.1:1");
  EXPECT_EQ(Recorder::Create(options).status().code(), absl::StatusCode::kNotFound);
  options.connection = pki_->Connection("recorder", "no-port");
  EXPECT_EQ(Recorder::Create(options).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace otokura::client
