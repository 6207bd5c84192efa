// What bad input gets: a clear status with field and remedy, nothing half-written, and the server still serves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "crypto/sha256.h"
#include "tests/integration/clients.h"
#include "tests/integration/site.h"

namespace otokura::integration {
namespace {

using ::testing::HasSubstr;

constexpr char kAbsentId[] = "0190a1b2-0000-7000-8000-000000000001";

// After each test a call must still go through, whole.
class BadInput : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(site_.Init(), absl::OkStatus());
    ASSERT_EQ(site_.Start(), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
    recorder_ = site_.ConnectAs("recorder");
    operator_ = site_.ConnectAs("operator");
  }
  void TearDown() override {
    if (recorder_ == nullptr) return;
    const auto sealed = RecordCall(recorder_, OpenRequest("afterwards"), Speech(20000));
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    EXPECT_EQ(sealed->digest_check(), v1::MATCHED);
  }
  // The stream that ends so, after these requests, leaves nothing that a search would find sealed.
  void ExpectError(const std::vector<v1::RecordRequest>& requests, absl::StatusCode code, const std::string& text) {
    const absl::Status status = RecordError(recorder_, requests);
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(text));
  }
  std::string Recorded(const std::string& call_id) {
    const auto sealed = RecordCall(recorder_, OpenRequest(call_id), speech_);
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return sealed.ok() ? sealed->recording_id() : "";
  }

  Site site_;
  std::shared_ptr<grpc::Channel> recorder_, operator_;
  const std::string speech_ = Speech(50000);
};

TEST_F(BadInput, OffsetsThatDoNotContinue) {
  for (const uint64_t offset : {uint64_t{0}, uint64_t{500}, uint64_t{1001}, ~uint64_t{0}}) {
    const absl::Status status = RecordError(recorder_, {OpenRequest("offset-" + std::to_string(offset)),
                                                        AudioRequest(0, speech_.substr(0, 1000)), AudioRequest(offset, "more")});
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_EQ(DetailOf(status).offset_mismatch().expected(), 1000u);
    EXPECT_EQ(DetailOf(status).offset_mismatch().received(), offset);
  }
}

TEST_F(BadInput, RequestsOutOfOrder) {
  ExpectError({AudioRequest(0, "first")}, absl::StatusCode::kInvalidArgument, "open");
  ExpectError({OpenRequest("twice"), OpenRequest("twice")}, absl::StatusCode::kFailedPrecondition, "open");
  ExpectError({v1::RecordRequest()}, absl::StatusCode::kInvalidArgument, "open");
  ExpectError({OpenRequest("empty-step"), v1::RecordRequest()}, absl::StatusCode::kInvalidArgument, "audio");
  ExpectError({OpenRequest("no-bytes"), AudioRequest(0, "")}, absl::StatusCode::kInvalidArgument, "audio.data");
  ExpectError({}, absl::StatusCode::kInvalidArgument, "open");
}

TEST_F(BadInput, BytesAfterFinishDoNotChangeTheCall) {
  RecordStream stream(recorder_);
  ASSERT_TRUE(stream.Send(OpenRequest("late")));
  const auto opened = stream.ReceiveOpened();
  ASSERT_TRUE(opened.has_value());
  stream.Send(AudioRequest(0, speech_.substr(0, 3000)));
  stream.Send(FinishRequest(speech_.substr(0, 3000)));
  stream.Send(AudioRequest(3000, "late"));
  const absl::Status end = stream.Finish();
  EXPECT_EQ(end.code(), absl::StatusCode::kFailedPrecondition) << end;
  EXPECT_THAT(std::string(end.message()), HasSubstr("finish"));
  const Retrieved kept = Download(site_.ConnectAs("supervisor"), opened->recording_id(), {});
  EXPECT_EQ(kept.status, absl::OkStatus());
  EXPECT_TRUE(kept.audio == speech_.substr(0, 3000));
}

TEST_F(BadInput, I4_AWrongDigestSealsAllTheSameMarked) {
  v1::RecordRequest finish = FinishRequest(speech_.substr(0, 2000));
  finish.mutable_finish()->set_sha256(crypto::Sha256("something else"));
  RecordStream stream(recorder_);
  ASSERT_TRUE(stream.Send(OpenRequest("digest")));
  ASSERT_TRUE(stream.ReceiveOpened().has_value());
  stream.Send(AudioRequest(0, speech_.substr(0, 2000)));
  stream.Send(finish);
  const auto sealed = stream.ReceiveSealed();
  ASSERT_TRUE(sealed.has_value());
  EXPECT_EQ(sealed->digest_check(), v1::MISMATCHED);
  EXPECT_EQ(sealed->audio_sha256(), crypto::Sha256(speech_.substr(0, 2000)));
  EXPECT_EQ(stream.Finish(), absl::OkStatus());
}

TEST_F(BadInput, AFinishThatDoesNotFit) {
  v1::RecordRequest finish = FinishRequest("short");
  ExpectError({OpenRequest("total"), AudioRequest(0, "shorter"), finish}, absl::StatusCode::kFailedPrecondition, "finish.total_bytes");
  finish.mutable_finish()->set_sha256("31 bytes are not a digest of it");
  ExpectError({OpenRequest("digest-size"), AudioRequest(0, "short"), finish}, absl::StatusCode::kInvalidArgument, "finish.sha256");
}

TEST_F(BadInput, FormatsThatTheRecorderMayNotSend) {
  v1::RecordRequest unknown = OpenRequest("format");
  unknown.mutable_open()->mutable_format()->set_encoding(static_cast<v1::AudioFormat::Encoding>(99));
  ExpectError({unknown}, absl::StatusCode::kInvalidArgument, "format");
  v1::RecordRequest none = OpenRequest("format");
  none.mutable_open()->clear_format();
  ExpectError({none}, absl::StatusCode::kInvalidArgument, "format");
  v1::RecordRequest not_its_own = OpenRequest("format");
  not_its_own.mutable_open()->mutable_format()->set_encoding(v1::AudioFormat::PCMA);
  ExpectError({not_its_own}, absl::StatusCode::kPermissionDenied, "format");
}

TEST_F(BadInput, NamesTooLongOrNotUtf8) {
  v1::RecordRequest open = OpenRequest(std::string(129, 'x'));
  ExpectError({open}, absl::StatusCode::kInvalidArgument, "call_id");
  ExpectError({OpenRequest("")}, absl::StatusCode::kInvalidArgument, "call_id");
  open = OpenRequest("long-agent");
  open.mutable_open()->mutable_metadata()->set_agent(std::string(65, 'a'));
  ExpectError({open}, absl::StatusCode::kInvalidArgument, "agent");
  open = OpenRequest("long-notes");
  open.mutable_open()->mutable_metadata()->set_notes(std::string(1025, 'n'));
  ExpectError({open}, absl::StatusCode::kInvalidArgument, "notes");
  open = OpenRequest("not-utf8");
  open.mutable_open()->mutable_metadata()->set_agent("\xE3\x81");
  ExpectError({open}, absl::StatusCode::kInvalidArgument, "open.metadata.agent");
  v1::SearchRequest search = SearchFor(v1::AGENT, "\xFF\xFE");
  const absl::Status status = Search(operator_, search).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("term.value: not UTF-8"));
}

TEST_F(BadInput, NumbersThatAreNone) {
  for (const char* number : {"385719026", "38571902641", "3857X90264", "３８５７１９０２６"}) {
    v1::RecordRequest open = OpenRequest("number");
    open.mutable_open()->mutable_metadata()->set_basic_pension_number(number);
    const absl::Status status = RecordError(recorder_, {open});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("pension number"));
    EXPECT_THAT(std::string(status.message()), ::testing::Not(HasSubstr(number))) << "I1: personal data in an error message";
    EXPECT_EQ(Search(operator_, SearchFor(v1::BASIC_PENSION_NUMBER, number)).status().code(), absl::StatusCode::kInvalidArgument);
  }
  v1::RecordRequest open = OpenRequest("caller");
  open.mutable_open()->mutable_metadata()->set_caller_number("not a number");
  ExpectError({open}, absl::StatusCode::kInvalidArgument, "caller number");
}

TEST_F(BadInput, RangesOutsideTheRecording) {
  const std::string id = Recorded("range");
  const Range outside[] = {{0, 50001}, {50001, 0}, {49999, 2}, {~uint64_t{0}, 1}, {1, ~uint64_t{0}}};
  for (const Range& range : outside) {
    const Retrieved retrieved = Listen(operator_, id, range);
    EXPECT_EQ(retrieved.status.code(), absl::StatusCode::kOutOfRange) << retrieved.status;
    EXPECT_TRUE(retrieved.audio.empty());
  }
  const Retrieved last = Listen(operator_, id, {49999, 1});
  EXPECT_EQ(last.status, absl::OkStatus());
  EXPECT_TRUE(last.audio == speech_.substr(49999));
}

TEST_F(BadInput, IdsAndJustificationsThatAreNone) {
  for (const char* id : {"", "1", "0190A1B2-0000-7000-8000-000000000001", "0190a1b2-0000-4000-8000-000000000001"}) {
    const absl::Status status = Listen(operator_, id, {}).status;
    EXPECT_TRUE(absl::IsInvalidArgument(status) || absl::IsNotFound(status)) << status;
  }
  EXPECT_EQ(Listen(operator_, kAbsentId, {}).status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Listen(operator_, kAbsentId, {}, "curiosity").status.code(), absl::StatusCode::kPermissionDenied);
  v1::SearchRequest search = SearchFor(v1::AGENT, kAgent);
  search.mutable_justification()->clear_reference();
  EXPECT_EQ(Search(operator_, search).status().code(), absl::StatusCode::kInvalidArgument);
  search = SearchFor(v1::AGENT, kAgent);
  search.set_page_token("forged");
  EXPECT_EQ(Search(operator_, search).status().code(), absl::StatusCode::kInvalidArgument);
  search = SearchFor(v1::AGENT, kAgent);
  search.set_page_size(201);
  EXPECT_EQ(Search(operator_, search).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(BadInput, I10_OversizedMessages) {
  ExpectError({OpenRequest("large"), AudioRequest(0, Speech(65537))}, absl::StatusCode::kInvalidArgument, "audio.data");
  const absl::Status status = RecordError(recorder_, {OpenRequest("larger"), AudioRequest(0, Speech(200 * 1024))});
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  v1::SearchRequest search = SearchFor(v1::AGENT, std::string(200 * 1024, 'a'));
  EXPECT_EQ(Search(operator_, search).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(BadInput, ASecondOpenOfALiveCall) {
  RecordStream first(recorder_);
  ASSERT_TRUE(first.Send(OpenRequest("live")));
  const auto opened = first.ReceiveOpened();
  ASSERT_TRUE(opened.has_value());
  ASSERT_TRUE(first.Send(AudioRequest(0, speech_.substr(0, 20000))));
  ASSERT_GE(first.ReceiveCommitted(16384), 16384u);

  const absl::Status without_token = RecordError(recorder_, {OpenRequest("live")});
  EXPECT_EQ(without_token.code(), absl::StatusCode::kFailedPrecondition) << without_token;
  EXPECT_GT(DetailOf(without_token).call_is_live().takeover_at_unix_ms(), 0);
  v1::RecordRequest guess = OpenRequest("live");
  guess.mutable_open()->set_resume_token(std::string(32, 'g'));
  ExpectError({guess}, absl::StatusCode::kPermissionDenied, "resume_token");

  v1::RecordRequest resume = OpenRequest("live");
  resume.mutable_open()->set_resume_token(opened->resume_token());
  resume.mutable_open()->set_acknowledged_bytes(16384);
  RecordStream second(recorder_);
  ASSERT_TRUE(second.Send(resume));
  const auto resumed = second.ReceiveOpened();
  ASSERT_TRUE(resumed.has_value());
  EXPECT_EQ(resumed->recording_id(), opened->recording_id());
  EXPECT_GE(resumed->committed_bytes(), 16384u);
  EXPECT_EQ(first.Finish().code(), absl::StatusCode::kAborted);

  second.Send(AudioRequest(resumed->committed_bytes(), std::string_view(speech_).substr(resumed->committed_bytes())));
  second.Send(FinishRequest(speech_));
  const auto sealed = second.ReceiveSealed();
  ASSERT_TRUE(sealed.has_value());
  EXPECT_EQ(sealed->audio_sha256(), crypto::Sha256(speech_));
  const absl::Status again = RecordError(recorder_, {OpenRequest("live")});
  EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists) << again;
  EXPECT_EQ(DetailOf(again).already_sealed().recording_id(), opened->recording_id());
}

TEST_F(BadInput, ACentreQueueOrClassThatIsNotTheRecorders) {
  v1::RecordRequest open = OpenRequest("elsewhere");
  open.mutable_open()->set_centre(kOtherCentre);
  ExpectError({open}, absl::StatusCode::kPermissionDenied, "centre");
  open.mutable_open()->set_centre("atlantis");
  ExpectError({open}, absl::StatusCode::kPermissionDenied, "centre");
  open = OpenRequest("elsewhere");
  open.mutable_open()->set_queue("sales");
  ExpectError({open}, absl::StatusCode::kPermissionDenied, "queue");
  open = OpenRequest("elsewhere");
  open.mutable_open()->set_retention_class("forever");
  ExpectError({open}, absl::StatusCode::kPermissionDenied, "retention");
}

TEST_F(BadInput, I10_ARecorderOverItsLimits) {
  v1::AddAccountRequest small = AccountRequest("small-recorder", v1::RECORDER);
  small.mutable_account()->mutable_recorder()->set_open_calls_max(1);
  small.mutable_account()->mutable_recorder()->set_call_bytes_max(20000);
  ASSERT_EQ(site_.Enrol(small), absl::OkStatus());
  const auto recorder = site_.ConnectAs("small-recorder");
  {
    RecordStream first(recorder);
    ASSERT_TRUE(first.Send(OpenRequest("one")));
    ASSERT_TRUE(first.ReceiveOpened().has_value());
    const absl::Status second = RecordError(recorder, {OpenRequest("two")});
    EXPECT_EQ(second.code(), absl::StatusCode::kResourceExhausted) << second;
    EXPECT_EQ(DetailOf(second).limit_reached().limit(), "open_calls_max");
    first.Send(AudioRequest(0, speech_.substr(0, 20000)));
    first.Send(AudioRequest(20000, "one too many"));
    const absl::Status over = first.Finish();
    EXPECT_EQ(over.code(), absl::StatusCode::kResourceExhausted) << over;
    EXPECT_EQ(DetailOf(over).limit_reached().limit(), "call_bytes_max");
  }
}

TEST_F(BadInput, I7_FlippedByteIsDataLossAndNamesTheChunk) {
  const std::string id = Recorded("flipped");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(site_.config().data_dir() + "/audio")) {
    if (!entry.is_regular_file()) continue;
    // In the third chunk: behind the header and two sealed chunks.
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(40000);
    const char flipped = static_cast<char>(file.get() ^ 1);
    file.seekp(40000);
    file.put(flipped);
  }
  const Retrieved damaged = Listen(operator_, id, {});
  EXPECT_EQ(damaged.status.code(), absl::StatusCode::kDataLoss) << damaged.status;
  EXPECT_EQ(DetailOf(damaged.status).damaged_chunk().recording_id(), id);
  EXPECT_EQ(DetailOf(damaged.status).damaged_chunk().chunk(), 2u);
  EXPECT_TRUE(damaged.audio == speech_.substr(0, damaged.audio.size()));
  EXPECT_LE(damaged.audio.size(), 32768u);
  const Retrieved before_it = Listen(operator_, id, {0, 32768});
  EXPECT_TRUE(before_it.status.ok() || absl::IsDataLoss(before_it.status)) << before_it.status;
}

TEST_F(BadInput, AccountsThatCannotBe) {
  v1::AddAccountRequest request = AccountRequest("second-operator", v1::OPERATOR);
  request.mutable_account()->set_name("Second Operator");
  EXPECT_EQ(site_.Enrol(request).code(), absl::StatusCode::kInvalidArgument);
  request = AccountRequest("second-operator", v1::OPERATOR);
  request.mutable_account()->add_centres("atlantis");
  EXPECT_EQ(site_.Enrol(request).code(), absl::StatusCode::kInvalidArgument);
  request = AccountRequest("second-operator", v1::OPERATOR);
  request.set_certificate_pem("no certificate");
  EXPECT_EQ(site_.Enrol(request).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(site_.Enrol("operator", v1::OPERATOR).code(), absl::StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace otokura::integration
