// A policy rehearsed over the wire: whom it would have stopped, before anybody turns it on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "otokura/v1/rehearsal.grpc.pb.h"
#include "tests/integration/clients.h"
#include "tests/integration/grant_calls.h"
#include "tests/integration/log_of.h"
#include "tests/integration/rehearsal_calls.h"
#include "tests/integration/site.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::integration {
namespace {

using policy::TextForTest;
using ::testing::HasSubstr;

constexpr size_t kCallBytes = 30'000;

class RehearsalOverTheWire : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(site_.Init(), absl::OkStatus());
    ASSERT_EQ(site_.Start(), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
  }
  std::string Recorded(const std::string& call_id) {
    const auto sealed = RecordCall(site_.ConnectAs("recorder"), OpenRequest(call_id), Speech(kCallBytes));
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return sealed.ok() ? sealed->recording_id() : "";
  }
  Rehearsed Rehearse(const std::string& text, const std::string& account = "auditor", uint32_t days = 0) {
    return integration::Rehearse(site_, account, text, days);
  }
  // What everybody may do, done.
  void DoEverything() {
    for (int i = 0; i < 3; ++i) calls_.push_back(Recorded("call-" + std::to_string(i)));
    for (const std::string& call : calls_) EXPECT_EQ(Listen(site_.ConnectAs("operator"), call, {}).status, absl::OkStatus());
    EXPECT_EQ(Download(site_.ConnectAs("supervisor"), calls_[0], {}).status, absl::OkStatus());
    EXPECT_TRUE(Show(site_.ConnectAs("operator"), calls_[0]).ok());
    EXPECT_TRUE(Search(site_.ConnectAs("supervisor"), SearchFor(v1::AGENT, kAgent)).ok());
    EXPECT_TRUE(Grant(site_, "contractor", "supervisor", {calls_[1]}).ok());
    EXPECT_EQ(Listen(site_.ConnectAs("contractor"), calls_[1], {}, "maintenance").status, absl::OkStatus());
  }

  Site site_;
  std::vector<std::string> calls_;
};

TEST_F(RehearsalOverTheWire, ThePolicyInForceWouldHaveStoppedNobody) {
  DoEverything();
  for (const char* account : {"auditor", "security"}) {
    const Rehearsed told = Rehearse(TextForTest(1), account);
    ASSERT_EQ(told.status, absl::OkStatus());
    EXPECT_TRUE(told.findings.empty()) << told.findings[0].DebugString();
    EXPECT_EQ(told.summary.releases(), 7u);
    EXPECT_EQ(told.summary.releases_stopped() + told.summary.releases_unjudged() + told.summary.scopes_unjudged(), 0u);
    EXPECT_GT(told.summary.others(), 10u);
    EXPECT_EQ(told.progress.entries_done(), told.progress.entries());
  }
  const LoggedEntry entry = LastOf(site_, v1::POLICY_REHEARSE);
  EXPECT_EQ(entry.leaf.decision(), v1::ALLOWED);
  EXPECT_EQ(entry.details.account().value(), "security");
  EXPECT_EQ(entry.details.target().value().size(), 64u) << "the digest of the draft";
}

TEST_F(RehearsalOverTheWire, ASmallerBudgetNamesWhomItStopsAndHowOften) {
  DoEverything();
  const std::string smaller = TextForTest(2, [](v1::Policy* policy) {
    for (v1::Budget& budget : *policy::RuleOf(policy, v1::OPERATOR)->mutable_budgets()) budget.set_recordings(1);
  });
  const Rehearsed told = Rehearse(smaller);
  ASSERT_EQ(told.status, absl::OkStatus());
  ASSERT_EQ(told.findings.size(), 1u);
  const v1::RehearsalFinding& finding = told.findings[0];
  EXPECT_EQ(finding.account(), "operator");
  EXPECT_EQ(finding.person(), "person-operator");
  EXPECT_EQ(finding.role(), "operator");
  EXPECT_EQ(finding.rule(), "budget");
  EXPECT_EQ(finding.budget().measure(), "recordings");
  EXPECT_EQ(finding.times(), 2u);
  EXPECT_EQ(finding.recordings(), 2u);
  EXPECT_EQ(finding.audio_bytes(), 2 * kCallBytes);
  EXPECT_EQ(told.summary.releases_stopped(), 2u);
  // Nothing came of it.
  EXPECT_EQ(Listen(site_.ConnectAs("operator"), calls_[2], {}).status, absl::OkStatus());
  const LoggedEntry closed = LastOf(site_, v1::DELIVERED);
  EXPECT_NE(closed.leaf.action(), v1::AUDIT_ACTION_UNSPECIFIED);
}

TEST_F(RehearsalOverTheWire, RolesPurposesScopesContractsAndDuties) {
  DoEverything();
  // The calls are agent-7's, whom the supervisor is not.
  const auto narrow = [](v1::Policy* policy) {
    for (v1::Right& right : *policy::RuleOf(policy, v1::SUPERVISOR)->mutable_rights()) {
      if (right.action() == "download") right.set_scope(v1::OWN);
    }
    policy::TakeRight(policy, v1::OPERATOR, policy::Action::kShowPersonal);
    policy::TakeRight(policy, v1::ADMIN, policy::Action::kAddContract);
    policy->mutable_contracts()->mutable_budgets(0)->set_audio_bytes(kCallBytes - 1);
  };
  const Rehearsed told = Rehearse(TextForTest(2, narrow));
  ASSERT_EQ(told.status, absl::OkStatus());
  std::vector<std::string> said;
  for (const v1::RehearsalFinding& finding : told.findings) {
    said.push_back(finding.account() + " " + finding.rule() + " " +
                   (finding.rule() == "budget" ? finding.budget().name() : finding.action()));
  }
  EXPECT_THAT(said, ::testing::UnorderedElementsAre("supervisor scope download", "operator role show-personal", "admin role add-contract",
                                                    std::string("contractor budget ") + kContract));
  const Rehearsed purposes = Rehearse(TextForTest(2, [](v1::Policy* policy) {
    for (v1::PurposeRule& purpose : *policy->mutable_purposes()) {
      if (purpose.name() != "inquiry") continue;
      purpose.clear_roles();
      purpose.add_roles(v1::SUPERVISOR);
    }
  }));
  ASSERT_EQ(purposes.status, absl::OkStatus());
  ASSERT_FALSE(purposes.findings.empty());
  for (const v1::RehearsalFinding& finding : purposes.findings) {
    EXPECT_EQ(finding.account(), "operator");
    EXPECT_EQ(finding.rule(), "purpose");
    EXPECT_EQ(finding.purpose(), "inquiry");
  }
}

TEST_F(RehearsalOverTheWire, I6_RefusalsAreEntriesAndSayWhy) {
  for (const char* account : {"operator", "supervisor", "contractor", "recorder", "admin"}) {
    EXPECT_EQ(Rehearse("no policy at all", account).status.code(), absl::StatusCode::kPermissionDenied) << account;
    const LoggedEntry entry = LastOf(site_, v1::POLICY_REHEARSE);
    EXPECT_EQ(entry.leaf.decision(), v1::DENIED);
    EXPECT_EQ(entry.leaf.rule(), "role");
  }
  const Rehearsed bad =
      Rehearse(TextForTest(2, [](v1::Policy* policy) { policy->mutable_roles(0)->mutable_rights(0)->set_action("shew"); }));
  EXPECT_EQ(bad.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(bad.status.message()), HasSubstr("roles[0].rights[0]"));
  ExpectRefused(site_, bad.status, v1::POLICY_REHEARSE, "policy-document");
  const Rehearsed unsignable = Rehearse(TextForTest(2, [](v1::Policy* policy) { policy->clear_signers(); }));
  EXPECT_EQ(unsignable.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Rehearse(TextForTest(1), "auditor", 401).status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Rehearse(TextForTest(1), "auditor", 400).status, absl::OkStatus());
  EXPECT_EQ(Rehearse(TextForTest(1), "auditor", 1).status, absl::OkStatus());
}

TEST_F(RehearsalOverTheWire, I10_OneAtATimeAndGoneWithItsClient) {
  const auto stub = v1::Rehearsal::NewStub(site_.ConnectAs("auditor"));
  v1::RehearseRequest request;
  request.set_text(TextForTest(1));
  {
    grpc::ClientContext context;
    const auto reader = stub->Rehearse(&context, request);
    v1::RehearseResponse response;
    ASSERT_TRUE(reader->Read(&response));  // and no more: whatever it has left to give waits
    Rehearsed second;
    for (int i = 0; i < 10 && second.status.ok(); ++i) second = Rehearse(TextForTest(1), "security");
    // A small log is given away before anybody takes it: then there is no second one to refuse.
    EXPECT_TRUE(second.status.ok() || absl::IsResourceExhausted(second.status)) << second.status;
    context.TryCancel();
    reader->Finish();
  }
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  Rehearsed after = Rehearse(TextForTest(1));
  while (!after.status.ok() && absl::Now() < deadline) after = Rehearse(TextForTest(1));
  EXPECT_EQ(after.status, absl::OkStatus());
}

}  // namespace
}  // namespace otokura::integration
