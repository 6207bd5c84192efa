// Somebody sets clocks for a thief, or puts an older copy of the disk back: nothing more leaves, what ended stays ended, and calls are
// taken in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "otokura/v1/case.grpc.pb.h"
#include "server/access/contract_checks.h"
#include "tests/fault/loot.h"
#include "tests/fault/timed_site.h"
#include "tests/integration/grant_calls.h"
#include "tests/integration/log_of.h"

namespace otokura::fault {
namespace {

constexpr uint64_t kCallBytes = 30'000;
constexpr uint64_t kBytes = 100'000;  // in any window
constexpr uint64_t kRecordings = 6;
constexpr int kCalls = 8;
constexpr absl::Duration kDay = absl::Hours(24);

void Budgeted(v1::Policy* policy) {
  v1::RoleRule* const rule = policy::RuleOf(policy, v1::SUPERVISOR);
  rule->clear_budgets();
  for (const v1::Window window : {v1::HOUR, v1::DAY, v1::DAYS_30, v1::DAYS_365}) SetBudget(rule, window, kRecordings, kBytes);
}

class ClockEvasion : public ::testing::Test {
 protected:
  void SetUp() override { at_.SetUp(Budgeted); }
  void RecordCalls() {
    for (int i = 0; i < kCalls; ++i) calls_.push_back(at_.Record("call-" + std::to_string(i), kCallBytes));
  }
  // Whole calls, then ever smaller pieces of each.
  void Steal() {
    const auto channel = at_.site().ConnectAs("supervisor");
    for (uint64_t length = kCallBytes; length > 0; length /= 16) {
      for (const std::string& call : calls_) {
        const auto got = integration::Download(channel, call, {0, length});
        loot_.Add(call, got.audio.size());
      }
    }
  }
  integration::Retrieved HearGranted(const std::string& call) {
    return integration::Listen(at_.site().ConnectAs("contractor"), call, {}, "maintenance");
  }
  absl::Status HearAs(const std::string& account, const std::string& call) {
    return integration::Listen(at_.site().ConnectAs(account), call, {}).status;
  }

  TimedSite at_;
  std::vector<std::string> calls_;
  Loot loot_;
};

TEST_F(ClockEvasion, I5_AClockThatIsSetWhileItRunsFreesNothing) {
  RecordCalls();
  Steal();
  const uint64_t before = loot_.bytes();
  EXPECT_GT(before, kBytes / 2);
  for (const absl::Duration step : {400 * kDay, -800 * kDay, 400 * kDay}) {
    at_.StepWall(step);
    Steal();
    EXPECT_LE(loot_.bytes(), kBytes);
  }
  EXPECT_LE(loot_.recordings(), kRecordings);
  EXPECT_GE(integration::Count(integration::LogOf(at_.site()), v1::CLOCK_STEP), 2);
  at_.ExpectWhole();
}

TEST_F(ClockEvasion, I5_AClockThatIsSetBeforeAStartFreesNothing) {
  RecordCalls();
  Steal();
  for (const absl::Duration wall : {2 * kDay, 20 * kDay, kDay, absl::ZeroDuration(), 28 * kDay}) {
    ASSERT_EQ(at_.RestartAt(at_.start() + wall), absl::OkStatus());
    Steal();
    EXPECT_LE(loot_.bytes(), kBytes) << "the wall clock at " << wall;
  }
  EXPECT_LE(loot_.recordings(), kRecordings);
  at_.ExpectWhole();
}

TEST_F(ClockEvasion, I5_AnExpiredGrantStaysExpired) {
  RecordCalls();
  ASSERT_EQ(at_.RestartAt(at_.start() + 3 * kDay), absl::OkStatus());
  const auto granted = integration::Grant(at_.site(), "contractor", "supervisor", {calls_[0]});
  ASSERT_TRUE(granted.ok()) << granted.status();
  EXPECT_EQ(HearGranted(calls_[0]).status, absl::OkStatus());
  at_.Advance(absl::Hours(1));
  EXPECT_EQ(HearGranted(calls_[0]).status.code(), absl::StatusCode::kNotFound) << "expired";
  at_.StepWall(-absl::Hours(2));
  EXPECT_EQ(HearGranted(calls_[0]).status.code(), absl::StatusCode::kNotFound) << "set back while it runs";
  for (const absl::Duration wall : {3 * kDay, 2 * kDay, absl::ZeroDuration()}) {
    ASSERT_EQ(at_.RestartAt(at_.start() + wall), absl::OkStatus());
    EXPECT_EQ(HearGranted(calls_[0]).audio, "") << "set back to " << wall;
    EXPECT_EQ(HearGranted(calls_[0]).status.code(), absl::StatusCode::kNotFound);
  }
  at_.ExpectWhole();
}

TEST_F(ClockEvasion, I5_AnExpiredContractStaysExpired) {
  RecordCalls();
  v1::Contract terms = integration::ContractTerms("short");
  terms.set_last_day(absl::FormatCivilTime(access::DayOf(at_.now()) + 1));
  ASSERT_EQ(at_.site().Conclude(terms), absl::OkStatus());
  v1::AddAccountRequest request = integration::AccountRequest("short-term", v1::CONTRACTOR);
  request.mutable_account()->set_contract("short");
  ASSERT_EQ(at_.site().Enrol(request), absl::OkStatus());
  const auto hear = [this] { return integration::Listen(at_.site().ConnectAs("short-term"), calls_[0], {}, "maintenance").status; };
  ASSERT_TRUE(integration::Grant(at_.site(), "short-term", "supervisor", {calls_[0]}, 24).ok());
  EXPECT_EQ(hear(), absl::OkStatus());
  at_.Advance(3 * kDay);
  EXPECT_EQ(hear().code(), absl::StatusCode::kPermissionDenied) << "ended";
  for (const absl::Duration wall : {2 * kDay, absl::ZeroDuration()}) {
    ASSERT_EQ(at_.RestartAt(at_.start() + wall), absl::OkStatus());
    EXPECT_EQ(hear().code(), absl::StatusCode::kPermissionDenied) << "set back to " << wall;
  }
  at_.ExpectWhole();
}

TEST_F(ClockEvasion, I6_AnExpiredCaseStaysExpired) {
  RecordCalls();
  const auto demanding = [](v1::Policy* policy) {
    for (v1::PurposeRule& purpose : *policy->mutable_purposes()) {
      if (purpose.name() != "inquiry") continue;
      purpose.add_case_demanded_of(v1::OPERATOR);
      purpose.clear_own_calls_hours();
    }
  };
  ASSERT_EQ(at_.site().LoadPolicy(policy::NoteForTest(policy::TextForTest(3, demanding))), absl::OkStatus());
  EXPECT_FALSE(HearAs("operator", calls_[0]).ok()) << "no case yet";
  v1::OpenCaseRequest open;
  open.set_name("C-1");
  open.add_purposes("inquiry");
  open.add_recording_ids(calls_[0]);
  open.set_days(1);
  open.set_reason("asks for a correction");
  v1::OpenCaseResponse opened;
  ASSERT_EQ(at_.site().AskAs("supervisor", &v1::Cases::Stub::Open, open, &opened), absl::OkStatus());
  const auto hear = [this] {
    v1::Access::Stub stub(at_.site().ConnectAs("operator"));
    grpc::ClientContext context;
    v1::RetrieveRequest request;
    request.set_recording_id(calls_[0]);
    request.mutable_justification()->set_purpose("inquiry");
    request.mutable_justification()->set_reference("C-1");
    const auto reader = stub.Listen(&context, request);
    v1::RetrieveResponse response;
    while (reader->Read(&response)) continue;
    return rpc::FromGrpc(reader->Finish());
  };
  EXPECT_EQ(hear(), absl::OkStatus());
  at_.Advance(2 * kDay);
  const absl::Status ended = hear();
  EXPECT_FALSE(ended.ok());
  for (const absl::Duration wall : {kDay, absl::ZeroDuration()}) {
    ASSERT_EQ(at_.RestartAt(at_.start() + wall), absl::OkStatus());
    EXPECT_EQ(hear(), ended) << "set back to " << wall;
  }
  at_.ExpectWhole();
}

// The recorder's certificate is over by the time that the clock once showed, and good by the right one.
TEST_F(ClockEvasion, I11_CallsAreTakenInOnceAClockThatWasAheadIsPutRight) {
  integration::Pki::Ours().IssueFor("switchboard", 10);
  ASSERT_EQ(at_.site().Enrol("switchboard", v1::RECORDER), absl::OkStatus());
  const auto record = [this](const std::string& call_id) {
    return integration::RecordCall(at_.site().ConnectAs("switchboard"), integration::OpenRequest(call_id), integration::Speech(kCallBytes))
        .status();
  };
  EXPECT_EQ(record("before"), absl::OkStatus());
  ASSERT_EQ(at_.RestartAt(at_.start() + 20 * kDay), absl::OkStatus());
  EXPECT_FALSE(record("ahead").ok()) << "its certificate is over";
  EXPECT_FALSE(at_.Record("ahead-2", kCallBytes).empty()) << "another's is not; and the log has that time now";
  ASSERT_EQ(at_.RestartAt(at_.start() + absl::Hours(1)), absl::OkStatus());
  EXPECT_EQ(record("after"), absl::OkStatus());
  at_.ExpectWhole();
}

// The data folder as it was before the theft, put back in its place: the key store remembers the log.
TEST_F(ClockEvasion, I5_AnOldCopyOfTheDataReleasesNothing) {
  namespace fs = std::filesystem;
  RecordCalls();
  at_.Stop();
  const std::string data = at_.site().config().data_dir(), kept = at_.site().folder() + "/kept";
  fs::copy(data, kept, fs::copy_options::recursive);
  ASSERT_EQ(at_.StartAgain(), absl::OkStatus());
  Steal();
  const uint64_t stolen = loot_.bytes();
  EXPECT_GT(stolen, kBytes / 2);
  at_.Stop();
  fs::remove_all(data);
  fs::copy(kept, data, fs::copy_options::recursive);
  ASSERT_EQ(at_.StartAgain(), absl::OkStatus());
  Steal();
  EXPECT_EQ(loot_.bytes(), stolen) << "not a byte more";
  EXPECT_FALSE(HearAs("operator", calls_[0]).ok());
  EXPECT_FALSE(at_.Record("after", kCallBytes).empty()) << "I11";
}

}  // namespace
}  // namespace otokura::fault
