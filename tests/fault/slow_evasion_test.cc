// A patient thief: 400 days, twice a day as much as it can get, under two accounts of one person. In no span of a window's length more than
// the budget, added up by the receiver alone.
#include <gtest/gtest.h>

#include <array>
#include <iostream>
#include <random>
#include <set>
#include <vector>

#include "tests/fault/timed_site.h"
#include "tests/integration/rehearsal_calls.h"

namespace otokura::fault {
namespace {

constexpr int kDays = 400;
constexpr int kCertificateDays = 600;
constexpr int kCalls = 48;
constexpr int kCallers = 24;
constexpr uint64_t kCallBytes = 16'000;
constexpr int kTriesARaid = 5;
constexpr absl::Duration kUpkeepPatience = absl::Seconds(150);  // the gateway makes the new year's key once a minute

struct WindowBudget {
  v1::Window window;
  absl::Duration length;
  uint64_t recordings, callers, audio_bytes;
};
constexpr std::array<WindowBudget, 4> kBudgets = {{
    {v1::HOUR, absl::Hours(1), 2, 2, 30'000},
    {v1::DAY, absl::Hours(24), 3, 3, 40'000},
    {v1::DAYS_30, absl::Hours(24 * 30), 20, 15, 400'000},
    {v1::DAYS_365, absl::Hours(24 * 365), 40, 20, 2'500'000},
}};

void Budgeted(v1::Policy* policy) {
  v1::RoleRule* const rule = policy::RuleOf(policy, v1::OPERATOR);
  rule->clear_budgets();
  for (const WindowBudget& budget : kBudgets) {
    SetBudget(rule, budget.window, budget.recordings, budget.audio_bytes);
    rule->mutable_budgets()->rbegin()->set_callers(budget.callers);
  }
}

// What arrived, and when.
struct Arrived {
  absl::Duration at;
  int call;
  uint64_t bytes;
};

class SlowEvasion : public ::testing::Test {
 protected:
  void SetUp() override {
    std::cout << "seed " << seed_ << std::endl;
    for (const char* account : {"operator", "operator-2", "auditor", "security", "admin"}) {
      integration::Pki::Ours().IssueFor(account, kCertificateDays);
    }
    at_.SetUp(Budgeted);
    v1::AddAccountRequest second = integration::AccountRequest("operator-2", v1::OPERATOR);
    second.mutable_account()->set_person_id(integration::AccountRequest("operator", v1::OPERATOR).account().person_id());
    ASSERT_EQ(at_.site().Enrol(second), absl::OkStatus());
    for (int i = 0; i < kCalls; ++i) {
      calls_.push_back(at_.Record("call-" + std::to_string(i), kCallBytes, "0900000" + std::to_string(1000 + i % kCallers)));
    }
    for (const char* account : {"operator", "operator-2"}) channels_.push_back(at_.site().ConnectAs(account));
  }
  // Until the gateway has the year's key it releases nothing at all: the thief waits.
  void Hear(int call, integration::Range range) {
    const absl::Time deadline = absl::Now() + kUpkeepPatience;
    for (;;) {
      const auto got = integration::Listen(channels_[random_() % channels_.size()], calls_[static_cast<size_t>(call)], range);
      if (!got.audio.empty()) arrived_.push_back({at_.up(), call, got.audio.size()});
      if (!absl::IsUnavailable(got.status)) return;
      ASSERT_LT(absl::Now(), deadline) << got.status;
      absl::SleepFor(absl::Seconds(1));
    }
  }
  void Raid() {
    for (int i = 0; i < kTriesARaid; ++i) {
      const uint64_t offset = random_() % 3 == 0 ? random_() % kCallBytes : 0;
      ASSERT_NO_FATAL_FAILURE(Hear(static_cast<int>(random_() % kCalls), {offset, 0}));
    }
  }
  // The most that arrived in any span of that length, whichever came last in it.
  WindowBudget MostIn(const WindowBudget& window) const {
    WindowBudget most = {window.window, window.length, 0, 0, 0};
    for (size_t last = 0; last < arrived_.size(); ++last) {
      std::set<int> calls, callers;
      uint64_t bytes = 0;
      for (size_t i = last + 1; i-- > 0 && arrived_[last].at - arrived_[i].at < window.length;) {
        calls.insert(arrived_[i].call);
        callers.insert(arrived_[i].call % kCallers);
        bytes += arrived_[i].bytes;
      }
      most.recordings = std::max<uint64_t>(most.recordings, calls.size());
      most.callers = std::max<uint64_t>(most.callers, callers.size());
      most.audio_bytes = std::max(most.audio_bytes, bytes);
    }
    return most;
  }

  const unsigned seed_ = std::random_device{}();
  std::mt19937 random_{seed_};
  TimedSite at_;
  std::vector<std::string> calls_;
  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  std::vector<Arrived> arrived_;
};

TEST_F(SlowEvasion, I5_FourHundredDaysOfPatience) {
  for (int day = 0; day < kDays; ++day) {
    const absl::Duration until = absl::Minutes(random_() % (12 * 60));
    at_.Advance(until);
    ASSERT_NO_FATAL_FAILURE(Raid());
    at_.Advance(absl::Hours(12));
    ASSERT_NO_FATAL_FAILURE(Raid());
    at_.Advance(absl::Hours(12) - until);
  }
  uint64_t bytes = 0;
  for (const Arrived& arrived : arrived_) bytes += arrived.bytes;
  for (const WindowBudget& budget : kBudgets) {
    const WindowBudget most = MostIn(budget);
    std::cout << v1::Window_Name(budget.window) << ": " << most.recordings << " recordings, " << most.callers << " callers, "
              << most.audio_bytes << " bytes" << std::endl;
    EXPECT_LE(most.recordings, budget.recordings) << v1::Window_Name(budget.window);
    EXPECT_LE(most.callers, budget.callers) << v1::Window_Name(budget.window);
    EXPECT_LE(most.audio_bytes, budget.audio_bytes) << v1::Window_Name(budget.window);
  }
  EXPECT_GT(bytes, kBudgets[3].audio_bytes / 2) << "a thief who gets nothing shows nothing";
  const auto log = integration::ReadLog(at_.site().ConnectAs("auditor"));
  ASSERT_TRUE(log.ok()) << log.status();
  uint64_t delivered = 0;
  for (const auto& entry : *log) delivered += entry.leaf.action() == v1::DELIVERED ? entry.leaf.delivered_bytes() : 0;
  EXPECT_EQ(delivered, bytes) << "the log tells it to the byte";
  // The entries of the last 400 days alone, from empty windows: whoever was let then is let again.
  integration::ExpectNobodyStopped(at_.site(), policy::TextForTest(2, Budgeted), arrived_.size() / 2);
  at_.ExpectWhole();
}

}  // namespace
}  // namespace otokura::fault
