// Checkpoints held elsewhere: releases wait for a mandatory anchor and calls never do; a site that was put back or copied shows.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "crypto/tlog/checkpoint.h"
#include "crypto/tlog/cosignature.h"
#include "nlohmann/json.hpp"
#include "otokura/v1/audit.grpc.pb.h"
#include "server/otokurad/configuration.h"
#include "server/rpc/status.h"
#include "tests/integration/anchor_port.h"
#include "tests/integration/anchored_site.h"
#include "tests/integration/clients.h"
#include "tests/integration/collector_port.h"
#include "tests/integration/site.h"

namespace otokura::integration {
namespace {

using ::testing::HasSubstr;

using AnchorsTest = AnchoredSiteTest;

// Calls that are spoken all the while, by one thread, until somebody has heard enough.
class LiveCalls {
 public:
  LiveCalls(Site& site, int calls) {
    v1::AddAccountRequest switchboard = AccountRequest("switchboard", v1::RECORDER);
    switchboard.mutable_account()->mutable_recorder()->set_open_calls_max(20000);
    switchboard.mutable_account()->mutable_recorder()->set_opens_per_minute_max(60000);
    EXPECT_EQ(site.Enrol(switchboard), absl::OkStatus());
    for (int i = 0; i < calls; ++i) {
      if (i % 25 == 0) channel_ = site.ConnectAs("switchboard");
      streams_.push_back(std::make_unique<RecordStream>(channel_));
      EXPECT_TRUE(streams_.back()->Send(OpenRequest(absl::StrCat("live-", i))));
      EXPECT_TRUE(streams_.back()->ReceiveOpened().has_value());
    }
    speaker_ = std::thread([this] { Speak(); });
  }
  ~LiveCalls() {
    enough_ = true;
    if (speaker_.joinable()) speaker_.join();
  }
  void ExpectAllSealedWhole() {
    enough_ = true;
    speaker_.join();
    for (const auto& stream : streams_) ASSERT_TRUE(stream->Send(FinishRequest(spoken_)));
    for (const auto& stream : streams_) {
      const auto sealed = stream->ReceiveSealed();
      ASSERT_TRUE(sealed.has_value()) << stream->Finish();
      EXPECT_EQ(sealed->digest_check(), v1::MATCHED);
      EXPECT_EQ(stream->Finish(), absl::OkStatus());
    }
  }

 private:
  void Speak() {
    while (!enough_) {
      const absl::Time next = absl::Now() + absl::Milliseconds(200);
      const std::string words = Speech(1600, static_cast<uint32_t>(spoken_.size()));
      for (const auto& stream : streams_) EXPECT_TRUE(stream->Send(AudioRequest(spoken_.size(), words)));
      spoken_ += words;
      absl::SleepFor(next - absl::Now());  // the pace of speech
    }
  }

  std::shared_ptr<grpc::Channel> channel_;
  std::vector<std::unique_ptr<RecordStream>> streams_;
  std::atomic<bool> enough_{false};
  std::string spoken_;
  std::thread speaker_;
};

TEST_F(AnchorsTest, I11_AMandatoryAnchorThatFailsInAnyWayStopsReleasesAndNoCall) {
  WitnessPort witness(LogKey(site_));
  ASSERT_NO_FATAL_FAILURE(StartWith(witness.Config()));
  ASSERT_NO_FATAL_FAILURE(EnrolAndRecord());
  ASSERT_TRUE(Eventually([&] { return Hear().ok(); })) << Hear();
  LiveCalls calls(site_, 1000);
  RecordStream timed(site_.ConnectAs("recorder"));
  ASSERT_TRUE(timed.Send(OpenRequest("timed")));
  ASSERT_TRUE(timed.ReceiveOpened().has_value());
  const std::string words = Speech(32768);
  uint64_t said = 0;
  const auto acknowledged_in = [&] {
    const absl::Time asked = absl::Now();
    EXPECT_TRUE(timed.Send(AudioRequest(said, words)));
    said += words.size();
    EXPECT_GE(timed.ReceiveCommitted(said), said);
    return absl::Now() - asked;
  };
  std::cout << "32 KiB acknowledged with the anchor there: " << acknowledged_in() << "\n";
  for (const PortState state : {PortState::kRefuses, PortState::kStalls, PortState::kBlackHole}) {
    SCOPED_TRACE(static_cast<int>(state));
    witness.Become(state);
    const absl::Time down = absl::Now();
    absl::Time last_heard = down;
    absl::Status heard;
    ASSERT_TRUE(Eventually([&] {
      const absl::Time asked = absl::Now();
      heard = Hear();
      if (heard.ok()) last_heard = asked;
      return !heard.ok();
    }));
    EXPECT_TRUE(absl::IsUnavailable(heard)) << heard;
    EXPECT_THAT(std::string(heard.message()), HasSubstr("mandatory anchor witness"));
    EXPECT_LT(last_heard - down, absl::Seconds(kLagSeconds) + absl::Seconds(1)) << "released beyond the limit";
    const absl::Duration acknowledged = acknowledged_in();
    std::cout << "32 KiB acknowledged without: " << acknowledged << "\n";
    EXPECT_LT(acknowledged, absl::Seconds(5)) << "a call waited for the anchor";
    witness.Become(PortState::kAnswers);
    ASSERT_TRUE(Eventually([&] { return Hear().ok(); })) << Hear();
  }
  calls.ExpectAllSealedWhole();
}

TEST_F(AnchorsTest, I2_NothingIsReleasedBeforeAMandatoryAnchorAnsweredOnce) {
  WitnessPort witness(LogKey(site_));
  witness.Become(PortState::kStalls);
  ASSERT_NO_FATAL_FAILURE(StartWith(witness.Config()));
  ASSERT_NO_FATAL_FAILURE(EnrolAndRecord());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(absl::IsUnavailable(Hear()));
  EXPECT_TRUE(ReadLog(site_.ConnectAs("security")).ok()) << "how one finds out why is not refused";
  witness.Become(PortState::kAnswers);
  EXPECT_TRUE(Eventually([&] { return Hear().ok(); })) << Hear();
}

TEST_F(AnchorsTest, AnOptionalAnchorThatStallsDelaysNothing) {
  WitnessPort witness(LogKey(site_));
  witness.Become(PortState::kStalls);
  v1::AnchorConfig anchor = witness.Config();
  anchor.set_mandatory(false);
  ASSERT_NO_FATAL_FAILURE(StartWith(anchor));
  ASSERT_NO_FATAL_FAILURE(EnrolAndRecord());
  ASSERT_TRUE(Eventually([&] { return Hear().ok(); })) << "it holds up the start, for three seconds: " << Hear();
  for (const absl::Time end = absl::Now() + absl::Seconds(2 * kLagSeconds); absl::Now() < end;) EXPECT_EQ(Hear(), absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return ReadFile(site_.events_file()).find("anchor-fails") != std::string::npos; }));
}

TEST_F(AnchorsTest, HealthSaysWhetherTheLogIsAnchoredAndReleasesGoOn) {
  WitnessPort witness(LogKey(site_));
  ASSERT_NO_FATAL_FAILURE(StartWith(witness.Config()));
  ASSERT_NO_FATAL_FAILURE(EnrolAndRecord());
  EXPECT_TRUE(Eventually(
      [&] { return Serves(site_.ConnectAs("operator"), "otokura.anchors") && Serves(site_.ConnectAs("operator"), "otokura.release"); }));
  witness.Become(PortState::kRefuses);
  ASSERT_TRUE(Eventually([&] { return !Hear().ok(); }));
  EXPECT_TRUE(Eventually(
      [&] { return !Serves(site_.ConnectAs("operator"), "otokura.anchors") && !Serves(site_.ConnectAs("operator"), "otokura.release"); }));
  EXPECT_TRUE(Serves(site_.ConnectAs("operator"), "")) << "calls are taken in";
}

TEST_F(AnchorsTest, AGatewayWithoutAnAnchorOffThisHostShowsAsUnsafe) {
  ASSERT_EQ(site_.Start(), absl::OkStatus());
  ASSERT_NO_FATAL_FAILURE(EnrolAndRecord());
  EXPECT_FALSE(Serves(site_.ConnectAs("operator"), "otokura.anchors"));
  EXPECT_TRUE(Serves(site_.ConnectAs("operator"), "otokura.release"));
  EXPECT_THAT(ReadFile(site_.events_file()), HasSubstr("log-anchored-nowhere-else"));
}

TEST_F(AnchorsTest, CosignaturesAreServedAndOutliveARestart) {
  WitnessPort witness(LogKey(site_));
  ASSERT_NO_FATAL_FAILURE(StartWith(witness.Config()));
  ASSERT_NO_FATAL_FAILURE(EnrolAndRecord());
  const auto verifier = crypto::CosignatureVerifier::Parse(witness.verifier_key());
  ASSERT_TRUE(verifier.ok()) << verifier.status();
  const auto log_key = crypto::NoteVerifier::Parse(LogKey(site_));
  const auto cosigned_size = [&]() -> uint64_t {
    grpc::ClientContext context;
    v1::GetCheckpointResponse response;
    const auto stub = v1::Audit::NewStub(site_.ConnectAs("auditor"));
    EXPECT_EQ(rpc::FromGrpc(stub->GetCheckpoint(&context, v1::GetCheckpointRequest(), &response)), absl::OkStatus());
    const std::string& note = response.cosigned_checkpoint();
    if (note.empty()) return 0;
    const size_t end = note.rfind("\n\n") + 1;
    EXPECT_EQ(verifier->Find(std::string_view(note).substr(end + 1), std::string_view(note).substr(0, end)).status(), absl::OkStatus());
    return crypto::OpenCheckpoint(note, *log_key)->tree_size;
  };
  ASSERT_TRUE(Eventually([&] { return cosigned_size() > 8; }));
  const uint64_t before = cosigned_size();
  site_.Stop();
  witness.Become(PortState::kRefuses);
  ASSERT_EQ(site_.Start(), absl::OkStatus());
  EXPECT_GE(cosigned_size(), before);
}

TEST_F(AnchorsTest, I7_ASiteThatWasPutBackOrCopiedReleasesNothing) {
  WitnessPort witness(LogKey(site_));
  ASSERT_NO_FATAL_FAILURE(StartWith(witness.Config()));
  ASSERT_NO_FATAL_FAILURE(EnrolAndRecord());
  ASSERT_TRUE(Eventually([&] { return Hear().ok(); })) << Hear();
  site_.Stop();
  Site copy;
  copy.config() = site_.config();
  copy.config().set_data_dir(copy.folder() + "/data");
  copy.config().set_key_store_dir(copy.folder() + "/keys");
  copy.config().set_address_file(copy.folder() + "/address");
  // Data *and* keys, as a snapshot of the whole machine has them.
  for (const char* part : {"/data", "/keys"}) {
    std::filesystem::copy(site_.folder() + part, copy.folder() + part, std::filesystem::copy_options::recursive);
  }
  ASSERT_EQ(site_.Start(), absl::OkStatus());
  ASSERT_TRUE(Eventually([&] { return Hear().ok(); })) << Hear();

  ASSERT_EQ(copy.Start(), absl::OkStatus());
  absl::Status heard;
  ASSERT_TRUE(Eventually([&] {
    heard = Hear(copy);
    EXPECT_FALSE(heard.ok()) << "the copy released";
    return absl::IsFailedPrecondition(heard);
  })) << heard;
  EXPECT_THAT(std::string(heard.message()), HasSubstr("anchor witness contradicts it"));
  EXPECT_TRUE(RecordCall(copy.ConnectAs("recorder"), OpenRequest("after"), Speech(20000)).ok()) << "I11";
  const auto log = ReadLog(copy.ConnectAs("security"));
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(Count(*log, v1::ANCHOR_CONTRADICTS), 1);
  EXPECT_THAT(ReadFile(copy.events_file()), HasSubstr("anchor-contradicts"));
  // It grows beyond what the witness has, and stays what it is.
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(Hear(copy).ok());
  EXPECT_TRUE(Eventually([&] { return Hear().ok(); })) << "the original goes on: " << Hear();
}

v1::AnchorConfig Webhook(const WebhookPort& port, const std::string& ca_file) {
  v1::AnchorConfig anchor;
  anchor.set_name("archive");
  anchor.set_mandatory(true);
  anchor.set_timeout_ms(2000);
  anchor.mutable_webhook()->set_url(port.url());
  anchor.mutable_webhook()->set_ca_file(ca_file);
  return anchor;
}

// What was posted, without the rest.
std::string Echo(const std::string& body) {
  const auto asked = nlohmann::json::parse(body, nullptr, false);
  return nlohmann::json{{"tree_size", asked["tree_size"]}, {"root_sha256", asked["root_sha256"]}}.dump();
}

TEST_F(AnchorsTest, I7_AWebhookCountsOnceItRepeatsWhatItKept) {
  enum { kRepeats, kSaysOkAlone, kRepeatsAnother, kConflicts, kFails };
  std::atomic<int> mood = kSaysOkAlone;
  WebhookPort port([&mood](const std::string& body) -> WebhookAnswer {
    if (mood == kSaysOkAlone) return {200, "{}"};
    if (mood == kRepeatsAnother) return {200, R"({"tree_size":1,"root_sha256":"AAAA"})"};
    if (mood == kConflicts) return {409, "{}"};
    if (mood == kFails) return {500, Echo(body)};
    return {200, Echo(body)};
  });
  ASSERT_NO_FATAL_FAILURE(StartWith(Webhook(port, Pki::Ours().File("ca.pem"))));
  ASSERT_NO_FATAL_FAILURE(EnrolAndRecord());
  for (const int wrong : {kSaysOkAlone, kRepeatsAnother, kFails}) {
    mood = wrong;
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(absl::IsUnavailable(Hear())) << "mood " << wrong;
  }
  mood = kRepeats;
  ASSERT_TRUE(Eventually([&] { return Hear().ok(); })) << Hear();
  mood = kConflicts;
  ASSERT_TRUE(Eventually([&] { return absl::IsFailedPrecondition(Hear()); })) << Hear();
  mood = kRepeats;
  ASSERT_TRUE(Eventually([&] { return Hear().ok(); })) << Hear();
  const auto log = ReadLog(site_.ConnectAs("security"));
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(Count(*log, v1::ANCHOR_CONTRADICTS), 1);
  EXPECT_EQ(Count(*log, v1::ANCHOR_AGREES), 1);
}

TEST_F(AnchorsTest, I7_AWebhookOfAStrangerCountsForNothing) {
  WebhookPort port([](const std::string& body) -> WebhookAnswer { return {200, Echo(body)}; });
  ASSERT_NO_FATAL_FAILURE(StartWith(Webhook(port, Pki::Foreign().File("ca.pem"))));
  ASSERT_NO_FATAL_FAILURE(EnrolAndRecord());
  ASSERT_TRUE(Eventually([&] { return ReadFile(site_.events_file()).find("anchor-fails") != std::string::npos; }));
  EXPECT_TRUE(absl::IsUnavailable(Hear()));
}

TEST_F(AnchorsTest, WhatCouldNotBeMandatoryIsRefusedByTheConfiguration) {
  v1::AnchorConfig anchor;
  anchor.set_name("file");
  anchor.set_mandatory(true);
  anchor.mutable_file()->set_path(site_.folder() + "/anchors.jsonl");
  *site_.config().mutable_log()->add_anchors() = anchor;
  site_.WriteConfiguration();
  EXPECT_NE(site_.Otokurad("check-config"), 0);
  EXPECT_THAT(site_.said(), HasSubstr("log.anchors[0].mandatory"));
  site_.config().mutable_log()->mutable_anchors(0)->set_mandatory(false);
  site_.WriteConfiguration();
  EXPECT_EQ(site_.Otokurad("check-config"), 0) << site_.said();
}

// The fields that CheckConfiguration names, of one anchor made wrong.
std::vector<std::string> Named(Site& site, const std::function<void(v1::AnchorConfig*)>& wrong) {
  v1::GatewayConfig config = site.config();
  v1::AnchorConfig* anchor = config.mutable_log()->add_anchors();
  anchor->set_name("w1");
  anchor->set_timeout_ms(1000);
  anchor->mutable_witness()->set_url("https://witness.example");
  anchor->mutable_witness()->set_verifier_key("witness.example/w1+773a6c12+BMhTrQ8M0rYZrqks7sT9VqJNZJnVhM55JX5Fz9gTm2Cn");
  wrong(anchor);
  std::vector<std::string> fields;
  for (const gateway::Problem& problem : gateway::CheckConfiguration(config, absl::Now())) {
    if (problem.field.starts_with("log.")) fields.push_back(problem.field);
  }
  return fields;
}

TEST_F(AnchorsTest, AnchorsThatCannotWorkAreNamedByTheirField) {
  using Anchor = v1::AnchorConfig;
  using ::testing::ElementsAre;
  EXPECT_THAT(Named(site_, [](Anchor*) {}), ::testing::IsEmpty());
  EXPECT_THAT(Named(site_, [](Anchor* a) { a->set_name("W 1"); }), ElementsAre("log.anchors[0].name"));
  EXPECT_THAT(Named(site_, [](Anchor* a) { a->set_name(std::string(33, 'w')); }), ElementsAre("log.anchors[0].name"));
  EXPECT_THAT(Named(site_, [](Anchor* a) { a->set_timeout_ms(99); }), ElementsAre("log.anchors[0].timeout_ms"));
  EXPECT_THAT(Named(site_, [](Anchor* a) { a->set_timeout_ms(60'001); }), ElementsAre("log.anchors[0].timeout_ms"));
  EXPECT_THAT(Named(site_, [](Anchor* a) { a->mutable_witness()->set_url("ftp://witness.example"); }),
              ElementsAre("log.anchors[0].witness.url"));
  EXPECT_THAT(Named(site_, [](Anchor* a) { a->mutable_witness()->set_url("https://me:secret@witness.example"); }),
              ElementsAre("log.anchors[0].witness.url"));
  EXPECT_THAT(Named(site_, [](Anchor* a) { a->mutable_witness()->set_verifier_key("nonsense"); }),
              ElementsAre("log.anchors[0].witness.verifier_key"));
  EXPECT_THAT(Named(site_, [](Anchor* a) { a->mutable_witness()->set_ca_file("/nowhere.pem"); }),
              ElementsAre("log.anchors[0].witness.ca_file"));
  EXPECT_THAT(Named(site_, [](Anchor* a) { a->mutable_webhook()->set_url("http://archive.example"); }),
              ElementsAre("log.anchors[0].webhook.url"));
  EXPECT_THAT(Named(site_,
                    [](Anchor* a) {
                      a->mutable_webhook()->set_url("https://archive.example");
                      a->mutable_webhook()->set_certificate_file(Pki::Ours().CertificateFile("operator"));
                    }),
              ElementsAre("log.anchors[0].webhook.private_key_file"));
  // From here on none lies off this host, which is a warning besides.
  EXPECT_THAT(Named(site_, [](Anchor* a) { a->clear_target(); }), ::testing::Contains("log.anchors[0]"));
  EXPECT_THAT(Named(site_, [](Anchor* a) { a->mutable_syslog(); }), ::testing::Contains("log.anchors[0].syslog"));
  EXPECT_THAT(Named(site_, [](Anchor* a) { a->mutable_syslog()->set_server("siem.example"); }),
              ::testing::Contains("log.anchors[0].syslog.server"));
  EXPECT_THAT(Named(site_, [](Anchor* a) { a->mutable_syslog()->set_socket("dev/log"); }),
              ::testing::Contains("log.anchors[0].syslog.socket"));
  EXPECT_THAT(Named(site_, [](Anchor* a) { a->mutable_file()->set_path("relative"); }), ::testing::Contains("log.anchors[0].file.path"));
  EXPECT_THAT(Named(site_, [this](Anchor* a) { a->mutable_file()->set_path(site_.config().data_dir() + "/log.jsonl"); }),
              ::testing::Contains("log.anchors[0].file.path"));
  site_.config().mutable_log()->set_anchor_lag_seconds(3601);
  EXPECT_THAT(Named(site_, [](Anchor*) {}), ElementsAre("log.anchor_lag_seconds"));
}

}  // namespace
}  // namespace otokura::integration
