// The whole machine copied, keys and all, and the copy run beside the original: a witness that both need knows only one of them, and the
// two together let no more leave than one budget.
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "tests/fault/loot.h"
#include "tests/fault/timed_site.h"
#include "tests/integration/anchor_port.h"
#include "tests/integration/anchored_site.h"

namespace otokura::fault {
namespace {

using integration::Site;

constexpr uint64_t kCallBytes = 30'000;
constexpr uint64_t kBytes = 100'000;
constexpr int kCalls = 6;
constexpr int kRaids = 3;

void Budgeted(v1::Policy* policy) {
  v1::RoleRule* const rule = policy::RuleOf(policy, v1::SUPERVISOR);
  rule->clear_budgets();
  for (const v1::Window window : {v1::DAY, v1::DAYS_30}) SetBudget(rule, window, kCalls, kBytes);
}

class SnapshotEvasion : public integration::AnchoredSiteTest {
 protected:
  void StealFrom(const Site& site, Loot* loot) {
    const auto channel = site.ConnectAs("supervisor");
    for (const std::string& call : calls_) loot->Add(call, integration::Download(channel, call, {}).audio.size());
  }

  std::vector<std::string> calls_;
};

TEST_F(SnapshotEvasion, I5_ACopyBesideTheOriginalAddsNothing) {
  integration::WitnessPort witness(integration::LogKey(site_));
  ASSERT_NO_FATAL_FAILURE(StartWith(witness.Config()));
  ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
  ASSERT_EQ(site_.LoadPolicy(policy::NoteForTest(policy::TextForTest(2, Budgeted))), absl::OkStatus());
  for (int i = 0; i < kCalls; ++i) {
    const auto sealed = integration::RecordCall(site_.ConnectAs("recorder"), integration::OpenRequest("call-" + std::to_string(i)),
                                                integration::Speech(kCallBytes));
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    calls_.push_back(sealed->recording_id());
  }
  recording_ = calls_[0];
  Loot loot;
  const auto hears = [&](Site& site) {
    const auto got = integration::Download(site.ConnectAs("supervisor"), recording_, {0, 1});
    loot.Add(recording_, got.audio.size());
    return got.status.ok();
  };
  ASSERT_TRUE(integration::Eventually([&] { return hears(site_); }));
  site_.Stop();
  Site copy;
  copy.config() = site_.config();
  copy.config().set_data_dir(copy.folder() + "/data");
  copy.config().set_key_store_dir(copy.folder() + "/keys");
  copy.config().set_address_file(copy.folder() + "/address");
  for (const char* part : {"/data", "/keys"}) {
    std::filesystem::copy(site_.folder() + part, copy.folder() + part, std::filesystem::copy_options::recursive);
  }
  ASSERT_EQ(site_.Start(), absl::OkStatus());
  ASSERT_TRUE(integration::Eventually([&] { return hears(site_); }));
  ASSERT_EQ(copy.Start(), absl::OkStatus());
  Loot of_copy;
  std::thread beside([&] {
    for (int raid = 0; raid < kRaids; ++raid) StealFrom(copy, &of_copy);
  });
  for (int raid = 0; raid < kRaids; ++raid) StealFrom(site_, &loot);
  beside.join();
  EXPECT_EQ(of_copy.bytes(), 0u);
  EXPECT_LE(loot.bytes(), kBytes);
  EXPECT_GT(loot.bytes(), kBytes - kCallBytes) << "the original goes on";
  EXPECT_TRUE(integration::RecordCall(copy.ConnectAs("recorder"), integration::OpenRequest("after"), integration::Speech(kCallBytes)).ok())
      << "I11";
  site_.Stop();
  EXPECT_EQ(site_.Otokurad("fsck"), 0) << site_.said();
}

}  // namespace
}  // namespace otokura::fault
