// The Recorder while its gateway is away, and after it was restarted itself.
#include "tests/unit/client/recorder_fixture.h"

namespace otokura::client {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class RecorderSpoolTest : public RecorderTest {};

TEST_F(RecorderSpoolTest, I1_WhileTheGatewayIsAwayAudioGoesToTheSpoolEncrypted) {
  gateway_->Kill();
  const std::string audio = Speech(3'000'000);
  const auto recorder = NewRecorder(Options(/*spool=*/true));
  const auto call = Start(*recorder, Info("secret-call-id"));
  ASSERT_TRUE(WriteAll(*call, audio).ok());
  call->Finish();
  EXPECT_EQ(call->Wait(In(std::chrono::milliseconds(10))).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(SpoolFiles(".audio"), Not(IsEmpty()));
  const std::string kept = SpoolContent();
  EXPECT_GT(kept.size(), 2'500'000u);
  EXPECT_THAT(kept, Not(HasSubstr("secret-call-id")));
  EXPECT_THAT(kept, Not(HasSubstr("0312345678")));
  for (size_t at = 0; at < audio.size(); at += 10'000) ASSERT_EQ(kept.find(audio.substr(at, 16)), std::string::npos) << at;

  StartGateway();
  ExpectSealed(call->Wait(Soon()), audio);
  EXPECT_EQ(store_.Get("secret-call-id").timeline, audio);
  EXPECT_THAT(store_.Get("secret-call-id").gaps, IsEmpty());
}

TEST_F(RecorderSpoolTest, SpoolLimitDropsWithAGapAndTheRestArrives) {
  gateway_->Kill();
  RecorderOptions options = Options(/*spool=*/true);
  options.spool_bytes_max = 500'000;
  const auto recorder = NewRecorder(std::move(options));
  const auto call = Start(*recorder, Info("full"));
  const std::string piece = Speech(16'384);
  std::string expected;
  bool dropped = false;
  for (int i = 0; i < 200; ++i) {
    const absl::Status room = call->WaitForRoom(piece.size(), In(std::chrono::milliseconds(dropped ? 0 : 300)));
    const absl::Status written = call->Write(piece);
    dropped = dropped || !written.ok();
    expected += written.ok() ? piece : std::string(piece.size(), '\xFF');
  }
  EXPECT_TRUE(dropped);
  EXPECT_TRUE(events_.WaitFor(RecorderEvent::Kind::kSpoolProblem));
  StartGateway();
  call->Finish();
  ExpectSealed(call->Wait(Soon()), expected);
}

TEST_F(RecorderSpoolTest, ARestartedRecorderDeliversWhatWasSpooled) {
  const std::string audio = Speech(1'000'000);
  {
    const auto recorder = NewRecorder(Options(/*spool=*/true));
    const auto call = Start(*recorder, Info("restart"));
    ASSERT_TRUE(WriteAll(*call, std::string_view(audio).substr(0, 300'000)).ok());
    WaitCommitted(*call, 200'000);
    gateway_->Kill();
    ASSERT_TRUE(WriteAll(*call, std::string_view(audio).substr(300'000)).ok());
    call->Finish();
  }
  StartGateway();
  const auto recorder = NewRecorder(Options(/*spool=*/true));
  ASSERT_TRUE(recorder->Drain(Soon()).ok());
  const StoredCall stored = store_.Get("restart");
  EXPECT_TRUE(stored.sealed);
  EXPECT_EQ(stored.timeline, audio);
  EXPECT_EQ(stored.digest_check, v1::MATCHED_TAIL);
  EXPECT_THAT(stored.gaps, IsEmpty());
  EXPECT_EQ(stored.opens.back().resume_token(), stored.token);
  EXPECT_GE(stored.opens.back().acknowledged_bytes(), 200'000u);
  EXPECT_TRUE(events_.WaitFor(RecorderEvent::Kind::kLeftoverFound));
}

// A copy of the spool at some moment is what a crash at that moment leaves behind, but for writes that were cut: those are cut here too.
TEST_F(RecorderSpoolTest, I4_ACrashAtAnyMomentLeavesASpoolThatDeliversAPrefix) {
  const std::string audio = Speech(700'000);
  gateway_->Kill();
  std::vector<std::string> copies;
  {
    const auto recorder = NewRecorder(Options(/*spool=*/true));
    const auto call = Start(*recorder, Info("crash"));
    for (size_t at = 0; at < audio.size(); at += 70'000) {
      ASSERT_TRUE(WriteAll(*call, std::string_view(audio).substr(at, 70'000)).ok());
      copies.push_back(folder_ + "/copy" + std::to_string(at));
      fs::copy(Spool(), copies.back());
    }
  }
  for (size_t i = 0; i < copies.size(); ++i) {
    SCOPED_TRACE(copies[i]);
    for (const auto& entry : fs::directory_iterator(copies[i])) {
      const uint64_t size = entry.file_size();
      if (entry.path().extension() == ".audio" && i % 2 == 1) fs::resize_file(entry.path(), size - std::min<uint64_t>(size, 1000 * i));
    }
    GatewayStore store;
    TestGateway gateway(*pki_, &store, &faults_);
    RecorderOptions options = Options();
    options.spool_dir = copies[i];
    options.connection.gateway = gateway.address();
    const auto recorder = NewRecorder(std::move(options));
    ASSERT_TRUE(recorder->Drain(Soon()).ok());
    const StoredCall stored = store.Get("crash");
    if (stored.recording_id.empty()) continue;  // the crash came before the call was on disk
    EXPECT_TRUE(stored.sealed);
    EXPECT_THAT(stored.gaps, IsEmpty());
    EXPECT_EQ(stored.timeline, audio.substr(0, stored.timeline.size()));
    if (i >= 4) {
      EXPECT_GT(stored.timeline.size(), 100'000u);
    }
  }
}

TEST_F(RecorderSpoolTest, AFinishedCallWhoseTailWasLostSaysSo) {
  const std::string audio = Speech(400'000);
  gateway_->Kill();
  {
    const auto recorder = NewRecorder(Options(/*spool=*/true));
    const auto call = Start(*recorder, Info("tail"));
    ASSERT_TRUE(WriteAll(*call, audio).ok());
    call->Finish();
  }
  const std::vector<std::string> segments = SpoolFiles(".audio");
  ASSERT_THAT(segments, Not(IsEmpty()));
  fs::resize_file(segments.back(), fs::file_size(segments.back()) - 10);
  StartGateway();
  const auto recorder = NewRecorder(Options(/*spool=*/true));
  ASSERT_TRUE(recorder->Drain(Soon()).ok());
  const StoredCall stored = store_.Get("tail");
  EXPECT_TRUE(stored.sealed);
  ASSERT_EQ(stored.timeline.size(), audio.size());
  ASSERT_THAT(stored.gaps, SizeIs(1));
  EXPECT_EQ(stored.gaps[0].reason(), v1::AudioGap::RECORDER_RESTART);
  EXPECT_EQ(stored.timeline.substr(0, stored.gaps[0].offset()), audio.substr(0, stored.gaps[0].offset()));
}

TEST_F(RecorderSpoolTest, I7_ADamagedSpoolChunkIsAGapAndItsFileIsKept) {
  const std::string audio = Speech(400'000);
  gateway_->Kill();
  {
    const auto recorder = NewRecorder(Options(/*spool=*/true));
    const auto call = Start(*recorder, Info("flipped"));
    ASSERT_TRUE(WriteAll(*call, audio).ok());
    call->Finish();
  }
  ASSERT_THAT(SpoolFiles(".audio"), SizeIs(1));
  {
    std::fstream file(SpoolFiles(".audio")[0], std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(20'000);
    const char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(20'000);
    file.put(byte);
  }
  StartGateway();
  auto recorder = NewRecorder(Options(/*spool=*/true));
  ASSERT_TRUE(recorder->Drain(Soon()).ok());
  EXPECT_TRUE(events_.WaitFor(RecorderEvent::Kind::kSpoolProblem));
  recorder.reset();
  const StoredCall stored = store_.Get("flipped");
  ASSERT_THAT(stored.gaps, SizeIs(1));
  EXPECT_EQ(stored.gaps[0].offset(), 16'384u);
  EXPECT_EQ(stored.gaps[0].length(), 16'384u);
  std::string expected = audio;
  expected.replace(16'384, 16'384, 16'384, '\xFF');
  EXPECT_EQ(stored.timeline, expected);
  EXPECT_THAT(SpoolFiles(".audio.damaged"), SizeIs(1));
}

TEST_F(RecorderSpoolTest, ASpoolOfAnotherRecordersKeyIsSetAside) {
  gateway_->Kill();
  {
    const auto recorder = NewRecorder(Options(/*spool=*/true));
    ASSERT_TRUE(WriteAll(*Start(*recorder, Info("foreign")), Speech(100'000)).ok());
  }
  RecorderOptions options = Options(/*spool=*/true);
  options.connection = pki_->Connection("other", "127.0.0.1:" + std::to_string(port_));
  const auto recorder = NewRecorder(std::move(options));
  EXPECT_TRUE(events_.WaitFor(RecorderEvent::Kind::kSpoolProblem));
  EXPECT_THAT(SpoolFiles(".call.damaged"), SizeIs(1));
  EXPECT_THAT(SpoolFiles(".call"), IsEmpty());
  EXPECT_THAT(SpoolFiles(".audio"), IsEmpty());
}

TEST_F(RecorderSpoolTest, ASpoolServesOneRecorder) {
  const auto recorder = NewRecorder(Options(/*spool=*/true));
  EXPECT_EQ(Recorder::Create(Options(/*spool=*/true)).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(RecorderSpoolTest, AFileIsContinuedAfterARestartAndItsDigestIsOfTheWhole) {
  const std::string audio = Speech(500'000);
  {
    const auto recorder = NewRecorder(Options(/*spool=*/true));
    const auto call = Start(*recorder, Info("file", /*replayable=*/true));
    ASSERT_TRUE(WriteAll(*call, std::string_view(audio).substr(0, 250'000)).ok());
    WaitCommitted(*call, 200'000);
  }
  EXPECT_FALSE(store_.Get("file").sealed);
  EXPECT_THAT(SpoolFiles(".audio"), IsEmpty());
  const auto recorder = NewRecorder(Options(/*spool=*/true));
  const auto call = Start(*recorder, Info("file", /*replayable=*/true));
  ASSERT_TRUE(WriteAll(*call, audio).ok());
  call->Finish();
  ExpectSealed(call->Wait(Soon()), audio);
  EXPECT_EQ(store_.Get("file").opens.back().resume_token(), store_.Get("file").token);
}

TEST_F(RecorderSpoolTest, ARefusedCallThatHasSpooledAudioIsSetAsideNotDeleted) {
  gateway_->Kill();
  const auto recorder = NewRecorder(Options(/*spool=*/true));
  const auto call = Start(*recorder, Info("refused"));
  ASSERT_TRUE(WriteAll(*call, Speech(400'000)).ok());
  faults_.SetRefuse([](const v1::Open&) { return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "suspended"); });
  StartGateway();
  call->Finish();
  EXPECT_EQ(call->Wait(Soon()).status().code(), absl::StatusCode::kPermissionDenied);
  for (int i = 0; SpoolFiles(".call.refused").empty() && i < 3000; ++i) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_THAT(SpoolFiles(".call.refused"), SizeIs(1));
  EXPECT_THAT(SpoolFiles(".audio.refused"), Not(IsEmpty()));
}

}  // namespace
}  // namespace otokura::client
