// Questions to the log, over the wire: lists by what entries say, counts, and a log that is followed. Each is in the log itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "server/rpc/audit_follow.h"
#include "server/rpc/status.h"
#include "server/runtime/fake_clock.h"
#include "tests/integration/clients.h"
#include "tests/integration/site.h"

namespace otokura::integration {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::chrono::seconds kPatience{60};

// One Follow stream. Reads block for at most a minute.
class Followed {
 public:
  Followed(const std::shared_ptr<grpc::Channel>& channel, const v1::FollowAuditRequest& request) : stub_(v1::Audit::NewStub(channel)) {
    context_.set_deadline(std::chrono::system_clock::now() + kPatience);
    reader_ = stub_->Follow(&context_, request);
  }
  ~Followed() { context_.TryCancel(); }
  // True once the gateway follows.
  bool Begin() {
    v1::FollowAuditResponse response;
    return reader_->Read(&response) && Take(response);
  }
  std::optional<v1::AuditEntry> Next() {
    v1::FollowAuditResponse response;
    while (ready_.empty() && reader_->Read(&response)) Take(response);
    if (ready_.empty()) return std::nullopt;
    v1::AuditEntry entry = ready_.front();
    ready_.erase(ready_.begin());
    return entry;
  }
  absl::Status End() {
    while (Next().has_value()) {
    }
    return rpc::FromGrpc(reader_->Finish());
  }
  void Cancel() { context_.TryCancel(); }

 private:
  bool Take(const v1::FollowAuditResponse& response) {
    for (const v1::ListedEntry& listed : response.entries()) {
      v1::AuditEntry entry;
      EXPECT_TRUE(entry.ParseFromString(listed.leaf()));
      ready_.push_back(std::move(entry));
    }
    return true;
  }

  std::unique_ptr<v1::Audit::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::FollowAuditResponse>> reader_;
  std::vector<v1::AuditEntry> ready_;
};

class Audit : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(site_.Init(), absl::OkStatus());
    ASSERT_EQ(site_.Start(), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
    auditor_ = site_.ConnectAs("auditor");
    const auto sealed = RecordCall(site_.ConnectAs("recorder"), OpenRequest("pbx-1"), Speech(20000));
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    id_ = sealed->recording_id();
  }

  absl::StatusOr<v1::ListAuditResponse> List(const v1::ListAuditRequest& request, const std::string& as = "auditor") {
    return Ask(&v1::Audit::Stub::List, request, as);
  }
  absl::StatusOr<v1::CountAuditResponse> Count(const v1::CountAuditRequest& request, const std::string& as = "auditor") {
    return Ask(&v1::Audit::Stub::Count, request, as);
  }
  template <typename Request, typename Response>
  absl::StatusOr<Response> Ask(grpc::Status (v1::Audit::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                               const Request& request, const std::string& as) {
    const auto stub = v1::Audit::NewStub(site_.ConnectAs(as));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    Response response;
    if (absl::Status status = rpc::FromGrpc((stub.get()->*method)(&context, request, &response)); !status.ok()) return status;
    return response;
  }
  static std::vector<v1::AuditEntry> Leaves(const v1::ListAuditResponse& response) {
    std::vector<v1::AuditEntry> leaves(static_cast<size_t>(response.entries_size()));
    for (int i = 0; i < response.entries_size(); ++i)
      EXPECT_TRUE(leaves[static_cast<size_t>(i)].ParseFromString(response.entries(i).leaf()));
    return leaves;
  }
  LoggedEntry Newest(v1::AuditAction action) {
    auto log = ReadLog(auditor_);
    EXPECT_TRUE(log.ok()) << log.status();
    for (auto entry = log->rbegin(); entry != log->rend(); ++entry) {
      if (entry->leaf.action() == action) return *entry;
    }
    ADD_FAILURE() << "no such entry";
    return {};
  }

  Site site_;
  std::shared_ptr<grpc::Channel> auditor_;
  std::string id_;
};

TEST_F(Audit, AnAndOfConditionsGivesTheEntriesThatMeetThemAll) {
  ASSERT_TRUE(Listen(site_.ConnectAs("operator"), id_, {0, 8000}).status.ok());
  ASSERT_TRUE(Listen(site_.ConnectAs("supervisor"), id_, {0, 8000}).status.ok());
  ASSERT_FALSE(Listen(site_.ConnectAs("contractor"), id_, {0, 8000}).status.ok());
  v1::ListAuditRequest request;
  request.mutable_query()->set_account("operator");
  request.mutable_query()->set_recording_id(id_);
  request.mutable_query()->set_action(v1::LISTEN);
  request.mutable_query()->set_decision(v1::ALLOWED);
  request.mutable_query()->set_purpose("inquiry");
  request.mutable_query()->set_reference("CASE-1");
  auto listed = List(request);
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->entries_size(), 1);
  EXPECT_EQ(listed->entries(0).details().account().value(), "operator");
  request.mutable_query()->set_reference("CASE-2");
  EXPECT_EQ(List(request)->entries_size(), 0);
  v1::ListAuditRequest denied;
  denied.mutable_query()->set_decision(v1::DENIED);
  denied.mutable_query()->set_account("contractor");
  EXPECT_EQ(List(denied)->entries_size(), 1);
}

TEST_F(Audit, I2_WhatWasAskedIsInTheLogAndNoNameIsInALeaf) {
  v1::ListAuditRequest request;
  request.mutable_query()->set_account("operator");
  ASSERT_TRUE(List(request).ok());
  request.mutable_query()->set_company("Maintenance KK");
  request.mutable_query()->set_decision(v1::DENIED);
  ASSERT_TRUE(List(request).ok());
  v1::ListAuditRequest newest;
  newest.set_page_size(2);
  const auto listed = List(newest);
  ASSERT_TRUE(listed.ok());
  EXPECT_EQ(listed->entries(1).details().target().value(), "account=operator company=Maintenance KK decision=DENIED");
  EXPECT_EQ(listed->entries(1).leaf().find("operator"), std::string::npos);
  EXPECT_EQ(listed->entries(1).leaf().find("Maintenance"), std::string::npos);
  v1::CountAuditRequest count;
  count.mutable_query()->set_account("operator");
  count.add_by(v1::AUDIT_FIELD_ACTION);
  ASSERT_TRUE(Count(count).ok());
  const LoggedEntry entry = Newest(v1::AUDIT_COUNT);
  EXPECT_EQ(entry.leaf.decision(), v1::ALLOWED);
  EXPECT_EQ(entry.details.target().value(), "account=operator by=AUDIT_FIELD_ACTION");
}

TEST_F(Audit, I6_OnlyWhoMayReadTheLogMayCountAndFollowIt) {
  for (const char* account : {"operator", "supervisor", "contractor", "recorder", "admin"}) {
    EXPECT_EQ(List({}, account).status().code(), absl::StatusCode::kPermissionDenied) << account;
    EXPECT_EQ(Count({}, account).status().code(), absl::StatusCode::kPermissionDenied) << account;
    EXPECT_EQ(Followed(site_.ConnectAs(account), {}).End().code(), absl::StatusCode::kPermissionDenied) << account;
  }
  v1::ListAuditRequest refused;
  refused.mutable_query()->set_account("operator");
  refused.mutable_query()->set_decision(v1::DENIED);
  std::vector<v1::AuditAction> actions;
  for (const v1::AuditEntry& leaf : Leaves(*List(refused))) actions.push_back(leaf.action());
  EXPECT_THAT(actions, ElementsAre(v1::AUDIT_FOLLOW, v1::AUDIT_COUNT, v1::AUDIT_LIST));
}

TEST_F(Audit, PagesAreOfOneTreeWhileTheLogGrows) {
  v1::ListAuditRequest request;
  request.set_page_size(3);
  uint64_t expected_next = 0;
  std::string root;
  do {
    const auto page = List(request);  // itself an entry, so that the log is longer at each page
    ASSERT_TRUE(page.ok()) << page.status();
    if (root.empty()) {
      root = page->root_sha256();
      expected_next = page->tree_size();
    }
    EXPECT_EQ(page->root_sha256(), root);
    for (const v1::AuditEntry& leaf : Leaves(*page)) EXPECT_EQ(leaf.sequence(), --expected_next);
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(expected_next, 0u);
}

TEST_F(Audit, OneEntryByItsNumber) {
  v1::ListAuditRequest request;
  request.set_sequence(0);
  const auto listed = List(request);
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_EQ(Leaves(*listed).front().sequence(), 0u);
  request.set_sequence(100'000);
  EXPECT_EQ(List(request).status().code(), absl::StatusCode::kNotFound);
  request.mutable_query()->set_account("operator");
  EXPECT_EQ(List(request).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(Audit, CountsByFields) {
  ASSERT_TRUE(Listen(site_.ConnectAs("operator"), id_, {0, 8000}).status.ok());
  ASSERT_TRUE(Listen(site_.ConnectAs("operator"), id_, {0, 4000}).status.ok());
  v1::CountAuditRequest request;
  request.mutable_query()->set_recording_id(id_);
  request.mutable_query()->set_account("operator");
  request.add_by(v1::AUDIT_FIELD_ACTION);
  request.add_by(v1::AUDIT_FIELD_ACCOUNT);
  const auto counted = Count(request);
  ASSERT_TRUE(counted.ok()) << counted.status();
  ASSERT_EQ(counted->groups_size(), 2);
  EXPECT_THAT(counted->groups(0).values(), ElementsAre("LISTEN", "operator"));
  EXPECT_EQ(counted->groups(0).entries(), 2u);
  EXPECT_THAT(counted->groups(1).values(), ElementsAre("DELIVERED", "operator"));
  EXPECT_EQ(counted->groups(1).delivered_bytes(), 12000u);
}

TEST_F(Audit, I10_WhatIsNoQueryIsRefusedNamingTheField) {
  v1::ListAuditRequest request;
  request.mutable_query()->set_account(std::string(64, 'a'));
  EXPECT_THAT(std::string(List(request).status().message()), HasSubstr("query.account"));
  request.mutable_query()->set_account(std::string(63, 'a'));
  request.mutable_query()->set_company(std::string(64, 'c'));
  request.mutable_query()->set_reference(std::string(128, 'r'));
  EXPECT_THAT(std::string(List(request).status().message()), HasSubstr("at most 256"));
  request.Clear();
  request.mutable_query()->set_action(static_cast<v1::AuditAction>(99));
  EXPECT_THAT(std::string(List(request).status().message()), HasSubstr("query.action"));
  v1::CountAuditRequest count;
  count.add_by(v1::AUDIT_FIELD_ACTION);
  count.add_by(v1::AUDIT_FIELD_ACTION);
  EXPECT_EQ(Count(count).status().code(), absl::StatusCode::kInvalidArgument);
  count.clear_by();
  count.add_by(static_cast<v1::AuditField>(99));
  EXPECT_EQ(Count(count).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(Audit, FollowingShowsWhatIsAppendedAndIsItselfTwoEntries) {
  Followed all(auditor_, {});
  ASSERT_TRUE(all.Begin());
  v1::FollowAuditRequest request;
  request.mutable_query()->set_action(v1::LISTEN);
  Followed listens(auditor_, request);
  ASSERT_TRUE(listens.Begin());
  ASSERT_TRUE(Listen(site_.ConnectAs("operator"), id_, {0, 8000}).status.ok());

  EXPECT_EQ(listens.Next()->action(), v1::LISTEN);
  std::vector<v1::AuditAction> actions;
  for (int i = 0; i < 4; ++i) actions.push_back(all.Next()->action());
  EXPECT_THAT(actions, ElementsAre(v1::AUDIT_FOLLOW, v1::AUDIT_FOLLOW, v1::LISTEN, v1::DELIVERED));
  listens.Cancel();
  const auto closing = all.Next();
  EXPECT_EQ(closing->action(), v1::DELIVERED);
  EXPECT_EQ(closing->rows(), 1u);
  EXPECT_EQ(closing->outcome(), "CANCELLED");
}

TEST_F(Audit, FollowingFromAnEntryMissesNone) {
  v1::FollowAuditRequest request;
  request.set_from_sequence(0);
  Followed all(auditor_, request);
  for (uint64_t sequence = 0; sequence < 5; ++sequence) EXPECT_EQ(all.Next()->sequence(), sequence);
  request.set_from_sequence(100'000);
  EXPECT_EQ(Followed(auditor_, request).End().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(Audit, I6_ASuspendedFollowerSeesNoMore) {
  Followed all(auditor_, {});
  ASSERT_TRUE(all.Begin());
  const auto stub = v1::Admin::NewStub(site_.ConnectAs("security"));
  grpc::ClientContext context;
  v1::SuspendAccountRequest request;
  request.set_name("auditor");
  request.set_reason("left");
  v1::SuspendAccountResponse response;
  ASSERT_TRUE(stub->SuspendAccount(&context, request, &response).ok());
  EXPECT_EQ(all.End().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(Audit, I10_FollowsOfOneAccountAreBounded) {
  std::vector<std::unique_ptr<Followed>> follows;
  for (int i = 0; i < rpc::kFollowsPerAccountMax; ++i) {
    follows.push_back(std::make_unique<Followed>(auditor_, v1::FollowAuditRequest()));
    ASSERT_TRUE(follows.back()->Begin());
  }
  EXPECT_EQ(Followed(auditor_, {}).End().code(), absl::StatusCode::kResourceExhausted);
  Followed other(site_.ConnectAs("security"), {});
  EXPECT_TRUE(other.Begin());
  follows.pop_back();
  while (!Followed(auditor_, {}).Begin()) {
  }
}

TEST_F(Audit, AGatewayThatStopsEndsTheFollowing) {
  Followed all(auditor_, {});
  ASSERT_TRUE(all.Begin());
  site_.Stop();
  EXPECT_EQ(all.End().code(), absl::StatusCode::kUnavailable);
}

TEST_F(Audit, DetailsAreDroppedOnceTheyAreOldAndTheLogSaysSo) {
  v1::ListAuditRequest request;
  request.mutable_query()->set_account("recorder");
  ASSERT_GT(List(request)->entries_size(), 0);
  const uint64_t before = List({})->tree_size();
  site_.Stop();
  site_.config().mutable_limits()->set_audit_details_kept_days(1);  // less than check-config takes: the test's certificates last a month
  gateway::Gateway::Options later;
  later.clock = std::make_unique<runtime::FakeClock>(absl::Now() + absl::Hours(48));
  ASSERT_EQ(site_.Start(std::move(later)), absl::OkStatus());
  v1::FollowAuditRequest follow;
  follow.set_from_sequence(before);
  follow.mutable_query()->set_action(v1::DETAILS_PRUNED);
  Followed pruned(auditor_ = site_.ConnectAs("auditor"), follow);
  const auto entry = pruned.Next();
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->subject().substr(0, 13), "entries 0 to ");
  EXPECT_EQ(List(request)->entries_size(), 0);
  v1::ListAuditRequest first;
  first.set_sequence(0);
  EXPECT_FALSE(List(first)->entries(0).has_details());
  pruned.Cancel();
  site_.Stop();
  site_.config().mutable_limits()->clear_audit_details_kept_days();
  site_.WriteConfiguration();
  EXPECT_EQ(site_.Otokurad("fsck"), 0) << site_.said();
}

TEST_F(Audit, TheIndexIsDroppedAndRebuiltWhileTheGatewayIsDown) {
  v1::ListAuditRequest request;
  request.mutable_query()->set_account("recorder");
  const int before = List(request)->entries_size();
  ASSERT_GT(before, 0);
  site_.Stop();
  EXPECT_EQ(site_.Otokurad("fsck", {"--rebuild-index"}), 0) << site_.said();
  EXPECT_THAT(site_.said(), HasSubstr("index of the log rebuilt"));
  EXPECT_EQ(site_.Otokurad("fsck"), 0) << site_.said();
  ASSERT_EQ(site_.Start(), absl::OkStatus());
  EXPECT_EQ(List(request)->entries_size(), before);
}

}  // namespace
}  // namespace otokura::integration
