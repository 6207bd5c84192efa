// Refusals as fast as connections carry them, from a known account, a recorder and a stranger, while others work.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "server/access/refusal_floods.h"
#include "tests/integration/clients.h"
#include "tests/integration/site.h"

namespace otokura::integration {
namespace {

constexpr int kRefusalsEach = 1500;

TEST(Floods, I10_AreBoundedInTheLogAndHonestAboutTheCountsAndStopNobodyWhoMay) {
  Site site;
  ASSERT_EQ(site.Init(), absl::OkStatus());
  ASSERT_EQ(site.Start(), absl::OkStatus());
  ASSERT_EQ(site.EnrolEverybody(), absl::OkStatus());
  const auto recorder = site.ConnectAs("recorder"), other_recorder = site.ConnectAs("recorder");
  const auto contractor = site.ConnectAs("contractor"), stranger = site.ConnectAs("stranger");
  const auto an_operator = site.ConnectAs("operator");
  const std::string speech = Speech(20000);
  const auto sealed = RecordCall(recorder, OpenRequest("before"), speech);
  ASSERT_TRUE(sealed.ok()) << sealed.status();

  std::atomic<int> throttled{0};
  std::vector<std::thread> floods;
  floods.emplace_back([&] {
    for (int i = 0; i < kRefusalsEach; ++i) {
      const absl::StatusCode told = Listen(contractor, sealed->recording_id(), {}).status.code();
      EXPECT_TRUE(told == absl::StatusCode::kPermissionDenied || told == absl::StatusCode::kResourceExhausted) << told;
      throttled += told == absl::StatusCode::kResourceExhausted ? 1 : 0;
    }
  });
  floods.emplace_back([&] {
    for (int i = 0; i < kRefusalsEach; ++i)
      EXPECT_EQ(Search(stranger, SearchFor(v1::CALL_ID, "x")).status().code(), absl::StatusCode::kUnauthenticated);
  });
  floods.emplace_back([&] {
    v1::RecordRequest elsewhere = OpenRequest("elsewhere");
    elsewhere.mutable_open()->set_centre(kOtherCentre);
    for (int i = 0; i < kRefusalsEach; ++i) EXPECT_EQ(RecordError(other_recorder, {elsewhere}).code(), absl::StatusCode::kPermissionDenied);
  });
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(RecordCall(recorder, OpenRequest("during-" + std::to_string(i)), speech).ok()) << "I11: the refused recorder's own calls";
    EXPECT_EQ(Listen(an_operator, sealed->recording_id(), {0, 8000}).status, absl::OkStatus());
  }
  for (std::thread& flood : floods) flood.join();
  EXPECT_GT(throttled, 0);

  site.Stop();  // writes what is still only counted
  ASSERT_EQ(site.Start(), absl::OkStatus());
  const auto log = ReadLog(site.ConnectAs("auditor"));
  ASSERT_TRUE(log.ok()) << log.status();
  uint64_t refusals = 0, entries = 0, of_contractor = 0;
  for (const LoggedEntry& entry : *log) {
    if (entry.leaf.decision() != v1::DENIED) continue;
    ++entries;
    const uint64_t times = std::max<uint64_t>(entry.leaf.rows(), 1);
    refusals += times;
    if (entry.details.account().value() == "contractor") of_contractor += times;
  }
  EXPECT_EQ(refusals, 3u * kRefusalsEach);
  EXPECT_EQ(of_contractor, uint64_t{kRefusalsEach});
  // Entries and a summary for every minute that this took, which on a busy machine may be several.
  const auto minutes = static_cast<uint64_t>((log->back().leaf.time_unix_us() - log->front().leaf.time_unix_us()) / 60'000'000) + 2;
  EXPECT_LE(entries, minutes * (2 * (access::kAccountRefusalsPerMinute + 1) + access::kAddressRefusalsPerMinute + 1));
}

}  // namespace
}  // namespace otokura::integration
