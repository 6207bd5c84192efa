// A thief with real connections against a budget: many streams at once, ranges, repeats, cancelled reads, two accounts of one person, kill
// -9 between reads. What counts is what the receiver got, to the byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <random>
#include <thread>

#include "tests/fault/loot.h"
#include "tests/integration/clients.h"
#include "tests/integration/rehearsal_calls.h"
#include "tests/integration/site.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::fault {
namespace {

using integration::Retrieved;

constexpr uint64_t kBytes = 400'000;  // in 30 days
constexpr uint64_t kRecordings = 5;   // a day
constexpr uint64_t kCallBytes = 60'000;
constexpr int kCalls = 12;
constexpr int kThreads = 16;
constexpr int kAttemptsEach = 8;
constexpr int kKills = 4;
constexpr uint32_t kStreamsOfAnAccount = 64;

void Budgeted(v1::Policy* policy) {
  v1::RoleRule* const rule = policy::RuleOf(policy, v1::SUPERVISOR);
  rule->clear_budgets();
  for (const v1::Window window : {v1::DAY, v1::DAYS_30}) {
    v1::Budget* const budget = rule->add_budgets();
    budget->set_window(window);
    budget->set_recordings(kRecordings);
    budget->set_audio_bytes(kBytes);
  }
}

class BudgetEvasion : public ::testing::Test {
 protected:
  void SetUp() override {
    site_.config().mutable_limits()->set_retrievals_per_account_max(kStreamsOfAnAccount);
    ASSERT_EQ(site_.Init(), absl::OkStatus());
    ASSERT_EQ(site_.StartProcess(), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
    v1::AddAccountRequest second = integration::AccountRequest("operator-2", v1::SUPERVISOR);
    second.mutable_account()->set_person_id(integration::AccountRequest("supervisor", v1::SUPERVISOR).account().person_id());
    ASSERT_EQ(site_.Enrol(second), absl::OkStatus());
    ASSERT_EQ(site_.LoadPolicy(policy::NoteForTest(policy::TextForTest(2, Budgeted))), absl::OkStatus());
    for (int i = 0; i < kCalls; ++i) {
      const auto sealed = integration::RecordCall(site_.ConnectAs("recorder"), integration::OpenRequest("call-" + std::to_string(i)),
                                                  integration::Speech(kCallBytes, static_cast<uint32_t>(i)));
      ASSERT_TRUE(sealed.ok()) << sealed.status();
      calls_.push_back(sealed->recording_id());
    }
    seed_ = std::random_device{}();
    std::cout << "seed " << seed_ << std::endl;
  }
  // Some range of some call, heard or downloaded.
  void Steal(const std::string& account, std::mt19937& random, Loot* loot) {
    const std::string& call = calls_[random() % calls_.size()];
    const uint64_t offset = random() % kCallBytes;
    const integration::Range range{offset, random() % 3 == 0 ? 0 : 1 + random() % (kCallBytes - offset)};
    const auto read = random() % 2 == 0 ? integration::Listen : integration::Download;
    const Retrieved got = read(site_.ConnectAs(account), call, range, "inquiry");
    loot->Add(call, got.audio.size());
    if (absl::IsPermissionDenied(got.status)) Restore(account);
  }
  // An officer whom the thief talked round: whoever races a budget is suspended, and a suspension that is lifted refills nothing.
  void Restore(const std::string& account) {
    v1::RestoreAccountRequest request;
    request.set_name(account);
    request.set_reason("says it was not them");
    v1::RestoreAccountResponse response;
    site_.AskAs("security", &v1::Admin::Stub::RestoreAccount, request, &response).IgnoreError();
  }
  // Ever smaller pieces of what was heard before, until nothing more comes.
  void Scrape(Loot* loot) {
    for (uint64_t length = 16'384; length > 0; length /= 4) {
      for (const std::string& call : calls_) {
        const Retrieved got = integration::Download(site_.ConnectAs("supervisor"), call, {0, length});
        loot->Add(call, got.audio.size());
        if (absl::IsPermissionDenied(got.status)) Restore("supervisor");
      }
    }
  }
  void ExpectTheLogTellsIt(const Loot& loot, bool killed) {
    const auto log = integration::ReadLog(site_.ConnectAs("security"));
    ASSERT_TRUE(log.ok()) << log.status();
    uint64_t delivered = 0, refused = 0;
    for (const auto& entry : *log) {
      if (entry.leaf.action() == v1::DELIVERED) delivered += entry.leaf.delivered_bytes();
      refused += entry.leaf.decision() == v1::DENIED && entry.leaf.rule() == "budget" ? 1 : 0;
    }
    if (!killed) {  // what was on its way when the thief hung up is in neither
      EXPECT_GE(delivered, loot.bytes());
    }
    EXPECT_GT(refused, 0u);
    integration::ExpectNobodyStopped(site_, policy::TextForTest(2, Budgeted), 1);
    site_.Signal(SIGTERM);
    ASSERT_EQ(site_.WaitForProcess(), 0);
    EXPECT_EQ(site_.Otokurad("fsck"), 0) << site_.said();
  }

  integration::Site site_;
  std::vector<std::string> calls_;
  unsigned seed_ = 0;
};

TEST_F(BudgetEvasion, I5_ManyStreamsRangesAndTwoAccountsOfOnePerson) {
  Loot loot;
  std::vector<std::thread> thieves;
  for (int thief = 0; thief < kThreads; ++thief) {
    thieves.emplace_back([&, thief] {
      std::mt19937 random(seed_ + static_cast<unsigned>(thief));
      for (int i = 0; i < kAttemptsEach; ++i) Steal(thief % 2 == 0 ? "supervisor" : "operator-2", random, &loot);
    });
  }
  for (std::thread& thief : thieves) thief.join();
  EXPECT_LE(loot.bytes(), kBytes);
  EXPECT_LE(loot.recordings(), kRecordings);
  EXPECT_GT(loot.bytes(), 0u);
  ExpectTheLogTellsIt(loot, false);
}

TEST_F(BudgetEvasion, I5_KilledBetweenReadsAndScrapedToTheLastByte) {
  Loot loot;
  std::mt19937 random(seed_);
  for (int kill = 0; kill < kKills; ++kill) {
    std::atomic<int> begun{0};
    std::vector<std::thread> thieves;
    for (int thief = 0; thief < 4; ++thief) {
      thieves.emplace_back([&, own = std::mt19937(random())]() mutable {
        for (int i = 0; i < 3; ++i) {
          ++begun;
          Steal("supervisor", own, &loot);
        }
      });
    }
    const int when = static_cast<int>(random() % 10);
    while (begun < when) std::this_thread::yield();
    site_.Signal(SIGKILL);
    EXPECT_EQ(site_.WaitForProcess(), -SIGKILL);
    for (std::thread& thief : thieves) thief.join();
    ASSERT_EQ(site_.StartProcess(), absl::OkStatus());
  }
  Scrape(&loot);
  EXPECT_LE(loot.bytes(), kBytes);
  EXPECT_LE(loot.recordings(), kRecordings);
  EXPECT_GT(loot.bytes(), 0u);
  ExpectTheLogTellsIt(loot, true);
}

}  // namespace
}  // namespace otokura::fault
