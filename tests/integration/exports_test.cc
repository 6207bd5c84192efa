// Exports over the real gateway: two persons, a recipient that the policy names, and nothing more than the budgets of exports (DESIGN §8).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/time/clock.h"
#include "crypto/sha256.h"
#include "crypto/signed_note.h"
#include "otokura/v1/case.grpc.pb.h"
#include "otokura/v1/incident.grpc.pb.h"
#include "proto/export/manifest.h"
#include "server/runtime/fake_clock.h"
#include "tests/integration/clients.h"
#include "tests/integration/export_calls.h"
#include "tests/integration/log_of.h"
#include "tests/integration/site.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::integration {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr size_t kCallBytes = 20'001;  // odd: WAV pads it
constexpr char kNowhere[] = "0190a1b2-0000-7000-8000-000000000001";

class ExportsOverTheWire : public ::testing::Test {
 protected:
  void SetUp() override {
    gateway::Gateway::Options options;
    auto clock = std::make_unique<runtime::FakeClock>(absl::Now() + absl::Minutes(5));  // it stands: certificates are made while it does
    clock_ = clock.get();
    options.clock = std::move(clock);
    ASSERT_EQ(site_.StartInMemory(std::move(options)), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
    ASSERT_EQ(site_.Enrol("supervisor-2", v1::SUPERVISOR), absl::OkStatus());
    ASSERT_EQ(Load(2, [](v1::Policy* policy) { NameRecipient(policy, 100, 100'000'000); }), absl::OkStatus());
    call_ = Record("call-1");
  }
  absl::Status Load(uint64_t serial, const policy::Change& change) {
    return site_.LoadPolicy(policy::NoteForTest(policy::TextForTest(serial, change)));
  }
  std::string Record(const std::string& call_id, size_t bytes = kCallBytes) {
    const auto sealed = RecordCall(site_.ConnectAs("recorder"), OpenRequest(call_id), Speech(bytes));
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return sealed.ok() ? sealed->recording_id() : "";
  }
  absl::Status EnrolLike(const std::string& name, v1::Role role, const std::function<void(v1::Account*)>& change) {
    v1::AddAccountRequest request = AccountRequest(name, role);
    change(request.mutable_account());
    return site_.Enrol(request);
  }
  absl::StatusOr<v1::Export> Request(const std::vector<std::string>& recordings, const std::string& account = "supervisor") {
    return RequestExport(site_, account, ExportRequestOf(recordings));
  }
  absl::StatusOr<v1::Export> Approved(const std::vector<std::string>& recordings, uint32_t hours = 1) {
    return Export(site_, "supervisor", "supervisor-2", recordings, hours);
  }
  TakenObject Take(const v1::Export& kept, const std::string& recording, const std::string& account = "supervisor") {
    return TakeObject(site_, account, kept.id(), recording);
  }
  LoggedEntry Last(v1::AuditAction action) { return LastOf(site_, action); }

  Site site_;
  runtime::FakeClock* clock_ = nullptr;
  std::string call_;
};

TEST_F(ExportsOverTheWire, OneAsksAnotherApprovesAndTheRecipientAloneOpensIt) {
  const auto requested = Request({call_});
  ASSERT_TRUE(requested.ok()) << requested.status();
  EXPECT_EQ(requested->state(), v1::Export::REQUESTED);
  EXPECT_EQ(requested->recipient_company(), kRecipientCompany);
  EXPECT_THAT(requested->recipient_sha256(), SizeIs(32));
  ExpectRefused(site_, Take(*requested, call_).status, v1::EXPORT, "export-state");
  const auto approved = ApproveExport(site_, "supervisor-2", *requested);
  ASSERT_TRUE(approved.ok()) << approved.status();
  EXPECT_EQ(approved->until_unix_ms() - approved->from_unix_ms(), 3'600'000);
  const TakenObject taken = Take(*approved, call_);
  ASSERT_EQ(taken.status, absl::OkStatus());
  EXPECT_EQ(taken.sealed.find(Speech(kCallBytes).substr(1000, 32)), std::string::npos) << "I1";
  ASSERT_TRUE(taken.object.has_value());
  EXPECT_EQ(taken.object->bytes(), taken.sealed.size());
  EXPECT_EQ(taken.object->sha256(), crypto::Sha256(taken.sealed));
  EXPECT_EQ(taken.object->audio_sha256(), crypto::Sha256(Speech(kCallBytes)));
  const std::optional<std::string> wav = OpenObject(taken.sealed);
  ASSERT_TRUE(wav.has_value());
  EXPECT_THAT(*wav, SizeIs(58 + kCallBytes + 1)) << "padded to an even length";
  EXPECT_EQ(AudioOf(wav), Speech(kCallBytes));
  EXPECT_EQ(OpenObject(taken.sealed, "supervisor"), std::nullopt);
  const auto shown = ShowExport(site_, "auditor", approved->id());
  ASSERT_TRUE(shown.ok()) << shown.status();
  ASSERT_EQ(shown->taken_size(), 1);
  EXPECT_EQ(shown->taken(0).sha256(), taken.object->sha256());
  EXPECT_NE(Take(*approved, call_).object->sha256(), taken.object->sha256()) << "a fresh key each time";
}

TEST_F(ExportsOverTheWire, TheLogTellsTheWholeStory) {
  const auto approved = Approved({call_});
  ASSERT_TRUE(approved.ok()) << approved.status();
  const TakenObject taken = Take(*approved, call_);
  ASSERT_EQ(taken.status, absl::OkStatus());
  ASSERT_TRUE(ExportManifest(site_, "supervisor", approved->id()).ok());
  ASSERT_TRUE(RevokeExport(site_, "security", approved->id()).ok());
  const std::string id(storage::RecordingId::Parse(approved->id())->bytes());
  for (const v1::AuditAction action :
       {v1::EXPORT_REQUEST, v1::EXPORT_APPROVE, v1::EXPORT, v1::DELIVERED, v1::EXPORT_MANIFEST, v1::EXPORT_REVOKE}) {
    EXPECT_EQ(Last(action).leaf.export_id(), id) << v1::AuditAction_Name(action);
  }
  EXPECT_EQ(Last(v1::EXPORT_REQUEST).leaf.rows(), 1u);
  EXPECT_EQ(Last(v1::EXPORT_REQUEST).details.reference().value(), "CASE-1");
  EXPECT_EQ(Last(v1::EXPORT_REQUEST).details.target().value(), kRecipient);
  const LoggedEntry out = Last(v1::EXPORT), closed = Last(v1::DELIVERED);
  EXPECT_EQ(out.leaf.decision(), v1::ALLOWED);
  EXPECT_EQ(out.leaf.purpose(), "inquiry");
  EXPECT_EQ(out.leaf.recording_id(), storage::RecordingId::Parse(call_)->bytes());
  EXPECT_EQ(out.details.approver().value(), "person-supervisor-2");
  EXPECT_EQ(closed.leaf.of_sequence(), out.leaf.sequence());
  EXPECT_EQ(closed.leaf.delivered_bytes(), kCallBytes);
  EXPECT_EQ(closed.leaf.outcome(), "OK");
  EXPECT_EQ(closed.leaf.object_sha256(), taken.object->sha256());
  EXPECT_EQ(Last(v1::EXPORT_REVOKE).details.reason().value(), "withdrawn");
}

TEST_F(ExportsOverTheWire, I9_OnlyAnotherPersonWithTheRightDecides) {
  const auto requested = Request({call_});
  ASSERT_TRUE(requested.ok()) << requested.status();
  for (const char* who : {"admin", "security", "auditor", "operator", "contractor"}) {
    ExpectRefused(site_, ApproveExport(site_, who, *requested).status(), v1::EXPORT_APPROVE, "role");
    ExpectRefused(site_, RefuseExport(site_, who, requested->id()).status(), v1::EXPORT_REFUSE, "role");
  }
  for (const char* who : {"admin", "security", "auditor", "operator", "contractor"}) {
    ExpectRefused(site_, Request({call_}, who).status(), v1::EXPORT_REQUEST, "role");
  }
  ASSERT_EQ(EnrolLike("operator-2", v1::SUPERVISOR, [](v1::Account* account) { account->set_person_id("person-supervisor"); }),
            absl::OkStatus());
  for (const char* who : {"supervisor", "operator-2"}) {
    ExpectRefused(site_, ApproveExport(site_, who, *requested).status(), v1::EXPORT_APPROVE, "same-person");
    ExpectRefused(site_, RefuseExport(site_, who, requested->id()).status(), v1::EXPORT_REFUSE, "same-person");
  }
  ASSERT_TRUE(ApproveExport(site_, "supervisor-2", *requested).ok());
  for (const char* who : {"supervisor-2", "operator-2"}) {
    ExpectRefused(site_, Take(*requested, call_, who).status, v1::EXPORT, "scope-or-absent");
  }
  EXPECT_EQ(Take(*requested, call_).status, absl::OkStatus());
}

TEST_F(ExportsOverTheWire, I5_AContractorHasNoPartInIt) {
  const auto approved = Approved({call_});
  ASSERT_TRUE(approved.ok()) << approved.status();
  ExpectRefused(site_, Request({call_}, "contractor").status(), v1::EXPORT_REQUEST, "role");
  ExpectRefused(site_, Request({"no id"}, "contractor").status(), v1::EXPORT_REQUEST, "role");
  ExpectRefused(site_, Take(*approved, call_, "contractor").status, v1::EXPORT, "role");
  ExpectRefused(site_, ListExports(site_, "contractor").status(), v1::EXPORT_LIST, "role");
  ExpectRefused(site_, ExportManifest(site_, "contractor", approved->id()).status(), v1::EXPORT_MANIFEST, "role");
  ExpectRefused(site_, RevokeExport(site_, "contractor", approved->id()).status(), v1::EXPORT_REVOKE, "role");
  ASSERT_EQ(Load(3,
                 [](v1::Policy* policy) {
                   NameRecipient(policy, 100, 100'000'000);
                   policy::GiveRight(policy, v1::CONTRACTOR, policy::Action::kListExports, v1::ALL);
                 }),
            absl::OkStatus());
  ExpectRefused(site_, ListExports(site_, "contractor").status(), v1::EXPORT_LIST, "role");
}

TEST_F(ExportsOverTheWire, I6_AbsentAndOutOfReachAreAlike) {
  ASSERT_EQ(EnrolLike("operator-2", v1::SUPERVISOR, [](v1::Account* account) { *account->mutable_centres(0) = kOtherCentre; }),
            absl::OkStatus());
  const absl::Status elsewhere = Request({call_}, "operator-2").status();
  ExpectRefused(site_, elsewhere, v1::EXPORT_REQUEST, "scope-or-absent");
  const absl::Status absent = Request({kNowhere}, "operator-2").status();
  ExpectRefused(site_, absent, v1::EXPORT_REQUEST, "scope-or-absent");
  EXPECT_EQ(elsewhere, absent);
  EXPECT_EQ(Request({call_, kNowhere}).status(), absent);
  const auto requested = Request({call_});
  ASSERT_TRUE(requested.ok()) << requested.status();
  ExpectRefused(site_, ApproveExport(site_, "operator-2", *requested).status(), v1::EXPORT_APPROVE, "not-exportable");
  const auto approved = ApproveExport(site_, "supervisor-2", *requested);
  ASSERT_TRUE(approved.ok()) << approved.status();
  const std::string other = Record("call-2");
  ExpectRefused(site_, Take(*approved, other).status, v1::EXPORT, "scope-or-absent");
  v1::Export nobodys = *approved;
  nobodys.set_id(kNowhere);
  EXPECT_EQ(Take(nobodys, call_).status, Take(*approved, other).status);
  EXPECT_EQ(Take(nobodys, call_, "supervisor-2").status, Take(*approved, call_, "supervisor-2").status);
}

TEST_F(ExportsOverTheWire, WhatIsLiveIsNotExported) {
  RecordStream live(site_.ConnectAs("recorder"));
  live.Send(OpenRequest("call-live"));
  const auto opened = live.ReceiveOpened();
  ASSERT_TRUE(opened.has_value());
  ExpectRefused(site_, Request({opened->recording_id()}).status(), v1::EXPORT_REQUEST, "not-exportable");
  live.Cancel();
}

TEST_F(ExportsOverTheWire, I5_NothingGoesToACompanyOfAContract) {
  const auto approved = Approved({call_});
  const auto waiting = Request({call_});
  ASSERT_TRUE(approved.ok() && waiting.ok()) << approved.status() << waiting.status();
  ASSERT_EQ(Take(*approved, call_).status, absl::OkStatus());
  v1::Contract below = ContractTerms("below");
  below.set_parent(kContract);
  below.set_company("family  COURT");
  ASSERT_EQ(site_.Conclude(below), absl::OkStatus());
  ExpectRefused(site_, Request({call_}).status(), v1::EXPORT_REQUEST, "recipient");
  ExpectRefused(site_, ApproveExport(site_, "supervisor-2", *waiting).status(), v1::EXPORT_APPROVE, "recipient");
  ExpectRefused(site_, Take(*approved, call_).status, v1::EXPORT, "recipient");
}

TEST_F(ExportsOverTheWire, I6_OnlyToWhomThePolicyNamesNow) {
  const auto approved = Approved({call_});
  const auto waiting = Request({call_});
  ASSERT_TRUE(approved.ok() && waiting.ok()) << approved.status() << waiting.status();
  v1::RequestExportRequest to_nobody = ExportRequestOf({call_});
  to_nobody.set_recipient("nobody");
  ExpectRefused(site_, RequestExport(site_, "supervisor", to_nobody).status(), v1::EXPORT_REQUEST, "recipient");
  ASSERT_EQ(Load(3,
                 [](v1::Policy* policy) {
                   NameRecipient(policy, 100, 100'000'000);
                   policy->mutable_exports()->mutable_recipients(0)->set_certificate(Pki::Ours().Certificate("stranger"));
                 }),
            absl::OkStatus());
  ExpectRefused(site_, ApproveExport(site_, "supervisor-2", *waiting).status(), v1::EXPORT_APPROVE, "recipient");
  ExpectRefused(site_, Take(*approved, call_).status, v1::EXPORT, "recipient");
  ASSERT_EQ(Load(4, nullptr), absl::OkStatus());
  ExpectRefused(site_, Take(*approved, call_).status, v1::EXPORT, "recipient");
  ExpectRefused(site_, Request({call_}).status(), v1::EXPORT_REQUEST, "recipient");
}

TEST_F(ExportsOverTheWire, NothingIsSealedToACertificateThatExpired) {
  const auto approved = Approved({call_});
  ASSERT_TRUE(approved.ok()) << approved.status();
  ASSERT_EQ(Load(3,
                 [](v1::Policy* policy) {
                   NameRecipient(policy, 100, 100'000'000);
                   policy->mutable_exports()->mutable_recipients(0)->set_certificate(Pki::Ours().Certificate("court-expired"));
                 }),
            absl::OkStatus());
  ExpectRefused(site_, Request({call_}).status(), v1::EXPORT_REQUEST, "recipient");
}

TEST_F(ExportsOverTheWire, EndsByItself) {
  const auto approved = Approved({call_}, 2);
  ASSERT_TRUE(approved.ok()) << approved.status();
  clock_->Advance(absl::Hours(2) - absl::Milliseconds(1));
  EXPECT_EQ(Take(*approved, call_).status, absl::OkStatus());
  clock_->Advance(absl::Milliseconds(1));
  ExpectRefused(site_, Take(*approved, call_).status, v1::EXPORT, "export-state");
  EXPECT_EQ(ShowExport(site_, "supervisor", approved->id())->state(), v1::Export::EXPIRED);
  EXPECT_TRUE(ExportManifest(site_, "supervisor", approved->id()).ok()) << "what was taken is still told";
  const auto waiting = Request({call_});
  ASSERT_TRUE(waiting.ok()) << waiting.status();
  clock_->Advance(absl::Hours(24 * 7));
  ExpectRefused(site_, ApproveExport(site_, "supervisor-2", *waiting).status(), v1::EXPORT_APPROVE, "export-state");
}

TEST_F(ExportsOverTheWire, DecidedOnceAsItWasLookedAt) {
  const auto requested = Request({call_});
  ASSERT_TRUE(requested.ok()) << requested.status();
  v1::Export looked_at = *requested;
  looked_at.set_revision(requested->revision() + 1);
  ExpectRefused(site_, ApproveExport(site_, "supervisor-2", looked_at).status(), v1::EXPORT_APPROVE, "export-state");
  const auto refused = RefuseExport(site_, "supervisor-2", requested->id());
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_EQ(refused->state(), v1::Export::REFUSED);
  ExpectRefused(site_, ApproveExport(site_, "supervisor-2", *refused).status(), v1::EXPORT_APPROVE, "export-state");
  ExpectRefused(site_, RevokeExport(site_, "security", requested->id()).status(), v1::EXPORT_REVOKE, "export-state");
  ExpectRefused(site_, Take(*refused, call_).status, v1::EXPORT, "export-state");
  const auto withdrawn = Request({call_});
  ASSERT_TRUE(withdrawn.ok()) << withdrawn.status();
  EXPECT_TRUE(RevokeExport(site_, "supervisor", withdrawn->id()).ok()) << "its own";
  v1::Export nobodys = *requested;
  nobodys.set_id(kNowhere);
  EXPECT_EQ(ApproveExport(site_, "supervisor-2", nobodys).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(RefuseExport(site_, "supervisor-2", kNowhere).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ShowExport(site_, "supervisor-2", kNowhere).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ExportManifest(site_, "supervisor-2", kNowhere).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(RevokeExport(site_, "security", "one").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ExportsOverTheWire, ASuspendedRequesterTakesNothing) {
  const auto approved = Approved({call_});
  const auto waiting = Request({call_});
  ASSERT_TRUE(approved.ok() && waiting.ok()) << approved.status() << waiting.status();
  ASSERT_EQ(site_.Suspend("supervisor"), absl::OkStatus());
  EXPECT_EQ(Take(*approved, call_).status.code(), absl::StatusCode::kPermissionDenied);
  ExpectRefused(site_, ApproveExport(site_, "supervisor-2", *waiting).status(), v1::EXPORT_APPROVE, "suspended");
}

TEST_F(ExportsOverTheWire, ACaseNamesEachRecordingWherePurposeDemandsOne) {
  ASSERT_EQ(Load(3,
                 [](v1::Policy* policy) {
                   NameRecipient(policy, 100, 100'000'000);
                   for (v1::PurposeRule& purpose : *policy->mutable_purposes()) {
                     if (purpose.name() == "inquiry") purpose.add_case_demanded_of(v1::SUPERVISOR);
                   }
                 }),
            absl::OkStatus());
  const std::string other = Record("call-2");
  v1::OpenCaseRequest open;
  open.set_name("CASE-1");
  open.add_purposes("inquiry");
  open.set_reason("an order of 3 May");
  open.add_recording_ids(call_);
  v1::OpenCaseResponse opened;
  ASSERT_EQ(site_.AskAs("supervisor-2", &v1::Cases::Stub::Open, open, &opened), absl::OkStatus());
  ExpectRefused(site_, Request({call_, other}).status(), v1::EXPORT_REQUEST, "case");
  ExpectRefused(site_, Request({call_}, "supervisor-2").status(), v1::EXPORT_REQUEST, "own-case");
  const auto approved = Approved({call_});
  ASSERT_TRUE(approved.ok()) << approved.status();
  EXPECT_EQ(Take(*approved, call_).status, absl::OkStatus());
  v1::CloseCaseRequest close;
  close.set_name("CASE-1");
  close.set_reason("answered");
  v1::CloseCaseResponse closed;
  ASSERT_EQ(site_.AskAs("security", &v1::Cases::Stub::Close, close, &closed), absl::OkStatus());
  ExpectRefused(site_, Take(*approved, call_).status, v1::EXPORT, "case");
}

TEST_F(ExportsOverTheWire, TheManifestIsSignedByTheLogsKeyAndIsNoCheckpoint) {
  const std::string other = Record("call-2");
  const auto approved = Approved({call_, other});
  ASSERT_TRUE(approved.ok()) << approved.status();
  EXPECT_EQ(ExportManifest(site_, "supervisor", approved->id()).status().code(), absl::StatusCode::kFailedPrecondition);
  const TakenObject taken = Take(*approved, call_);
  const auto note = ExportManifest(site_, "supervisor", approved->id());
  ASSERT_TRUE(note.ok()) << note.status();
  v1::GetCheckpointResponse checkpoint;
  ASSERT_EQ(site_.AskAs("auditor", &v1::Audit::Stub::GetCheckpoint, v1::GetCheckpointRequest(), &checkpoint), absl::OkStatus());
  const auto verifier = crypto::NoteVerifier::Parse(checkpoint.verifier_key());
  ASSERT_TRUE(verifier.ok()) << verifier.status();
  const auto opened = crypto::OpenNote(*note, {*verifier});
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_FALSE(crypto::LogKeys(*verifier).Open(*note).ok()) << "nobody takes it for a checkpoint";
  const auto manifest = exports::ParseManifest(opened->text);
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->export_id, approved->id());
  EXPECT_EQ(manifest->recipient, kRecipient);
  EXPECT_EQ(manifest->recipient_sha256, approved->recipient_sha256());
  EXPECT_EQ(manifest->purpose, "inquiry");
  EXPECT_EQ(manifest->recordings, 2u);
  ASSERT_THAT(manifest->objects, SizeIs(1));
  EXPECT_EQ(manifest->objects[0].recording_id, call_);
  EXPECT_EQ(manifest->objects[0].sha256, taken.object->sha256());
  EXPECT_EQ(manifest->objects[0].audio_sha256, crypto::Sha256(Speech(kCallBytes)));
  EXPECT_EQ(manifest->objects[0].centre, kCentre);
  EXPECT_EQ(Last(v1::EXPORT_MANIFEST).leaf.object_sha256(), crypto::Sha256(opened->text));
  EXPECT_EQ(Last(v1::EXPORT_MANIFEST).leaf.rows(), 1u);
}

TEST_F(ExportsOverTheWire, ACanaryThatIsAskedForOrTakenRaisesAnAlarm) {
  const std::string other = Record("call-2");
  const auto approved = Approved({other});
  ASSERT_TRUE(approved.ok()) << approved.status();
  for (const std::string& bait : {call_, other}) {
    v1::MarkCanaryRequest mark;
    mark.set_recording_id(bait);
    v1::MarkCanaryResponse marked;
    ASSERT_EQ(site_.AskAs("security", &v1::Incidents::Stub::MarkCanary, mark, &marked), absl::OkStatus());
  }
  const auto raises = [this](v1::AuditAction alarm, const std::string& recording) {
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (Last(alarm).details.target().value() != recording && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(20));
    return Last(alarm).details.target().value() == recording;
  };
  ASSERT_TRUE(Request({call_}).ok()) << "it is answered as any other";
  EXPECT_TRUE(raises(v1::INCIDENT_OPENED, call_));
  Take(*approved, other).status.IgnoreError();
  EXPECT_TRUE(raises(v1::INCIDENT_ALARM, other));
}

TEST_F(ExportsOverTheWire, I10_BadRequestsNameTheField) {
  const auto said = [this](const std::vector<std::string>& ids, uint32_t hours, const std::string& reason = "ordered") {
    v1::RequestExportRequest request = ExportRequestOf(ids, hours);
    request.set_reason(reason);
    return std::string(RequestExport(site_, "supervisor", request).status().message());
  };
  ASSERT_EQ(Load(3,
                 [](v1::Policy* policy) {
                   NameRecipient(policy, 100, 100'000'000);
                   policy->mutable_exports()->set_recordings_max(2);
                   policy->mutable_exports()->set_hours_max(10);
                 }),
            absl::OkStatus());
  EXPECT_THAT(said({}, 1), HasSubstr("recording_ids"));
  EXPECT_THAT(said({"an id"}, 1), HasSubstr("recording_ids"));
  EXPECT_THAT(said({call_, call_}, 1), HasSubstr("recording_ids"));
  EXPECT_THAT(said({call_, kNowhere, Record("call-2")}, 1), HasSubstr("recording_ids: 3"));
  EXPECT_THAT(said({call_}, 11), HasSubstr("hours"));
  EXPECT_THAT(said({call_}, 1, ""), HasSubstr("reason"));
  EXPECT_THAT(said({call_}, 1, std::string(257, 'r')), HasSubstr("reason"));
  const auto by_default = RequestExport(site_, "supervisor", ExportRequestOf({call_}, 0));
  ASSERT_TRUE(by_default.ok()) << by_default.status();
  EXPECT_EQ(by_default->hours(), 10u) << "as long as the policy allows";
}

}  // namespace
}  // namespace otokura::integration
