// Grants over the real gateway: what a contractor comes to hear, by whose leave, and when that ends (DESIGN §8).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "server/runtime/fake_clock.h"
#include "tests/integration/clients.h"
#include "tests/integration/grant_calls.h"
#include "tests/integration/log_of.h"
#include "tests/integration/site.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::integration {
namespace {

using ::testing::HasSubstr;

constexpr size_t kCallBytes = 20'000;
constexpr char kNowhere[] = "0190a1b2-0000-7000-8000-000000000001";

class GrantsOverTheWire : public ::testing::Test {
 protected:
  void SetUp() override {
    gateway::Gateway::Options options;
    auto clock = std::make_unique<runtime::FakeClock>(absl::Now() + absl::Minutes(5));  // it stands: certificates are made while it does
    clock_ = clock.get();
    options.clock = std::move(clock);
    ASSERT_EQ(site_.StartInMemory(std::move(options)), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
    clock_->Advance(absl::Seconds(1));  // who listens gathers its lead
    call_ = Record("call-1");
  }
  std::string Record(const std::string& call_id, size_t bytes = kCallBytes) {
    const auto sealed = RecordCall(site_.ConnectAs("recorder"), OpenRequest(call_id), Speech(bytes));
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return sealed.ok() ? sealed->recording_id() : "";
  }
  Retrieved Hear(const std::string& who, const std::string& recording) {
    return Listen(site_.ConnectAs(who), recording, {}, "maintenance");
  }
  // Another account, like that one but for what `change` says.
  absl::Status EnrolLike(const std::string& name, v1::Role role, const std::function<void(v1::Account*)>& change) {
    v1::AddAccountRequest request = AccountRequest(name, role);
    change(request.mutable_account());
    return site_.Enrol(request);
  }
  LoggedEntry Last(v1::AuditAction action) { return LastOf(site_, action); }

  Site site_;
  runtime::FakeClock* clock_ = nullptr;
  std::string call_;
};

TEST_F(GrantsOverTheWire, AContractorHearsWhatItWasGrantedAndNothingElse) {
  const std::string other = Record("call-2");
  EXPECT_EQ(Hear("contractor", call_).status.code(), absl::StatusCode::kNotFound) << "nothing by itself";
  const auto requested = RequestGrant(site_, "contractor", {call_});
  ASSERT_TRUE(requested.ok()) << requested.status();
  EXPECT_EQ(requested->state(), v1::Grant::REQUESTED);
  EXPECT_EQ(Hear("contractor", call_).status.code(), absl::StatusCode::kNotFound) << "nobody approved it";
  const auto granted = ApproveGrant(site_, "supervisor", *requested);
  ASSERT_TRUE(granted.ok()) << granted.status();
  EXPECT_EQ(granted->until_unix_ms() - granted->from_unix_ms(), 3'600'000);
  const Retrieved heard = Hear("contractor", call_);
  EXPECT_EQ(heard.status, absl::OkStatus());
  EXPECT_EQ(heard.audio, Speech(kCallBytes));
  EXPECT_EQ(Hear("contractor", other).status, Hear("contractor", kNowhere).status) << "I6: absent and not granted are alike";
  EXPECT_EQ(Download(site_.ConnectAs("contractor"), call_, {}, "maintenance").status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Show(site_.ConnectAs("contractor"), call_, "maintenance").status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(GrantsOverTheWire, TheLogTellsTheWholeStory) {
  const auto granted = Grant(site_, "contractor", "supervisor", {call_});
  ASSERT_TRUE(granted.ok()) << granted.status();
  ASSERT_EQ(Hear("contractor", call_).status, absl::OkStatus());
  ASSERT_TRUE(RevokeGrant(site_, "security", granted->id()).ok());
  const std::string id(storage::RecordingId::Parse(granted->id())->bytes());
  for (const v1::AuditAction action : {v1::GRANT_REQUEST, v1::GRANT_APPROVE, v1::GRANT_REVOKE, v1::LISTEN, v1::DELIVERED}) {
    EXPECT_EQ(Last(action).leaf.grant_id(), id) << v1::AuditAction_Name(action);
  }
  for (const v1::AuditAction action : {v1::LISTEN, v1::DELIVERED}) {
    EXPECT_EQ(Last(action).details.approver().value(), "person-supervisor") << v1::AuditAction_Name(action);
  }
  EXPECT_EQ(Last(v1::GRANT_REVOKE).details.reason().value(), "done");
  EXPECT_EQ(Last(v1::GRANT_REQUEST).details.reference().value(), "WORK-1");
}

TEST_F(GrantsOverTheWire, I6_ARequestTellsNothingOfWhatThereIs) {
  const auto of_nothing = RequestGrant(site_, "contractor", {kNowhere});
  ASSERT_TRUE(of_nothing.ok()) << of_nothing.status();
  const auto refused = ApproveGrant(site_, "supervisor", *of_nothing);
  ExpectRefused(site_, refused.status(), v1::GRANT_APPROVE, "not-grantable");
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr(kNowhere)) << "the approver is told which";
}

TEST_F(GrantsOverTheWire, I6_WhatCannotBeGrantedIsNot) {
  ASSERT_EQ(EnrolLike("operator-2", v1::SUPERVISOR, [](v1::Account* account) { *account->mutable_centres(0) = kOtherCentre; }),
            absl::OkStatus());
  const auto requested = RequestGrant(site_, "contractor", {call_});
  ASSERT_TRUE(requested.ok()) << requested.status();
  const absl::Status elsewhere = ApproveGrant(site_, "operator-2", *requested).status();
  ExpectRefused(site_, elsewhere, v1::GRANT_APPROVE, "not-grantable");
  EXPECT_EQ(elsewhere.code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(RevokeGrant(site_, "contractor", requested->id()).ok()) << "its own";
  RecordStream live(site_.ConnectAs("recorder"));
  live.Send(OpenRequest("call-live"));
  const auto opened = live.ReceiveOpened();
  ASSERT_TRUE(opened.has_value());
  const auto of_live = RequestGrant(site_, "contractor", {opened->recording_id()});
  ASSERT_TRUE(of_live.ok()) << of_live.status();
  ExpectRefused(site_, ApproveGrant(site_, "supervisor", *of_live).status(), v1::GRANT_APPROVE, "not-grantable");
  live.Cancel();
}

TEST_F(GrantsOverTheWire, I9_OnlyWhoMayAndNobodyNearDecides) {
  const auto requested = RequestGrant(site_, "contractor", {call_});
  ASSERT_TRUE(requested.ok()) << requested.status();
  for (const char* who : {"admin", "security", "auditor", "operator", "contractor"}) {
    ExpectRefused(site_, ApproveGrant(site_, who, *requested).status(), v1::GRANT_APPROVE, "role");
    ExpectRefused(site_, RefuseGrant(site_, who, requested->id()).status(), v1::GRANT_REFUSE, "role");
  }
  for (const char* who : {"admin", "auditor", "operator"}) {
    ExpectRefused(site_, RevokeGrant(site_, who, requested->id()).status(), v1::GRANT_REVOKE, "role");
    ExpectRefused(site_, RequestGrant(site_, who, {call_}).status(), v1::GRANT_REQUEST, "role");
  }
  const auto enrol_sock_puppet = [this] {
    return EnrolLike("operator-2", v1::SUPERVISOR, [](v1::Account* account) { account->set_person_id("person-contractor"); });
  };
  ExpectRefused(site_, enrol_sock_puppet(), v1::ACCOUNT_ADD, "duties-of-person");
  ASSERT_EQ(site_.Suspend("contractor"), absl::OkStatus());
  ASSERT_EQ(enrol_sock_puppet(), absl::OkStatus());
  ExpectRefused(site_, ApproveGrant(site_, "operator-2", *requested).status(), v1::GRANT_APPROVE, "same-person");
  ExpectRefused(site_, RefuseGrant(site_, "operator-2", requested->id()).status(), v1::GRANT_REFUSE, "same-person");
  ExpectRefused(site_, site_.Restore("contractor"), v1::ACCOUNT_RESTORE, "duties-of-person");
}

TEST_F(GrantsOverTheWire, I9_NobodyOfTheContractTreeDecides) {
  v1::Contract below = ContractTerms("below");
  below.set_parent(kContract);
  below.set_company("Sub-contractors Ltd");
  ASSERT_EQ(site_.Conclude(below), absl::OkStatus());
  const auto requested = RequestGrant(site_, "contractor", {call_});
  ASSERT_TRUE(requested.ok()) << requested.status();
  ASSERT_EQ(EnrolLike("operator-2", v1::SUPERVISOR, [](v1::Account* account) { account->set_company("Sub-contractors Ltd"); }),
            absl::OkStatus());
  ExpectRefused(site_, ApproveGrant(site_, "operator-2", *requested).status(), v1::GRANT_APPROVE, "contract-tree");
}

TEST_F(GrantsOverTheWire, I9_ASecondAccountWithoutTheCompanyIsTheSamePersonOfTheTree) {
  v1::Contract below = ContractTerms("below");
  below.set_parent(kContract);
  below.set_company("Sub-contractors Ltd");
  ASSERT_EQ(site_.Conclude(below), absl::OkStatus());
  ASSERT_EQ(site_.Suspend("supervisor"), absl::OkStatus());
  ASSERT_EQ(EnrolLike("operator-2", v1::CONTRACTOR,
                      [](v1::Account* account) {
                        account->set_company("Sub-contractors Ltd");
                        account->set_contract("below");
                        account->set_person_id("person-supervisor");
                      }),
            absl::OkStatus());
  ASSERT_EQ(site_.Suspend("operator-2"), absl::OkStatus());
  ASSERT_EQ(site_.Restore("supervisor"), absl::OkStatus());
  const auto requested = RequestGrant(site_, "contractor", {call_});
  ASSERT_TRUE(requested.ok()) << requested.status();
  ExpectRefused(site_, ApproveGrant(site_, "supervisor", *requested).status(), v1::GRANT_APPROVE, "contract-tree");
}

TEST_F(GrantsOverTheWire, OneAtATimeAndDecidedOnce) {
  const auto requested = RequestGrant(site_, "contractor", {call_});
  ASSERT_TRUE(requested.ok()) << requested.status();
  ExpectRefused(site_, RequestGrant(site_, "contractor", {call_}).status(), v1::GRANT_REQUEST, "one-grant");
  const auto refused = RefuseGrant(site_, "supervisor", requested->id());
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_EQ(refused->state(), v1::Grant::REFUSED);
  EXPECT_EQ(refused->decided_by(), "supervisor");
  ExpectRefused(site_, ApproveGrant(site_, "supervisor", *refused).status(), v1::GRANT_APPROVE, "grant-state");
  ExpectRefused(site_, RevokeGrant(site_, "security", requested->id()).status(), v1::GRANT_REVOKE, "grant-state");
  v1::Grant nobodys = *requested;
  nobodys.set_id(kNowhere);
  EXPECT_EQ(ApproveGrant(site_, "supervisor", nobodys).status().code(), absl::StatusCode::kNotFound);
  nobodys.set_id("one");
  EXPECT_EQ(ApproveGrant(site_, "supervisor", nobodys).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(RequestGrant(site_, "contractor", {call_}).ok());
}

TEST_F(GrantsOverTheWire, I5_ADayHasSoManyApprovals) {
  ASSERT_EQ(site_.LoadPolicy(policy::NoteForTest(
                policy::TextForTest(2, [](v1::Policy* policy) { policy->mutable_grants()->set_approvals_per_day_max(1); }))),
            absl::OkStatus());
  const auto first = Grant(site_, "contractor", "supervisor", {call_});
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(RevokeGrant(site_, "supervisor", first->id()).ok());
  const auto second = RequestGrant(site_, "contractor", {call_});
  ASSERT_TRUE(second.ok()) << second.status();
  ExpectRefused(site_, ApproveGrant(site_, "supervisor", *second).status(), v1::GRANT_APPROVE, "approvals");
  clock_->Advance(absl::Hours(24));
  EXPECT_TRUE(ApproveGrant(site_, "supervisor", *second).ok());
}

TEST_F(GrantsOverTheWire, EndsByItself) {
  ASSERT_TRUE(Grant(site_, "contractor", "supervisor", {call_}, 2).ok());
  clock_->Advance(absl::Hours(2) - absl::Seconds(1));
  EXPECT_EQ(Hear("contractor", call_).status, absl::OkStatus());
  clock_->Advance(absl::Seconds(1));
  EXPECT_EQ(Hear("contractor", call_).status.code(), absl::StatusCode::kNotFound);
  const auto requested = RequestGrant(site_, "contractor", {call_});
  ASSERT_TRUE(requested.ok()) << requested.status();
  clock_->Advance(absl::Hours(24 * 7));
  ExpectRefused(site_, ApproveGrant(site_, "supervisor", *requested).status(), v1::GRANT_APPROVE, "grant-state");
}

// A stream of more than the transport holds, begun and not read.
class HeldStream {
 public:
  HeldStream(const Site& site, const std::string& recording) : stub_(v1::Access::NewStub(site.ConnectAs("contractor"))) {
    v1::RetrieveRequest request;
    request.set_recording_id(recording);
    request.mutable_justification()->set_purpose("maintenance");
    request.mutable_justification()->set_reference("WORK-1");
    context_.set_deadline(std::chrono::system_clock::now() + kAnswerPatience);
    reader_ = stub_->Listen(&context_, request);
    v1::RetrieveResponse header;
    EXPECT_TRUE(reader_->Read(&header));
  }
  // All that still comes.
  uint64_t ReadOn() {
    v1::RetrieveResponse response;
    uint64_t bytes = 0;
    while (reader_->Read(&response)) bytes += response.audio().size();
    return bytes;
  }
  absl::Status Finish() { return rpc::FromGrpc(reader_->Finish()); }

 private:
  std::unique_ptr<v1::Access::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::RetrieveResponse>> reader_;
};

TEST_F(GrantsOverTheWire, I5_RevokedInTheMiddleTheStreamEndsEvenIfNobodyReads) {
  constexpr size_t kLongBytes = 4'000'000;
  const std::string call = Record("long", kLongBytes);
  const auto granted = Grant(site_, "contractor", "supervisor", {call});
  ASSERT_TRUE(granted.ok()) << granted.status();
  HeldStream stream(site_, call);
  ASSERT_TRUE(RevokeGrant(site_, "supervisor", granted->id()).ok());
  // The gateway closes it though the client reads nothing: its entry comes.
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (Last(v1::DELIVERED).leaf.outcome().empty() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(20));
  const LoggedEntry closed = Last(v1::DELIVERED);
  EXPECT_EQ(closed.leaf.outcome(), "NOT_FOUND");
  const uint64_t got = stream.ReadOn();
  EXPECT_EQ(stream.Finish().code(), absl::StatusCode::kNotFound);
  EXPECT_LT(got, kLongBytes / 4);
  EXPECT_LE(got, closed.leaf.delivered_bytes());
}

TEST_F(GrantsOverTheWire, ContractAndAccountEndItToo) {
  const auto granted = Grant(site_, "contractor", "supervisor", {call_});
  ASSERT_TRUE(granted.ok()) << granted.status();
  v1::CloseContractRequest close;
  close.set_name(kContract);
  close.set_reason("ended early");
  v1::CloseContractResponse closed;
  ASSERT_EQ(site_.AskAs("security", &v1::Contracts::Stub::Close, close, &closed), absl::OkStatus());
  EXPECT_EQ(Hear("contractor", call_).status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Last(v1::LISTEN).leaf.rule(), "contract");
}

TEST_F(GrantsOverTheWire, OfAnEndedContractNothingIsApproved) {
  const auto requested = RequestGrant(site_, "contractor", {call_});
  ASSERT_TRUE(requested.ok()) << requested.status();
  ASSERT_EQ(site_.Suspend("contractor"), absl::OkStatus());
  ExpectRefused(site_, ApproveGrant(site_, "supervisor", *requested).status(), v1::GRANT_APPROVE, "suspended");
  v1::CloseContractRequest close;
  close.set_name(kContract);
  close.set_reason("ended early");
  v1::CloseContractResponse closed;
  ASSERT_EQ(site_.AskAs("security", &v1::Contracts::Stub::Close, close, &closed), absl::OkStatus());
  ASSERT_EQ(site_.Restore("contractor"), absl::OkStatus());
  ExpectRefused(site_, ApproveGrant(site_, "supervisor", *requested).status(), v1::GRANT_APPROVE, "contract");
}

TEST_F(GrantsOverTheWire, ListsShowAContractorItsOwn) {
  ASSERT_EQ(EnrolLike("operator-2", v1::CONTRACTOR, [](v1::Account*) {}), absl::OkStatus());
  const auto own = RequestGrant(site_, "contractor", {call_});
  const auto other = RequestGrant(site_, "operator-2", {call_});
  ASSERT_TRUE(own.ok() && other.ok()) << own.status() << other.status();
  for (const char* who : {"supervisor", "security", "auditor"}) {
    const auto listed = ListGrants(site_, who);
    ASSERT_TRUE(listed.ok()) << listed.status();
    EXPECT_EQ(listed->grants_size(), 2) << who;
  }
  const auto mine = ListGrants(site_, "contractor");
  ASSERT_TRUE(mine.ok()) << mine.status();
  ASSERT_EQ(mine->grants_size(), 1);
  EXPECT_EQ(mine->grants(0).id(), own->id());
  for (const char* who : {"operator", "admin", "recorder"}) {
    ExpectRefused(site_, ListGrants(site_, who).status(), v1::GRANT_LIST, "role");
  }
  ExpectRefused(site_, RevokeGrant(site_, "contractor", other->id()).status(), v1::GRANT_REVOKE, "role");
  v1::ListGrantsRequest page;
  page.set_page_size(1);
  const auto first = ListGrants(site_, "security", page);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->grants_size(), 1);
  page.set_page_token(first->next_page_token());
  const auto second = ListGrants(site_, "security", page);
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_EQ(second->grants_size(), 1);
  EXPECT_NE(first->grants(0).id(), second->grants(0).id());
  page.set_page_size(1001);
  EXPECT_EQ(ListGrants(site_, "security", page).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(GrantsOverTheWire, I10_BadRequestsNameTheField) {
  const auto said = [this](const std::vector<std::string>& ids, uint32_t hours) {
    return std::string(RequestGrant(site_, "contractor", ids, hours).status().message());
  };
  EXPECT_THAT(said({}, 1), HasSubstr("recording_ids"));
  EXPECT_THAT(said({"an id"}, 1), HasSubstr("recording_ids"));
  EXPECT_THAT(said({call_, call_}, 1), HasSubstr("recording_ids"));
  EXPECT_THAT(said(std::vector<std::string>(6, call_), 1), HasSubstr("recording_ids"));
  EXPECT_THAT(said({call_}, 0), HasSubstr("hours"));
  EXPECT_THAT(said({call_}, 25), HasSubstr("hours"));
}

TEST(GrantsAcrossAKill, I3_WhatWasApprovedIsStillWhenTheGatewayIsBack) {
  Site site;
  ASSERT_EQ(site.Init(), absl::OkStatus());
  ASSERT_EQ(site.StartProcess(), absl::OkStatus());
  ASSERT_EQ(site.EnrolEverybody(), absl::OkStatus());
  const auto sealed = RecordCall(site.ConnectAs("recorder"), OpenRequest("call-1"), Speech(kCallBytes));
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  const auto granted = Grant(site, "contractor", "supervisor", {sealed->recording_id()});
  ASSERT_TRUE(granted.ok()) << granted.status();
  site.Signal(SIGKILL);
  EXPECT_EQ(site.WaitForProcess(), -SIGKILL);
  ASSERT_EQ(site.StartProcess(), absl::OkStatus());
  EXPECT_EQ(Listen(site.ConnectAs("contractor"), sealed->recording_id(), {}, "maintenance").audio, Speech(kCallBytes));
  EXPECT_FALSE(RequestGrant(site, "contractor", {sealed->recording_id()}).ok());
  ASSERT_TRUE(RevokeGrant(site, "security", granted->id()).ok());
  site.Signal(SIGKILL);
  EXPECT_EQ(site.WaitForProcess(), -SIGKILL);
  ASSERT_EQ(site.StartProcess(), absl::OkStatus());
  EXPECT_EQ(Listen(site.ConnectAs("contractor"), sealed->recording_id(), {}, "maintenance").audio, "");
  site.Signal(SIGTERM);
  ASSERT_EQ(site.WaitForProcess(), 0);
  EXPECT_EQ(site.Otokurad("fsck"), 0) << site.said();
}

}  // namespace
}  // namespace otokura::integration
