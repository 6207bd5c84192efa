// A gateway that is stopped, killed, reloaded: what recorders and listeners see of it, and what is left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "absl/time/clock.h"
#include "crypto/sha256.h"
#include "server/otokurad/exit_codes.h"
#include "tests/integration/clients.h"
#include "tests/integration/site.h"

namespace otokura::integration {
namespace {

using ::testing::HasSubstr;

class Lifecycle : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(site_.Init(), absl::OkStatus());
    ASSERT_EQ(site_.StartProcess(), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
  }
  // Opens the call and streams this much; returns what is acknowledged at that moment.
  static uint64_t Begin(RecordStream& stream, const std::string& call_id, std::string_view audio, v1::Opened* opened) {
    if (!stream.Send(OpenRequest(call_id))) return 0;
    const auto answer = stream.ReceiveOpened();
    if (!answer.has_value()) return 0;
    *opened = *answer;
    for (size_t offset = 0; offset < audio.size(); offset += 1000) stream.Send(AudioRequest(offset, audio.substr(offset, 1000)));
    return stream.ReceiveCommitted(16384);
  }
  // Goes on where the gateway stands and finishes.
  std::optional<v1::Sealed> Resume(const std::string& call_id, const v1::Opened& opened, uint64_t acknowledged, const std::string& audio) {
    v1::RecordRequest open = OpenRequest(call_id);
    open.mutable_open()->set_resume_token(opened.resume_token());
    open.mutable_open()->set_acknowledged_bytes(acknowledged);
    RecordStream stream(site_.ConnectAs("recorder"));
    stream.Send(open);
    const auto resumed = stream.ReceiveOpened();
    if (!resumed.has_value()) {
      ADD_FAILURE() << stream.Finish();
      return std::nullopt;
    }
    EXPECT_EQ(resumed->recording_id(), opened.recording_id());
    EXPECT_GE(resumed->committed_bytes(), acknowledged);
    EXPECT_FALSE(resumed->has_lost());
    for (size_t offset = resumed->committed_bytes(); offset < audio.size(); offset += 1000)
      stream.Send(AudioRequest(offset, audio.substr(offset, 1000)));
    stream.Send(FinishRequest(audio));
    return stream.ReceiveSealed();
  }

  Site site_;
  const std::string speech_ = Speech(120000);
};

TEST_F(Lifecycle, I4_KilledMidCallTheCallEndsUpWhole) {
  RecordStream stream(site_.ConnectAs("recorder"));
  v1::Opened opened;
  const uint64_t acknowledged = Begin(stream, "killed", std::string_view(speech_).substr(0, 60000), &opened);
  ASSERT_GE(acknowledged, 16384u);
  site_.Signal(SIGKILL);
  ASSERT_EQ(site_.WaitForProcess(), -SIGKILL);
  ASSERT_EQ(site_.Otokurad("fsck"), gateway::kExitDone) << site_.said();

  ASSERT_EQ(site_.StartProcess(), absl::OkStatus());
  const auto sealed = Resume("killed", opened, acknowledged, speech_);
  ASSERT_TRUE(sealed.has_value());
  EXPECT_EQ(sealed->audio_sha256(), crypto::Sha256(speech_));
  EXPECT_EQ(sealed->digest_check(), v1::MATCHED);
  const Retrieved kept = Download(site_.ConnectAs("supervisor"), opened.recording_id(), {});
  EXPECT_EQ(kept.status, absl::OkStatus());
  EXPECT_TRUE(kept.audio == speech_);
  site_.Signal(SIGTERM);
  EXPECT_EQ(site_.WaitForProcess(), gateway::kExitDone);
  EXPECT_EQ(site_.Otokurad("fsck", {"--deep"}), gateway::kExitDone) << site_.said();
}

TEST_F(Lifecycle, SigtermAcknowledgesWhatIsDurableAndEndsWell) {
  RecordStream stream(site_.ConnectAs("recorder"));
  v1::Opened opened;
  const uint64_t acknowledged = Begin(stream, "drained", std::string_view(speech_).substr(0, 60000), &opened);
  ASSERT_GE(acknowledged, 16384u);
  site_.Signal(SIGTERM);
  const absl::Status end = stream.AwaitEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kUnavailable) << end;
  EXPECT_THAT(std::string(end.message()), HasSubstr("stopping"));
  EXPECT_EQ(site_.WaitForProcess(), gateway::kExitDone);

  ASSERT_EQ(site_.StartProcess(), absl::OkStatus());
  const auto sealed = Resume("drained", opened, acknowledged, speech_);
  ASSERT_TRUE(sealed.has_value());
  EXPECT_EQ(sealed->audio_sha256(), crypto::Sha256(speech_));
  const auto log = ReadLog(site_.ConnectAs("auditor"));
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(Count(*log, v1::GATEWAY_STARTED), 2);
  EXPECT_EQ(Count(*log, v1::GATEWAY_STOPPED), 1);
  EXPECT_EQ(Count(*log, v1::RECORDING_RESUMED), 1);
}

TEST_F(Lifecycle, SighupReloadsAndServesOn) {
  RecordStream stream(site_.ConnectAs("recorder"));
  v1::Opened opened;
  ASSERT_GE(Begin(stream, "through", speech_, &opened), 16384u);
  site_.Signal(SIGHUP);
  while (ReadFile(site_.events_file()).find("tls-reloaded") == std::string::npos) absl::SleepFor(absl::Milliseconds(5));
  stream.Send(FinishRequest(speech_));
  const auto sealed = stream.ReceiveSealed();
  ASSERT_TRUE(sealed.has_value());
  EXPECT_EQ(sealed->digest_check(), v1::MATCHED);
  EXPECT_EQ(Search(site_.ConnectAs("operator"), SearchFor(v1::CALL_ID, "through")).value().recordings_size(), 1);
}

TEST_F(Lifecycle, I1_EventsHoldNoPersonalData) {
  v1::RecordRequest open = OpenRequest("pbx-unmistakable");
  open.mutable_open()->mutable_metadata()->set_basic_pension_number("3857190264");
  ASSERT_TRUE(RecordCall(site_.ConnectAs("recorder"), open, speech_).ok());
  EXPECT_EQ(RecordError(site_.ConnectAs("recorder"), {open}).code(), absl::StatusCode::kAlreadyExists);
  site_.Signal(SIGTERM);
  ASSERT_EQ(site_.WaitForProcess(), gateway::kExitDone);
  const std::string events = ReadFile(site_.events_file());
  EXPECT_THAT(events, HasSubstr("\"event\":\"serving\""));
  for (const char* secret : {"pbx-unmistakable", "3857190264", kAgent}) EXPECT_EQ(events.find(secret), std::string::npos);
}

}  // namespace
}  // namespace otokura::integration
