// Whoever cannot carry calls away tries to learn of them: pages through the catalogue, tries numbers, tries ids, asks many things at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <random>
#include <set>
#include <thread>

#include "absl/strings/str_format.h"
#include "otokura/v1/incident.grpc.pb.h"
#include "tests/fault/timed_site.h"
#include "tests/integration/log_of.h"

namespace otokura::fault {
namespace {

using integration::Retrieved;

constexpr uint64_t kRows = 40;   // a day
constexpr uint64_t kTerms = 12;  // a day
constexpr int kCalls = 30;
constexpr uint64_t kCallBytes = 8'000;
constexpr uint32_t kUnreachableMax = 20;  // an hour
constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr absl::Duration kCut = absl::Milliseconds(1500);  // within a second, and what the machine takes

std::string Number(int caller) { return absl::StrFormat("0901234%04d", caller); }
std::string UnknownId(int number) { return absl::StrFormat("0190a1b2-0000-7000-8000-%012d", number); }

class ProbingEvasion : public ::testing::Test {
 protected:
  void SetUpUnder(const policy::Change& change) {
    std::cout << "seed " << seed_ << std::endl;
    at_.SetUp(change);
    v1::AddAccountRequest second = integration::AccountRequest("operator-2", v1::OPERATOR);
    second.mutable_account()->set_person_id(integration::AccountRequest("operator", v1::OPERATOR).account().person_id());
    ASSERT_EQ(at_.site().Enrol(second), absl::OkStatus());
    v1::AddAccountRequest elsewhere = integration::AccountRequest("elsewhere", v1::SUPERVISOR);
    *elsewhere.mutable_account()->mutable_centres(0) = integration::kOtherCentre;
    ASSERT_EQ(at_.site().Enrol(elsewhere), absl::OkStatus());
  }
  std::shared_ptr<grpc::Channel> ChannelOf(const std::string& account) {
    std::shared_ptr<grpc::Channel>& channel = channels_[account];
    if (channel == nullptr) channel = at_.site().ConnectAs(account);
    return channel;
  }
  bool BecomesSuspended(const std::string& account) {
    v1::ListAccountsRequest request;
    request.set_name(account);
    for (const absl::Time deadline = absl::Now() + kPatience; absl::Now() < deadline; absl::SleepFor(absl::Milliseconds(20))) {
      v1::ListAccountsResponse response;
      EXPECT_EQ(at_.site().AskAs("security", &v1::Admin::Stub::ListAccounts, request, &response), absl::OkStatus());
      if (response.accounts_size() == 1 && response.accounts(0).state() == v1::Account::SUSPENDED) return true;
    }
    return false;
  }

  const unsigned seed_ = std::random_device{}();
  std::mt19937 random_{seed_};
  TimedSite at_;
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_;
};

void HarvestBudgets(v1::Policy* policy) {
  v1::RoleRule* const rule = policy::RuleOf(policy, v1::OPERATOR);
  rule->clear_budgets();
  for (const v1::Window window : {v1::DAY, v1::DAYS_30}) {
    SetBudget(rule, window, 1000, 1'000'000'000);
    rule->mutable_budgets()->rbegin()->set_rows(kRows);
    rule->mutable_budgets()->rbegin()->set_search_terms(kTerms);
  }
}

TEST_F(ProbingEvasion, I5_TheCatalogueIsNotHarvestedOverTwoAccountsOfOnePerson) {
  SetUpUnder(HarvestBudgets);
  for (int i = 0; i < kCalls; ++i) at_.Record("call-" + std::to_string(i), kCallBytes);
  uint64_t rows = 0;
  absl::Status refused;
  for (int i = 0; i < 40; ++i) {
    v1::SearchRequest request;
    request.set_page_size(1 + random_() % 10);
    request.set_to_unix_ms(absl::ToUnixMillis(at_.now() + absl::Hours(1 + random_() % 5)));
    const auto page = integration::Search(ChannelOf(i % 2 == 0 ? "operator" : "operator-2"), request);
    if (page.ok()) rows += static_cast<uint64_t>(page->recordings_size());
    if (!page.ok()) refused = page.status();
  }
  // The last ones, one by one.
  for (uint64_t i = 0; i < kRows; ++i) {
    v1::SearchRequest request;
    request.set_page_size(1);
    const auto page = integration::Search(ChannelOf("operator"), request);
    if (!page.ok()) break;
    rows += static_cast<uint64_t>(page->recordings_size());
  }
  EXPECT_EQ(rows, kRows) << "to the last row, and not one more";
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(integration::DetailOf(refused).budget_exhausted().measure(), "rows");
  EXPECT_FALSE(integration::Show(ChannelOf("operator-2"), UnknownId(1)).ok());
  at_.ExpectWhole();
}

TEST_F(ProbingEvasion, I5_NumbersAreNotTriedOutHitOrMiss) {
  SetUpUnder([](v1::Policy* policy) {
    HarvestBudgets(policy);
    for (v1::Budget& budget : *policy::RuleOf(policy, v1::OPERATOR)->mutable_budgets()) budget.set_rows(100'000);
  });
  for (int i = 0; i < 6; ++i) at_.Record("call-" + std::to_string(i), kCallBytes, Number(4 * i));
  std::set<std::string> answered;
  for (int i = 0; i < 48; ++i) {
    const std::string number = Number(static_cast<int>(random_() % 24));
    const auto page =
        integration::Search(ChannelOf(i % 2 == 0 ? "operator" : "operator-2"), integration::SearchFor(v1::CALLER_NUMBER, number));
    if (page.ok()) answered.insert(number);
  }
  EXPECT_EQ(answered.size(), kTerms) << "seed " << seed_;
  for (const std::string& number : answered) {
    EXPECT_TRUE(integration::Search(ChannelOf("operator"), integration::SearchFor(v1::CALLER_NUMBER, number)).ok())
        << "asked again it tells nothing new";
  }
  at_.ExpectWhole();
}

// What a caller is told of something, to the byte.
std::string Answer(const absl::Status& status) { return status.ToString() + integration::DetailOf(status).SerializeAsString(); }

TEST_F(ProbingEvasion, I6_AbsentAndOutOfReachAnswerAlike) {
  SetUpUnder(nullptr);
  const std::string there = at_.Record("call-1", kCallBytes, Number(1));
  for (const char* account : {"elsewhere", "contractor"}) {
    const bool granted_only = std::string_view(account) == "contractor";
    const std::string purpose = granted_only ? "maintenance" : "inquiry";
    const auto channel = ChannelOf(account);
    std::vector<std::string> of_there, of_nowhere;
    for (const auto& [id, answers] : {std::pair(there, &of_there), std::pair(UnknownId(1), &of_nowhere)}) {
      for (const integration::Range range : {integration::Range{}, {0, 1}, {kCallBytes, 0}, {kCallBytes + 1, 1}, {UINT64_MAX, 1}}) {
        answers->push_back(Answer(integration::Listen(channel, id, range, purpose).status));
        answers->push_back(Answer(integration::Download(channel, id, range, purpose).status));
      }
      answers->push_back(Answer(integration::Show(channel, id, purpose).status()));
    }
    EXPECT_EQ(of_there, of_nowhere) << account;
    for (const std::string& answer : of_there) EXPECT_FALSE(answer.starts_with("OK")) << account;
    if (granted_only) continue;
    const auto hit = integration::Search(channel, integration::SearchFor(v1::CALLER_NUMBER, Number(1)));
    const auto miss = integration::Search(channel, integration::SearchFor(v1::CALLER_NUMBER, Number(2)));
    ASSERT_TRUE(hit.ok() && miss.ok()) << hit.status() << miss.status();
    EXPECT_EQ(hit->SerializeAsString(), miss->SerializeAsString()) << "of another centre";
  }
  // And the log has both, under one rule.
  int alike = 0;
  for (const auto& entry : integration::LogOf(at_.site())) {
    if (entry.leaf.decision() != v1::DENIED || entry.leaf.rule() != "scope-or-absent") continue;
    alike += entry.leaf.recording_id().empty() ? 1 : -1;
  }
  EXPECT_EQ(alike, 0);
  at_.ExpectWhole();
}

void Watched(v1::Policy* policy) { policy->mutable_incidents()->set_unreachable_ids_per_hour_max(kUnreachableMax); }

TEST_F(ProbingEvasion, I6_WhoTriesIdsIsCutWithinASecond) {
  SetUpUnder(Watched);
  const std::string heard = at_.Record("call-1", 4'000'000);
  v1::Access::Stub stub(at_.site().ConnectAs("operator"));
  grpc::ClientContext context;
  v1::RetrieveRequest request;
  request.set_recording_id(heard);
  request.mutable_justification()->set_purpose("inquiry");
  request.mutable_justification()->set_reference("CASE-1");
  const auto stream = stub.Listen(&context, request);
  v1::RetrieveResponse response;
  ASSERT_TRUE(stream->Read(&response)) << "in flight";
  for (uint32_t i = 0; i <= kUnreachableMax; ++i) {
    const auto tried = i % 2 == 0 ? integration::Listen(ChannelOf("operator"), UnknownId(static_cast<int>(i)), {}).status
                                  : integration::Show(ChannelOf("operator"), UnknownId(static_cast<int>(i))).status();
    EXPECT_EQ(tried.code(), absl::StatusCode::kNotFound);
  }
  const absl::Time last = absl::Now();
  while (stream->Read(&response)) absl::SleepFor(absl::Milliseconds(20));  // as somebody who listens reads: a message at a time
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_LT(absl::Now() - last, kCut);
  EXPECT_TRUE(BecomesSuspended("operator"));
  EXPECT_EQ(integration::Listen(ChannelOf("operator"), heard, {}).status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(integration::LastOf(at_.site(), v1::INCIDENT_OPENED).leaf.rule(), "enumeration");
  at_.ExpectWhole();
}

// One recording an hour, and many asked for at once: whoever does that again and again races the budget.
TEST_F(ProbingEvasion, I5_WhoRacesABudgetIsSuspended) {
  constexpr int kThreads = 12;
  constexpr int kRounds = 20;
  SetUpUnder([](v1::Policy* policy) {
    v1::RoleRule* const rule = policy::RuleOf(policy, v1::OPERATOR);
    rule->clear_budgets();
    SetBudget(rule, v1::HOUR, 1, 1'000'000);
    for (const v1::Window window : {v1::DAY, v1::DAYS_30}) SetBudget(rule, window, 1'000, 1'000'000'000);
  });
  std::vector<std::string> calls;
  for (int i = 0; i < kThreads; ++i) calls.push_back(at_.Record("call-" + std::to_string(i), kCallBytes));
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < kThreads; ++i) {
    channels.push_back(at_.site().ConnectAs("operator"));
    integration::Show(channels.back(), UnknownId(1)).status().IgnoreError();  // connected
  }
  bool suspended = false;
  for (int round = 0; round < kRounds && !suspended; ++round) {
    at_.Advance(absl::Hours(2));
    std::atomic<int> heard{0}, ready{0};
    std::vector<std::thread> thieves;
    for (size_t i = 0; i < kThreads; ++i) {
      thieves.emplace_back([&, i] {
        ++ready;
        while (ready < kThreads) std::this_thread::yield();
        if (!integration::Listen(channels[i], calls[i], {}).audio.empty()) ++heard;
      });
    }
    for (std::thread& thief : thieves) thief.join();
    EXPECT_LE(heard, 1) << "round " << round;
    suspended = integration::LastOf(at_.site(), v1::ACCOUNT_SUSPEND).leaf.rule() == "raced";
  }
  EXPECT_TRUE(suspended) << "seed " << seed_;
  at_.ExpectWhole();
}

}  // namespace
}  // namespace otokura::fault
