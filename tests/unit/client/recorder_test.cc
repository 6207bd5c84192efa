// The Recorder against a gateway that breaks, stalls, forgets answers and refuses.
#include "otokura/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <iterator>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "crypto/sha256.h"
#include "tests/unit/client/test_gateway.h"

namespace otokura::client {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Time In(std::chrono::milliseconds wait) { return std::chrono::system_clock::now() + wait; }
Time Soon() { return In(std::chrono::seconds(60)); }

std::string Speech(size_t bytes, uint32_t seed = 1) {
  std::mt19937 random(seed);
  std::string audio(bytes, '\0');
  for (char& byte : audio) byte = static_cast<char>(random());
  return audio;
}

class Events {
 public:
  void Add(const RecorderEvent& event) {
    absl::MutexLock lock(&mutex_);
    events_.push_back(event);
  }
  std::vector<RecorderEvent> Of(RecorderEvent::Kind kind) {
    absl::MutexLock lock(&mutex_);
    std::vector<RecorderEvent> found;
    for (const RecorderEvent& event : events_) {
      if (event.kind == kind) found.push_back(event);
    }
    return found;
  }
  bool WaitFor(RecorderEvent::Kind kind) {
    const auto seen = [&] {
      return std::any_of(events_.begin(), events_.end(), [kind](const RecorderEvent& event) { return event.kind == kind; });
    };
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&seen), absl::Seconds(60));
  }

 private:
  absl::Mutex mutex_;
  std::vector<RecorderEvent> events_;
};

class RecorderTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { pki_ = new TestPki; }
  static void TearDownTestSuite() {
    delete pki_;
    pki_ = nullptr;
  }

  RecorderTest() {
    std::string pattern = (fs::temp_directory_path() / "otokura-recorder-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    folder_ = pattern;
    StartGateway();
  }
  ~RecorderTest() override {
    faults_.SetStalled(false);
    gateway_.reset();
    fs::remove_all(folder_);
  }

  void StartGateway() {
    gateway_ = std::make_unique<TestGateway>(*pki_, &store_, &faults_, port_);
    port_ = gateway_->port();
  }

  RecorderOptions Options(bool spool = false) {
    RecorderOptions options;
    options.connection = pki_->Connection("recorder", "127.0.0.1:" + std::to_string(port_));
    if (spool) options.spool_dir = Spool();
    options.backoff = {.first = std::chrono::milliseconds(20), .most = std::chrono::milliseconds(200), .refused = std::chrono::milliseconds(200)};
    options.on_event = [this](const RecorderEvent& event) { events_.Add(event); };
    return options;
  }
  std::unique_ptr<Recorder> NewRecorder(RecorderOptions options) {
    auto recorder = Recorder::Create(std::move(options));
    EXPECT_TRUE(recorder.ok()) << recorder.status();
    return recorder.ok() ? *std::move(recorder) : nullptr;
  }
  static CallInfo Info(const std::string& call_id, bool replayable = false) {
    return {.personal = {.call_id = call_id, .caller_number = "0312345678"},
            .leg = Leg::kMixed,
            .format = {.encoding = Encoding::kPcmu},
            .centre = "tokyo",
            .replayable = replayable};
  }
  static std::unique_ptr<Call> Start(Recorder& recorder, CallInfo info) {
    auto call = recorder.StartCall(std::move(info));
    EXPECT_TRUE(call.ok()) << call.status();
    return call.ok() ? *std::move(call) : nullptr;
  }
  // As a file is sent: never more than there is room for.
  static absl::Status WriteAll(Call& call, std::string_view audio) {
    for (; !audio.empty(); audio.remove_prefix(std::min<size_t>(audio.size(), 32768))) {
      const std::string_view piece = audio.substr(0, 32768);
      if (absl::Status room = call.WaitForRoom(piece.size(), Soon()); !room.ok()) return room;
      if (absl::Status written = call.Write(piece); !written.ok()) return written;
    }
    return absl::OkStatus();
  }
  static void WaitCommitted(Call& call, uint64_t bytes) {
    for (int i = 0; call.committed_bytes() < bytes && i < 3000; ++i) absl::SleepFor(absl::Milliseconds(20));
    ASSERT_GE(call.committed_bytes(), bytes);
  }
  std::string Spool() const { return folder_ + "/spool"; }
  std::vector<std::string> SpoolFiles(const std::string& ending) const {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(Spool())) {
      const std::string name = entry.path().filename().string();
      if (name.size() >= ending.size() && name.compare(name.size() - ending.size(), ending.size(), ending) == 0) files.push_back(entry.path().string());
    }
    return files;
  }
  std::string SpoolContent() const {
    std::string content;
    for (const auto& entry : fs::directory_iterator(Spool())) {
      std::ifstream file(entry.path(), std::ios::binary);
      content.append(std::istreambuf_iterator<char>(file), {});
    }
    return content;
  }
  static void ExpectSealed(const absl::StatusOr<SealedCall>& sealed, std::string_view audio, DigestCheck check = DigestCheck::kMatched) {
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    EXPECT_EQ(sealed->audio_bytes, audio.size());
    EXPECT_EQ(sealed->audio_sha256, crypto::Sha256(audio));
    EXPECT_EQ(sealed->digest_check, check);
  }

  static TestPki* pki_;
  std::string folder_;
  GatewayStore store_;
  GatewayFaults faults_;
  Events events_;
  int port_ = 0;
  std::unique_ptr<TestGateway> gateway_;
};
TestPki* RecorderTest::pki_ = nullptr;

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

TEST_F(RecorderTest, I1_WhileTheGatewayIsAwayAudioGoesToTheSpoolEncrypted) {
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

TEST_F(RecorderTest, SpoolLimitDropsWithAGapAndTheRestArrives) {
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

TEST_F(RecorderTest, ARestartedRecorderDeliversWhatWasSpooled) {
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
TEST_F(RecorderTest, I4_ACrashAtAnyMomentLeavesASpoolThatDeliversAPrefix) {
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

TEST_F(RecorderTest, AFinishedCallWhoseTailWasLostSaysSo) {
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

TEST_F(RecorderTest, I7_ADamagedSpoolChunkIsAGapAndItsFileIsKept) {
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

TEST_F(RecorderTest, ASpoolOfAnotherRecordersKeyIsSetAside) {
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

TEST_F(RecorderTest, ASpoolServesOneRecorder) {
  const auto recorder = NewRecorder(Options(/*spool=*/true));
  EXPECT_EQ(Recorder::Create(Options(/*spool=*/true)).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(RecorderTest, AFileIsContinuedAfterARestartAndItsDigestIsOfTheWhole) {
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
    faults_.refuse = [code](const v1::Open&) { return grpc::Status(code, "no, and this is why"); };
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

TEST_F(RecorderTest, ARefusedCallThatHasSpooledAudioIsSetAsideNotDeleted) {
  gateway_->Kill();
  const auto recorder = NewRecorder(Options(/*spool=*/true));
  const auto call = Start(*recorder, Info("refused"));
  ASSERT_TRUE(WriteAll(*call, Speech(400'000)).ok());
  faults_.refuse = [](const v1::Open&) { return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "suspended"); };
  StartGateway();
  call->Finish();
  EXPECT_EQ(call->Wait(Soon()).status().code(), absl::StatusCode::kPermissionDenied);
  for (int i = 0; SpoolFiles(".call.refused").empty() && i < 3000; ++i) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_THAT(SpoolFiles(".call.refused"), SizeIs(1));
  EXPECT_THAT(SpoolFiles(".audio.refused"), Not(IsEmpty()));
}

TEST_F(RecorderTest, WaitsAsTheGatewayAsks) {
  v1::ErrorDetail limit;
  limit.mutable_limit_reached()->set_retry_at_unix_ms(absl::ToUnixMillis(absl::Now() + absl::Milliseconds(300)));
  v1::ErrorDetail live;
  live.mutable_call_is_live()->set_takeover_at_unix_ms(absl::ToUnixMillis(absl::Now() + absl::Milliseconds(600)));
  int attempts = 0;
  faults_.refuse = [&](const v1::Open&) {
    ++attempts;
    if (attempts == 1) return WithDetail(grpc::StatusCode::RESOURCE_EXHAUSTED, "opens a minute", limit);
    if (attempts == 2) return WithDetail(grpc::StatusCode::FAILED_PRECONDITION, "live elsewhere", live);
    if (attempts == 3) return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "unknown certificate");
    return grpc::Status::OK;
  };
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
  faults_.refuse = [&](const v1::Open&) { return WithDetail(grpc::StatusCode::RESOURCE_EXHAUSTED, "too long", limit); };
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
