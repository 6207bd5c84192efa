// A call is streamed in, found, heard and downloaded; who may not is refused; all of it is in the log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "crypto/sha256.h"
#include "tests/integration/clients.h"
#include "tests/integration/site.h"

namespace otokura::integration {
namespace {

constexpr char kPensionNumber[] = "3857190264";
constexpr char kFullWidthPensionNumber[] = "３８５７１９０２６４";
constexpr char kCallerNumber[] = "09012345678";
constexpr char kNotes[] = "asked about the gap of nineteen seventy-two";

v1::RecordRequest PensionCall(const std::string& call_id) {
  v1::RecordRequest open = OpenRequest(call_id);
  v1::PersonalMetadata* metadata = open.mutable_open()->mutable_metadata();
  metadata->set_basic_pension_number(kPensionNumber);
  metadata->set_caller_number(kCallerNumber);
  metadata->set_notes(kNotes);
  return open;
}

class MainPath : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(site_.Init(), absl::OkStatus());
    ASSERT_EQ(site_.Start(), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
    recorder_ = site_.ConnectAs("recorder");
    operator_ = site_.ConnectAs("operator");
    supervisor_ = site_.ConnectAs("supervisor");
    contractor_ = site_.ConnectAs("contractor");
  }
  std::vector<LoggedEntry> Log() {
    auto log = ReadLog(site_.ConnectAs("auditor"));
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? *log : std::vector<LoggedEntry>();
  }

  Site site_;
  std::shared_ptr<grpc::Channel> recorder_, operator_, supervisor_, contractor_;
  const std::string speech_ = Speech(100000);
};

TEST_F(MainPath, ACallIsFoundHeardAndDownloaded) {
  const auto sealed = RecordCall(recorder_, PensionCall("pbx-1"), speech_);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(sealed->audio_bytes(), speech_.size());
  EXPECT_EQ(sealed->audio_sha256(), crypto::Sha256(speech_));
  EXPECT_EQ(sealed->digest_check(), v1::MATCHED);
  ASSERT_TRUE(RecordCall(recorder_, OpenRequest("pbx-2"), Speech(5000, 2)).ok());

  const auto found = Search(operator_, SearchFor(v1::BASIC_PENSION_NUMBER, kFullWidthPensionNumber));
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->recordings_size(), 1);
  const std::string id = found->recordings(0).recording_id();
  EXPECT_EQ(id, sealed->recording_id());

  const auto shown = Show(operator_, id);
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(shown->metadata().notes(), kNotes);

  const Retrieved heard = Listen(operator_, id, {30001, 40000});
  ASSERT_EQ(heard.status, absl::OkStatus());
  EXPECT_TRUE(heard.audio == speech_.substr(30001, 40000));

  const Retrieved kept = Download(supervisor_, id, {});
  ASSERT_EQ(kept.status, absl::OkStatus());
  ASSERT_TRUE(kept.header.has_value());
  EXPECT_EQ(kept.header->length(), speech_.size());
  EXPECT_TRUE(kept.audio == speech_);
}

TEST_F(MainPath, I6_WhatTheRoleDoesNotNameIsRefusedAndLogged) {
  const auto sealed = RecordCall(recorder_, PensionCall("pbx-1"), speech_);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  const std::string id = sealed->recording_id();

  for (const Retrieved& refused :
       {Download(contractor_, id, {}, "maintenance"), Download(operator_, id, {}), Listen(recorder_, id, {}),
        Listen(site_.ConnectAs("admin"), id, {}), Listen(site_.ConnectAs("auditor"), id, {}), Listen(operator_, id, {}, "maintenance")}) {
    EXPECT_EQ(refused.status.code(), absl::StatusCode::kPermissionDenied) << refused.status;
    EXPECT_FALSE(refused.header.has_value());
    EXPECT_TRUE(refused.audio.empty());
  }
  const Retrieved not_granted = Listen(contractor_, id, {}, "maintenance");
  EXPECT_EQ(not_granted.status.code(), absl::StatusCode::kNotFound) << "as though there were none";
  EXPECT_FALSE(not_granted.header.has_value());
  EXPECT_EQ(Search(contractor_, SearchFor(v1::CALL_ID, "pbx-1")).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Show(contractor_, id, "maintenance").status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReadLog(operator_).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(RecordError(operator_, {OpenRequest("pbx-9")}).code(), absl::StatusCode::kPermissionDenied);

  const std::vector<LoggedEntry> log = Log();
  EXPECT_EQ(Count(log, v1::LISTEN, v1::DENIED), 5);
  EXPECT_EQ(Count(log, v1::DOWNLOAD, v1::DENIED), 2);
  EXPECT_EQ(Count(log, v1::SEARCH, v1::DENIED), 1);
  EXPECT_EQ(Count(log, v1::SHOW, v1::DENIED), 1);
  EXPECT_EQ(Count(log, v1::AUDIT_LIST, v1::DENIED), 1);
  EXPECT_EQ(Count(log, v1::INGEST_REFUSED, v1::DENIED), 1);
  EXPECT_EQ(Count(log, v1::DELIVERED), 0);
}

TEST_F(MainPath, I6_AbsentAndOutOfScopeAnswerAlike) {
  v1::AddAccountRequest elsewhere = AccountRequest("operator-osaka", v1::OPERATOR);
  elsewhere.mutable_account()->clear_centres();
  elsewhere.mutable_account()->add_centres(kOtherCentre);
  ASSERT_EQ(site_.Enrol(elsewhere), absl::OkStatus());
  const auto sealed = RecordCall(recorder_, PensionCall("pbx-1"), speech_);
  ASSERT_TRUE(sealed.ok()) << sealed.status();

  const auto osaka = site_.ConnectAs("operator-osaka");
  const Retrieved out_of_scope = Listen(osaka, sealed->recording_id(), {});
  const Retrieved absent = Listen(osaka, "0190a1b2-0000-7000-8000-000000000001", {});
  EXPECT_EQ(out_of_scope.status.code(), absl::StatusCode::kNotFound) << out_of_scope.status;
  EXPECT_EQ(out_of_scope.status, absent.status);
  EXPECT_EQ(Show(osaka, sealed->recording_id()).status(), Show(osaka, "0190a1b2-0000-7000-8000-000000000001").status());
  const auto found = Search(osaka, SearchFor(v1::BASIC_PENSION_NUMBER, kPensionNumber));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->recordings_size(), 0);
}

TEST_F(MainPath, I2_EveryReleaseStandsInTheLogBeforeAndAfter) {
  const auto sealed = RecordCall(recorder_, PensionCall("pbx-1"), speech_);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  ASSERT_EQ(Listen(operator_, sealed->recording_id(), {100, 50}).status, absl::OkStatus());

  const std::vector<LoggedEntry> log = Log();
  for (size_t i = 0; i < log.size(); ++i) EXPECT_EQ(log[i].leaf.sequence(), i);
  const auto listened = std::find_if(log.begin(), log.end(), [](const LoggedEntry& entry) { return entry.leaf.action() == v1::LISTEN; });
  ASSERT_NE(listened, log.end());
  EXPECT_EQ(listened->leaf.decision(), v1::ALLOWED);
  EXPECT_EQ(listened->leaf.offset(), 100u);
  EXPECT_EQ(listened->leaf.length(), 50u);
  EXPECT_EQ(listened->leaf.purpose(), "inquiry");
  EXPECT_EQ(listened->details.account().value(), "operator");
  EXPECT_EQ(listened->details.reference().value(), "CASE-1");
  EXPECT_EQ(listened->details.address().value(), "127.0.0.1");
  const auto closed = std::find_if(log.begin(), log.end(), [&](const LoggedEntry& entry) {
    return entry.leaf.action() == v1::DELIVERED && entry.leaf.of_sequence() == listened->leaf.sequence();
  });
  ASSERT_NE(closed, log.end());
  EXPECT_EQ(closed->leaf.delivered_bytes(), 50u);
  EXPECT_EQ(closed->leaf.outcome(), "OK");
  EXPECT_GT(closed->leaf.access_number(), listened->leaf.access_number());
}

TEST_F(MainPath, I1_NothingOfACallLiesOnDiskInClear) {
  ASSERT_TRUE(RecordCall(recorder_, PensionCall("pbx-unmistakable-1"), speech_).ok());
  ASSERT_TRUE(Search(operator_, SearchFor(v1::BASIC_PENSION_NUMBER, kPensionNumber)).ok());
  site_.Stop();
  const std::string secrets[] = {speech_.substr(1000, 24),
                                 speech_.substr(77777, 24),
                                 kPensionNumber,
                                 kFullWidthPensionNumber,
                                 kCallerNumber,
                                 kNotes,
                                 "pbx-unmistakable-1",
                                 kAgent};
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(site_.folder())) {
    if (!entry.is_regular_file()) continue;
    ++files;
    const std::string content = ReadFile(entry.path());
    for (const std::string& secret : secrets) EXPECT_EQ(content.find(secret), std::string::npos) << entry.path();
  }
  EXPECT_GT(files, 5);
}

TEST_F(MainPath, ASuspendedAccountIsServedNoMore) {
  const auto sealed = RecordCall(recorder_, PensionCall("pbx-1"), speech_);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  const auto admin = v1::Admin::NewStub(site_.ConnectAs("security"));
  grpc::ClientContext context;
  v1::SuspendAccountRequest request;
  request.set_name("operator");
  request.set_reason("left the company");
  v1::SuspendAccountResponse response;
  const grpc::Status suspended = admin->SuspendAccount(&context, request, &response);
  ASSERT_TRUE(suspended.ok()) << suspended.error_message();
  EXPECT_EQ(response.account().state(), v1::Account::SUSPENDED);
  EXPECT_EQ(Listen(operator_, sealed->recording_id(), {}).status.code(), absl::StatusCode::kPermissionDenied);

  grpc::ClientContext own_context;
  request.set_name("security");
  EXPECT_EQ(admin->SuspendAccount(&own_context, request, &response).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

}  // namespace
}  // namespace otokura::integration
