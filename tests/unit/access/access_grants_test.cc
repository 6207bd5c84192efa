// Grants: what may become of one, what it permits, and how they are kept (DESIGN §8).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "server/access/grant_changes.h"
#include "server/access/grants.h"
#include "tests/unit/access/access_site.h"

namespace otokura::access {
namespace {

using storage::StorageCall;
using ::testing::HasSubstr;
using ::testing::SizeIs;

v1::GrantRule RuleForTest() { return policy::ShippedRules()->grants(); }

v1::RequestGrantRequest RequestForTest(int recordings = 1) {
  v1::RequestGrantRequest request;
  for (int i = 1; i <= recordings; ++i) request.add_recording_ids(RecordingForTest(i).Text());
  request.mutable_justification()->set_purpose("maintenance");
  request.mutable_justification()->set_reference("WORK-1");
  request.set_reason("clicks on line 3");
  request.set_hours(2);
  return request;
}

v1::Account Person(v1::Role role, const std::string& name, const std::string& person) {
  v1::Account account = AccountForTest(role, name);
  account.set_person_id(person);
  return account;
}
v1::Account Contractor(const std::string& person = "person-c") { return Person(v1::CONTRACTOR, "contractor", person); }
v1::Account Approver(const std::string& person = "person-a") { return Person(v1::SUPERVISOR, "approver", person); }

// ---- requests

TEST(GrantRequest, I10_EveryFieldHasItsEdges) {
  const auto code = [](const v1::RequestGrantRequest& request) { return CheckGrantRequest(request, RuleForTest()).code(); };
  EXPECT_EQ(code(RequestForTest()), absl::StatusCode::kOk);
  EXPECT_EQ(code(RequestForTest(static_cast<int>(RuleForTest().recordings_max()))), absl::StatusCode::kOk);
  EXPECT_EQ(code(RequestForTest(static_cast<int>(RuleForTest().recordings_max()) + 1)), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(RequestForTest(0)), absl::StatusCode::kInvalidArgument);
  v1::RequestGrantRequest request = RequestForTest();
  request.add_recording_ids(request.recording_ids(0));
  EXPECT_EQ(code(request), absl::StatusCode::kInvalidArgument) << "named twice";
  request = RequestForTest();
  request.add_recording_ids("not an id");
  EXPECT_EQ(code(request), absl::StatusCode::kInvalidArgument);
  request = RequestForTest();
  for (const uint32_t hours : {0u, RuleForTest().hours_max() + 1}) {
    request.set_hours(hours);
    EXPECT_EQ(code(request), absl::StatusCode::kInvalidArgument) << hours;
  }
  request.set_hours(RuleForTest().hours_max());
  EXPECT_EQ(code(request), absl::StatusCode::kOk);
  request.set_reason(std::string(kGrantReasonBytesMax, 'r'));
  EXPECT_EQ(code(request), absl::StatusCode::kOk);
  request.set_reason(std::string(kGrantReasonBytesMax + 1, 'r'));
  EXPECT_EQ(code(request), absl::StatusCode::kInvalidArgument);
  request.clear_reason();
  EXPECT_EQ(code(request), absl::StatusCode::kInvalidArgument);
}

// ---- what becomes of one

TEST(GrantChanges, WaitsForSevenDaysAndEndsByItself) {
  const v1::Grant requested = Requested(RequestForTest(), Contractor(), RecordingForTest(9).Text(), kTestStart);
  const absl::Time last = kTestStart + kGrantRequestLife - absl::Milliseconds(1);
  EXPECT_TRUE(IsOpen(requested, last));
  EXPECT_FALSE(IsOpen(requested, last + absl::Milliseconds(1)));
  EXPECT_EQ(AsOf(requested, last + absl::Milliseconds(1)).state(), v1::Grant::EXPIRED);
  EXPECT_EQ(Approved(requested, 1, Approver(), last + absl::Milliseconds(1)).status().code(), absl::StatusCode::kFailedPrecondition);
  const auto approved = Approved(requested, 1, Approver(), last);
  ASSERT_TRUE(approved.ok()) << approved.status();
  const absl::Time end = last + absl::Hours(2);
  EXPECT_TRUE(IsOpen(*approved, end - absl::Milliseconds(1)));
  EXPECT_EQ(AsOf(*approved, end).state(), v1::Grant::EXPIRED);
  EXPECT_FALSE(Revoked(*approved, Approver(), "over", end).ok());
}

TEST(GrantChanges, IsDecidedOnceAndAsItWasLookedAt) {
  const v1::Grant requested = Requested(RequestForTest(), Contractor(), RecordingForTest(9).Text(), kTestStart);
  EXPECT_EQ(Approved(requested, 2, Approver(), kTestStart).status().code(), absl::StatusCode::kFailedPrecondition);
  const auto refused = Refused(requested, Approver(), "no", kTestStart);
  ASSERT_TRUE(refused.ok());
  EXPECT_FALSE(Approved(*refused, 2, Approver(), kTestStart).ok());
  EXPECT_FALSE(Revoked(*refused, Approver(), "no", kTestStart).ok());
  const auto approved = Approved(requested, 1, Approver(), kTestStart);
  ASSERT_TRUE(approved.ok());
  EXPECT_FALSE(Refused(*approved, Approver(), "no", kTestStart).ok());
  const auto revoked = Revoked(*approved, Contractor(), "done", kTestStart);
  ASSERT_TRUE(revoked.ok());
  EXPECT_EQ(revoked->revoked_by(), "contractor");
  EXPECT_FALSE(Revoked(*revoked, Contractor(), "done", kTestStart).ok());
}

// ---- decisions

struct AtGrant {
  const char* name;
  std::function<void(v1::Grant*)> change;
};

TEST(DecideUnderGrant, I6_WithoutExactlyThisGrantARecordingIsAsAbsent) {
  Ask ask = AskForTest(Action::kListen);
  ask.justification.set_purpose("maintenance");
  const Caller caller = CallerForTest(v1::CONTRACTOR);
  const Rules& rules = *policy::ShippedRules();
  const Decision allowed = Decide(rules, caller, ask, kTestStart, MakeGrant(KeptGrantForTest()));
  EXPECT_TRUE(allowed.allowed) << allowed.refusal;
  ASSERT_NE(allowed.grant, nullptr);
  Ask absent = ask;
  absent.resource.reset();
  const Decision nowhere = Decide(rules, caller, absent, kTestStart, MakeGrant(KeptGrantForTest()));
  const AtGrant changes[] = {
      {"another account of the person", [](v1::Grant* grant) { grant->set_account("somebody-else"); }},
      {"another person", [](v1::Grant* grant) { grant->set_person_id("person-2"); }},
      {"another contract", [](v1::Grant* grant) { grant->set_contract("other"); }},
      {"another purpose", [](v1::Grant* grant) { grant->mutable_justification()->set_purpose("inspection"); }},
      {"another recording", [](v1::Grant* grant) { grant->set_recording_ids(0, RecordingForTest(2).Text()); }},
      {"requested", [](v1::Grant* grant) { grant->set_state(v1::Grant::REQUESTED); }},
      {"refused", [](v1::Grant* grant) { grant->set_state(v1::Grant::REFUSED); }},
      {"revoked", [](v1::Grant* grant) { grant->set_state(v1::Grant::REVOKED); }},
      {"ends now", [](v1::Grant* grant) { grant->set_until_unix_ms(absl::ToUnixMillis(kTestStart)); }},
      {"begins later", [](v1::Grant* grant) { grant->set_from_unix_ms(absl::ToUnixMillis(kTestStart) + 1); }},
  };
  for (const AtGrant& at : changes) {
    v1::Grant grant = KeptGrantForTest();
    at.change(&grant);
    const Decision decision = Decide(rules, caller, ask, kTestStart, MakeGrant(grant));
    EXPECT_FALSE(decision.allowed) << at.name;
    EXPECT_EQ(decision.rule, "scope-or-absent") << at.name;
    EXPECT_EQ(decision.refusal, nowhere.refusal) << at.name;
    EXPECT_EQ(decision.grant, nullptr) << at.name;
  }
  EXPECT_EQ(Decide(rules, caller, ask, kTestStart).refusal, nowhere.refusal) << "without any";
  Ask elsewhere = ask;
  elsewhere.resource->centre = "Osaka";
  EXPECT_EQ(Decide(rules, caller, elsewhere, kTestStart, MakeGrant(KeptGrantForTest())).refusal, nowhere.refusal) << "a centre lost since";
}

TEST(DecideUnderGrant, NobodyElseNeedsOneOrGainsByOne) {
  const Decision decision = Decide(*policy::ShippedRules(), CallerForTest(v1::SUPERVISOR), AskForTest(Action::kListen), kTestStart,
                                   MakeGrant(KeptGrantForTest()));
  EXPECT_TRUE(decision.allowed);
  EXPECT_EQ(decision.grant, nullptr);
}

TEST(DecideUnderGrant, I9_ApproversAreOtherPeopleOutsideTheContractTree) {
  Ask ask;
  ask.action = Action::kApproveGrant;
  const Rules& rules = *policy::ShippedRules();
  EXPECT_TRUE(Decide(rules, CallerForTest(v1::SUPERVISOR), ask, kTestStart).allowed);
  ask.concerned = {"person-1"};
  EXPECT_EQ(Decide(rules, CallerForTest(v1::SUPERVISOR), ask, kTestStart).rule, "same-person");
  ask.concerned = {"person-2"};
  ask.contract_tree = {"person-3", "person-1"};
  EXPECT_EQ(Decide(rules, CallerForTest(v1::SUPERVISOR), ask, kTestStart).rule, "contract-tree");
  for (const v1::Role role : {v1::OPERATOR, v1::CONTRACTOR, v1::SECURITY, v1::AUDITOR, v1::ADMIN, v1::RECORDER}) {
    EXPECT_EQ(Decide(rules, CallerForTest(role), ask, kTestStart).rule, "role");
  }
}

TEST(DecideUnderGrant, WhoRequestedItWithdrawsItByThatRight) {
  Ask ask;
  ask.action = Action::kRevokeGrant;
  const Rules& rules = *policy::ShippedRules();
  EXPECT_EQ(Decide(rules, CallerForTest(v1::CONTRACTOR), ask, kTestStart).rule, "role");
  EXPECT_TRUE(Decide(rules, CallerForTest(v1::SECURITY), ask, kTestStart).allowed);
  ask.withdraws = true;
  EXPECT_TRUE(Decide(rules, CallerForTest(v1::CONTRACTOR), ask, kTestStart).allowed);
}

// ---- in memory

TEST(GrantsInForceTest, OneThatWasRevokedNeverComesBack) {
  GrantsInForce grants;
  v1::Grant active = KeptGrantForTest(), revoked = KeptGrantForTest();
  revoked.set_state(v1::Grant::REVOKED);
  revoked.set_revision(3);
  grants.Adopt(revoked);
  grants.Adopt(active);  // read before it was revoked
  EXPECT_EQ(grants.Of("person-1")->kept.state(), v1::Grant::REVOKED);
  v1::Grant later = KeptGrantForTest();
  later.set_id(RecordingForTest(10).Text());
  later.set_revision(1);
  grants.Adopt(later);
  grants.Adopt(revoked);
  EXPECT_EQ(grants.Of("person-1")->kept.id(), later.id());
  EXPECT_EQ(grants.Of("person-2"), nullptr);
}

// ---- kept

class GrantsTest : public ::testing::Test {
 protected:
  GrantsTest() { Reopen(); }
  void Reopen() {
    in_force_ = std::make_unique<GrantsInForce>();
    auto opened = Grants::Open(site_.engine->records(), site_.committer.get(), &site_.keys, &site_.clock, in_force_.get());
    ASSERT_TRUE(opened.ok()) << opened.status();
    grants_ = *std::move(opened);
  }
  using Answer = absl::StatusOr<v1::Grant>;
  Answer Commit(absl::StatusOr<Grants::Change> change, v1::AuditAction action) {
    if (!change.ok()) return change.status();
    std::promise<Answer> result;
    grants_->Commit(*std::move(change), audit::DraftForTest(action), [&](Answer answer) { result.set_value(std::move(answer)); });
    return result.get_future().get();
  }
  Answer Request(const v1::Account& account = Contractor()) {
    return Commit(grants_->Request(RequestForTest(), account, &rule_), v1::GRANT_REQUEST);
  }
  Answer Approve(const v1::Grant& grant, const v1::Account& approver = Approver(), uint32_t approvals_max = 10) {
    return Commit(grants_->Approve(IdOf(grant), grant.revision(), approver, approvals_max, &rule_), v1::GRANT_APPROVE);
  }
  Answer Revoke(const v1::Grant& grant) { return Commit(grants_->Revoke(IdOf(grant), "over", Approver(), &rule_), v1::GRANT_REVOKE); }
  static GrantId IdOf(const v1::Grant& grant) { return *GrantId::Parse(grant.id()); }
  size_t Kept(bool ended = true) {
    size_t kept = 0;
    std::optional<GrantId> before;
    do {
      const auto page = grants_->List(before, 3, "", ended);
      EXPECT_TRUE(page.ok()) << page.status();
      kept += page->grants.size();
      before = page->next_before;
    } while (before.has_value());
    return kept;
  }

  LogSite site_;
  std::unique_ptr<GrantsInForce> in_force_;
  std::unique_ptr<Grants> grants_;
  std::string rule_;
};

TEST_F(GrantsTest, APersonHasOneAtATimeOverAllItsAccounts) {
  const auto first = Request();
  ASSERT_TRUE(first.ok()) << first.status();
  v1::Account second_account = Person(v1::CONTRACTOR, "contractor-2", "person-c");
  EXPECT_EQ(Request(second_account).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(rule_, "one-grant");
  EXPECT_TRUE(Request(Contractor("another")).ok());
  const auto approved = Approve(*first);
  ASSERT_TRUE(approved.ok()) << approved.status();
  EXPECT_FALSE(Request(second_account).ok());
  ASSERT_TRUE(Revoke(*approved).ok());
  const auto again = Request(second_account);
  ASSERT_TRUE(again.ok()) << "at once, within the same millisecond: " << again.status();
  EXPECT_EQ(in_force_->Of("person-c")->kept.id(), again->id());
  site_.clock.Advance(kGrantRequestLife);
  EXPECT_TRUE(Request().ok()) << "what nobody decided is void";
}

TEST_F(GrantsTest, TwoRequestsAtOnceAreOne) {
  auto first = grants_->Request(RequestForTest(), Contractor(), &rule_);
  auto second = grants_->Request(RequestForTest(), Contractor(), &rule_);
  EXPECT_TRUE(Commit(std::move(first), v1::GRANT_REQUEST).ok());
  EXPECT_EQ(Commit(std::move(second), v1::GRANT_REQUEST).status().code(), absl::StatusCode::kAborted);
}

TEST_F(GrantsTest, I5_APersonApprovesNoMoreThanItMayInADay) {
  constexpr uint32_t kApprovals = 3;
  std::vector<v1::Grant> requests;
  for (uint32_t i = 0; i < kApprovals + 2; ++i) requests.push_back(*Request(Contractor("person-" + std::to_string(i))));
  for (uint32_t i = 0; i < kApprovals; ++i) {
    site_.clock.Advance(absl::Minutes(1));
    const auto approved = Approve(requests[i], Person(v1::SUPERVISOR, "approver-" + std::to_string(i), "person-a"), kApprovals);
    EXPECT_TRUE(approved.ok()) << approved.status();
  }
  Reopen();
  EXPECT_EQ(Approve(requests[kApprovals], Approver(), kApprovals).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(rule_, "approvals");
  EXPECT_TRUE(Approve(requests[kApprovals], Approver("another"), kApprovals).ok());
  site_.clock.Advance(kApprovalsWindow - absl::Minutes(kApprovals - 1) - absl::Milliseconds(1));
  EXPECT_FALSE(Approve(requests[kApprovals + 1], Approver(), kApprovals).ok());
  site_.clock.Advance(absl::Milliseconds(1));
  EXPECT_TRUE(Approve(requests[kApprovals + 1], Approver(), kApprovals).ok());
}

TEST_F(GrantsTest, I5_TwoApprovalsAtOnceDoNotPassTheCap) {
  const v1::Grant first = *Request(Contractor("person-1")), second = *Request(Contractor("person-2"));
  auto one = grants_->Approve(IdOf(first), first.revision(), Approver(), 1, &rule_);
  auto other = grants_->Approve(IdOf(second), second.revision(), Approver(), 1, &rule_);
  EXPECT_TRUE(Commit(std::move(one), v1::GRANT_APPROVE).ok());
  EXPECT_EQ(Commit(std::move(other), v1::GRANT_APPROVE).status().code(), absl::StatusCode::kAborted);
}

TEST_F(GrantsTest, I3_WithoutItsEntryNothingChanges) {
  const v1::Grant requested = *Request();
  site_.engine->SetFault([](StorageCall call, const storage::AudioObjectId*) {
    return call == StorageCall::kCommit ? absl::ResourceExhaustedError("disk full") : absl::OkStatus();
  });
  EXPECT_FALSE(Approve(requested).ok());
  EXPECT_EQ(in_force_->Of("person-c")->kept.state(), v1::Grant::REQUESTED);
  site_.engine->SetFault(nullptr);
  Reopen();
  EXPECT_EQ(in_force_->Of("person-c")->kept.state(), v1::Grant::REQUESTED);
  EXPECT_EQ(site_.log->head().tree_size, 1u);
}

TEST_F(GrantsTest, SurvivesARestart) {
  const auto approved = Approve(*Request());
  ASSERT_TRUE(approved.ok());
  Reopen();
  const auto held = in_force_->Of("person-c");
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(held->kept.SerializeAsString(), approved->SerializeAsString());
  EXPECT_THAT(held->recordings, SizeIs(1));
  EXPECT_FALSE(Request().ok());
}

TEST_F(GrantsTest, I10_WhatIsLongOverIsDroppedAsNewOnesCome) {
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(Request(Contractor("person-" + std::to_string(i))).ok());
  EXPECT_EQ(Kept(/*ended=*/false), 4u);
  site_.clock.Advance(kGrantsKept);
  ASSERT_TRUE(Request(Contractor("person-0")).ok());
  EXPECT_EQ(Kept(/*ended=*/false), 1u);
  EXPECT_EQ(Kept(), 5u) << "none is older than that yet";
  site_.clock.Advance(absl::Milliseconds(1));
  ASSERT_TRUE(Request(Contractor("person-5")).ok());
  EXPECT_EQ(Kept(), 4u) << "two fell away, one came";
}

TEST_F(GrantsTest, ListsTheNewestFirstAndAContractorItsOwn) {
  const v1::Grant first = *Request(Contractor("person-1"));
  site_.clock.Advance(absl::Seconds(1));
  const v1::Grant second = *Request(Contractor("person-2"));
  ASSERT_TRUE(Revoke(first).ok());
  const auto all = grants_->List(std::nullopt, 10, "", true);
  ASSERT_TRUE(all.ok());
  ASSERT_THAT(all->grants, SizeIs(2));
  EXPECT_EQ(all->grants[0].id(), second.id());
  EXPECT_EQ(all->next_before, std::nullopt);
  EXPECT_THAT(grants_->List(std::nullopt, 10, "", false)->grants, SizeIs(1));
  EXPECT_THAT(grants_->List(std::nullopt, 10, "person-1", true)->grants, SizeIs(1));
  EXPECT_THAT(grants_->List(std::nullopt, 10, "nobody", true)->grants, SizeIs(0));
}

// Rows of that many grants, all of one person and over long ago or waiting, put there at once.
void PutMany(LogSite& site, size_t count, absl::Time requested) {
  constexpr size_t kRowsAtOnce = 10'000;
  const GrantRows rows(&site.engine->records(), &site.keys);
  v1::GrantRecord record;
  v1::Grant& grant = *record.mutable_grant();
  grant = Requested(RequestForTest(), Contractor("person-of-many"), "", requested);
  grant.set_state(v1::Grant::REFUSED);
  storage::Batch batch;
  for (size_t i = 0; i < count; ++i) {
    grant.set_id(GrantId::Make(requested + absl::Milliseconds(static_cast<int64_t>(i)), std::string(10, 'r')).Text());
    ASSERT_EQ(rows.Put(record, std::nullopt, &batch), absl::OkStatus());
    if (batch.writes.size() < kRowsAtOnce && i + 1 < count) continue;
    ASSERT_EQ(site.engine->records().Commit(std::exchange(batch, {})), absl::OkStatus());
  }
}

TEST_F(GrantsTest, I10_APageReadsSoManyRowsAndGoesOn) {
  const v1::Grant own = *Request();
  site_.clock.Advance(absl::Hours(1));
  PutMany(site_, kGrantRowsReadForAPage, site_.clock.Now());
  const auto first = grants_->List(std::nullopt, 10, "person-c", true);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_THAT(first->grants, SizeIs(0));
  ASSERT_TRUE(first->next_before.has_value());
  const auto second = grants_->List(first->next_before, 10, "person-c", true);
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_THAT(second->grants, SizeIs(1));
  EXPECT_EQ(second->grants[0].id(), own.id());
}

TEST_F(GrantsTest, I10_SoManyAreKeptAndNotOneMore) {
  PutMany(site_, kGrantsMax - 1, site_.clock.Now());
  Reopen();
  EXPECT_TRUE(Request(Contractor("person-1")).ok());
  EXPECT_EQ(Request(Contractor("person-2")).status().code(), absl::StatusCode::kResourceExhausted);
  site_.clock.Advance(kGrantsKept + absl::Hours(1));
  EXPECT_TRUE(Request(Contractor("person-2")).ok()) << "old ones make room";
}

TEST_F(GrantsTest, I1_I7_RowsAreSealedAndOneThatWasSwappedStopsTheStart) {
  ASSERT_TRUE(Request(Contractor("person-1")).ok());
  ASSERT_TRUE(Request(Contractor("person-2")).ok());
  std::vector<std::pair<std::string, std::string>> rows;
  ASSERT_EQ(site_.engine->records().Scan(storage::Table::kMeta, {},
                                         [&](std::string_view key, std::string_view row) {
                                           EXPECT_THAT(std::string(row), ::testing::Not(HasSubstr("person-")));
                                           EXPECT_THAT(std::string(row), ::testing::Not(HasSubstr("clicks")));
                                           if (key.starts_with("grant/")) rows.emplace_back(key, row);
                                           return true;
                                         }),
            absl::OkStatus());
  ASSERT_THAT(rows, SizeIs(2));
  site_.Tamper(storage::Table::kMeta, rows[0].first, rows[1].second);
  GrantsInForce in_force;
  EXPECT_EQ(Grants::Open(site_.engine->records(), site_.committer.get(), &site_.keys, &site_.clock, &in_force).status().code(),
            absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace otokura::access
