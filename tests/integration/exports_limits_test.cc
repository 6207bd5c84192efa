// Exports against somebody who means harm, or a machine that fails: budgets to the byte, an end in the middle of an object, kill -9.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "server/runtime/fake_clock.h"
#include "tests/integration/clients.h"
#include "tests/integration/export_calls.h"
#include "tests/integration/log_of.h"
#include "tests/integration/site.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::integration {
namespace {

using ::testing::HasSubstr;

constexpr size_t kCallBytes = 20'000;
constexpr int kCalls = 5;

std::string Record(const Site& site, const std::string& call_id, size_t bytes = kCallBytes) {
  const auto sealed = RecordCall(site.ConnectAs("recorder"), OpenRequest(call_id), Speech(bytes));
  EXPECT_TRUE(sealed.ok()) << sealed.status();
  return sealed.ok() ? sealed->recording_id() : "";
}

class ExportBudgets : public ::testing::Test {
 protected:
  void SetUp() override {
    gateway::Gateway::Options options;
    options.clock = std::make_unique<runtime::FakeClock>(absl::Now() + absl::Minutes(5));
    ASSERT_EQ(site_.StartInMemory(std::move(options)), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
    for (const char* name : {"supervisor-2", "supervisor-3"}) ASSERT_EQ(site_.Enrol(name, v1::SUPERVISOR), absl::OkStatus());
    for (int i = 0; i < kCalls; ++i) calls_.push_back(Record(site_, "call-" + std::to_string(i)));
  }
  void Allow(uint64_t recordings, uint64_t audio_bytes) {
    ASSERT_EQ(site_.LoadPolicy(policy::NoteForTest(
                  policy::TextForTest(++serial_, [&](v1::Policy* policy) { NameRecipient(policy, recordings, audio_bytes); }))),
              absl::OkStatus());
  }
  // How much audio comes to the recipient of these, taken one after another.
  uint64_t TakeAll(const v1::Export& kept, absl::Status* last) {
    uint64_t bytes = 0;
    for (const std::string& call : kept.recording_ids()) {
      const TakenObject taken = TakeObject(site_, kept.account(), kept.id(), call);
      if (taken.status.ok()) bytes += AudioOf(OpenObject(taken.sealed)).size();
      *last = taken.status;
    }
    return bytes;
  }
  static std::string BudgetOf(const absl::Status& status) { return DetailOf(status).budget_exhausted().of(); }

  Site site_;
  uint64_t serial_ = 1;
  std::vector<std::string> calls_;
};

TEST_F(ExportBudgets, I5_BytesAndRecordingsOfWhoRequests) {
  Allow(100, 3 * kCallBytes + 1);
  const auto by_bytes = Export(site_, "supervisor", "supervisor-2", calls_);
  ASSERT_TRUE(by_bytes.ok()) << by_bytes.status();
  absl::Status last;
  EXPECT_EQ(TakeAll(*by_bytes, &last), 3 * kCallBytes);
  ExpectRefused(site_, last, v1::EXPORT, "budget");
  EXPECT_EQ(last.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(BudgetOf(last), "exporter");
  EXPECT_EQ(DetailOf(last).budget_exhausted().measure(), "audio_bytes");
  EXPECT_EQ(Download(site_.ConnectAs("supervisor"), calls_[0], {}).status, absl::OkStatus()) << "its other budgets are untouched";
  Allow(3, 100'000'000);
  EXPECT_EQ(TakeAll(*by_bytes, &last), 3 * kCallBytes) << "those that it had, once more";
  EXPECT_EQ(DetailOf(last).budget_exhausted().measure(), "recordings");
  Allow(4, 100'000'000);
  EXPECT_EQ(TakeAll(*by_bytes, &last), 4 * kCallBytes);
}

TEST_F(ExportBudgets, I5_WhoApprovesAnswersForAllThatTheyApproved) {
  Allow(2, 100'000'000);
  const auto first = Export(site_, "supervisor", "supervisor-2", {calls_[0], calls_[1]});
  const auto second = Export(site_, "supervisor-3", "supervisor-2", {calls_[2]});
  ASSERT_TRUE(first.ok() && second.ok()) << first.status() << second.status();
  absl::Status last;
  EXPECT_EQ(TakeAll(*first, &last), 2 * kCallBytes);
  EXPECT_EQ(TakeAll(*second, &last), 0u);
  EXPECT_EQ(BudgetOf(last), "export-approver");
  const auto third = Export(site_, "supervisor-3", "supervisor", {calls_[2]});
  ASSERT_TRUE(third.ok()) << third.status();
  EXPECT_EQ(TakeAll(*third, &last), kCallBytes) << "what one requested is not what one approved";
}

TEST_F(ExportBudgets, I5_ManyAtOnceGetNoMoreThanOneAfterAnother) {
  Allow(100, 3 * kCallBytes);
  const auto approved = Export(site_, "supervisor", "supervisor-2", calls_);
  ASSERT_TRUE(approved.ok()) << approved.status();
  std::vector<TakenObject> taken(12);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < taken.size(); ++i) {
    threads.emplace_back([&, i] { taken[i] = TakeObject(site_, "supervisor", approved->id(), calls_[i % kCalls]); });
  }
  for (std::thread& thread : threads) thread.join();
  uint64_t bytes = 0;
  for (const TakenObject& one : taken) bytes += one.status.ok() ? AudioOf(OpenObject(one.sealed)).size() : 0;
  uint64_t logged = 0;
  for (const LoggedEntry& entry : LogOf(site_)) {
    if (entry.leaf.action() == v1::DELIVERED && !entry.leaf.export_id().empty()) logged += entry.leaf.delivered_bytes();
  }
  EXPECT_LE(bytes, logged) << "what was begun and cut by the alarm counts too";
  EXPECT_LE(logged, 3 * kCallBytes);
  EXPECT_GT(bytes, 0u);
}

TEST_F(ExportBudgets, I10_SoManyMayWaitAndNotOneMore) {
  Allow(100, 100'000'000);
  std::string id;
  for (size_t i = 0; i < access::kOpenExportsOfPersonMax; ++i) {
    const auto requested = RequestExport(site_, "supervisor", ExportRequestOf({calls_[0]}));
    ASSERT_TRUE(requested.ok()) << requested.status();
    id = requested->id();
  }
  const absl::Status refused = RequestExport(site_, "supervisor", ExportRequestOf({calls_[0]})).status();
  ExpectRefused(site_, refused, v1::EXPORT_REQUEST, "open-exports");
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(RequestExport(site_, "supervisor-2", ExportRequestOf({calls_[0]})).ok());
  ASSERT_TRUE(RevokeExport(site_, "supervisor", id).ok());
  EXPECT_TRUE(RequestExport(site_, "supervisor", ExportRequestOf({calls_[0]})).ok());
  v1::ListExportsRequest page;
  page.set_page_size(4);
  std::set<std::string> listed;
  do {
    const auto some = ListExports(site_, "security", page);
    ASSERT_TRUE(some.ok()) << some.status();
    for (const v1::Export& one : some->exports()) EXPECT_TRUE(listed.insert(one.id()).second);
    page.set_page_token(some->next_page_token());
  } while (!page.page_token().empty());
  EXPECT_EQ(listed.size(), access::kOpenExportsOfPersonMax + 1);
}

// An object of more than the transport holds, begun and not read.
class HeldObject {
 public:
  HeldObject(const Site& site, const v1::Export& kept) : stub_(v1::Exports::NewStub(site.ConnectAs(kept.account()))) {
    v1::TakeExportRequest request;
    request.set_id(kept.id());
    request.set_recording_id(kept.recording_ids(0));
    context_.set_deadline(std::chrono::system_clock::now() + kAnswerPatience);
    reader_ = stub_->Take(&context_, request);
    v1::TakeExportResponse header;
    EXPECT_TRUE(reader_->Read(&header));
  }
  uint64_t ReadOn() {
    v1::TakeExportResponse response;
    uint64_t bytes = 0;
    while (reader_->Read(&response)) bytes += response.sealed().size();
    return bytes;
  }
  absl::Status Finish() { return rpc::FromGrpc(reader_->Finish()); }

 private:
  std::unique_ptr<v1::Exports::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::TakeExportResponse>> reader_;
};

class ExportCut : public ExportBudgets, public ::testing::WithParamInterface<bool> {};

// Revoked, or its recipient gone from the policy.
TEST_P(ExportCut, I5_InTheMiddleTheObjectEndsEvenIfNobodyReads) {
  constexpr size_t kLongBytes = 4'000'000;
  Allow(100, 100'000'000);
  const std::string call = Record(site_, "long", kLongBytes);
  const auto approved = Export(site_, "supervisor", "supervisor-2", {call});
  ASSERT_TRUE(approved.ok()) << approved.status();
  HeldObject object(site_, *approved);
  if (GetParam()) {
    ASSERT_TRUE(RevokeExport(site_, "supervisor-2", approved->id()).ok());
  } else {
    ASSERT_EQ(site_.LoadPolicy(policy::NoteForTest(policy::TextForTest(++serial_))), absl::OkStatus());
  }
  // The gateway closes it though the client reads nothing: its entry comes.
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (LastOf(site_, v1::DELIVERED).leaf.outcome().empty() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(20));
  const LoggedEntry closed = LastOf(site_, v1::DELIVERED);
  EXPECT_EQ(closed.leaf.outcome(), "FAILED_PRECONDITION");
  EXPECT_TRUE(closed.leaf.object_sha256().empty());
  const uint64_t got = object.ReadOn();
  EXPECT_EQ(object.Finish().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_LT(got, kLongBytes / 4);
  EXPECT_EQ(ShowExport(site_, "supervisor", approved->id())->taken_size(), 0) << "nothing of it counts";
}

INSTANTIATE_TEST_SUITE_P(RevokedOrWithoutRecipient, ExportCut, ::testing::Bool());

TEST(ExportsAcrossAKill, I3_I4_WhatWasTakenStaysTakenAndTheLedgerAddsUp) {
  Site site;
  ASSERT_EQ(site.Init(), absl::OkStatus());
  ASSERT_EQ(site.StartProcess(), absl::OkStatus());
  ASSERT_EQ(site.EnrolEverybody(), absl::OkStatus());
  ASSERT_EQ(site.Enrol("supervisor-2", v1::SUPERVISOR), absl::OkStatus());
  const auto named = [](v1::Policy* policy) { NameRecipient(policy, 100, 3 * kCallBytes); };
  ASSERT_EQ(site.LoadPolicy(policy::NoteForTest(policy::TextForTest(2, named))), absl::OkStatus());
  const std::vector<std::string> calls = {Record(site, "call-1"), Record(site, "call-2"), Record(site, "long", 4'000'000)};
  const auto approved = Export(site, "supervisor", "supervisor-2", calls);
  ASSERT_TRUE(approved.ok()) << approved.status();
  const TakenObject first = TakeObject(site, "supervisor", approved->id(), calls[0]);
  ASSERT_EQ(first.status, absl::OkStatus());
  site.Signal(SIGKILL);
  EXPECT_EQ(site.WaitForProcess(), -SIGKILL);
  ASSERT_EQ(site.StartProcess(), absl::OkStatus());
  EXPECT_EQ(TakeObject(site, "supervisor", approved->id(), calls[2]).status.code(), absl::StatusCode::kResourceExhausted)
      << "a kill refills nothing";
  ASSERT_EQ(TakeObject(site, "supervisor", approved->id(), calls[1]).status, absl::OkStatus());
  const auto shown = ShowExport(site, "supervisor", approved->id());
  ASSERT_TRUE(shown.ok()) << shown.status();
  ASSERT_EQ(shown->taken_size(), 2);
  EXPECT_EQ(shown->taken(0).sha256(), first.object->sha256());
  ASSERT_TRUE(RevokeExport(site, "security", approved->id()).ok());
  site.Signal(SIGKILL);
  EXPECT_EQ(site.WaitForProcess(), -SIGKILL);
  ASSERT_EQ(site.StartProcess(), absl::OkStatus());
  EXPECT_EQ(TakeObject(site, "supervisor", approved->id(), calls[1]).status.code(), absl::StatusCode::kFailedPrecondition);
  site.Signal(SIGTERM);
  ASSERT_EQ(site.WaitForProcess(), 0);
  EXPECT_EQ(site.Otokurad("fsck"), 0) << site.said();
}

}  // namespace
}  // namespace otokura::integration
