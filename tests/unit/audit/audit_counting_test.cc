#include <algorithm>
#include <map>

#include "server/audit/queries.h"
#include "tests/unit/audit/log_site.h"

namespace otokura::audit {
namespace {

using Per = Counting::Per;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;

class CountingTest : public ::testing::Test {
 protected:
  void Put(v1::AuditAction action, const std::string& account, v1::AuditDecision decision = v1::ALLOWED, uint64_t bytes = 0,
           uint32_t rows = 0) {
    auto draft = DraftForTest(action);
    draft->leaf.set_decision(decision);
    draft->leaf.set_delivered_bytes(bytes);
    draft->leaf.set_rows(rows);
    draft->particulars.account = account;
    site_.Put(std::move(draft));
  }

  struct Sums {
    std::map<std::pair<int64_t, std::string>, uint64_t> times;
    uint64_t entries = 0, bytes = 0;
    int requests = 0;
  };
  // Request by request, as a client would; groups by the first value.
  Sums CountAll(Query query, const std::vector<IndexField>& by, Per per = Per::kAll) {
    Sums sums;
    do {
      Counting counting(site_.queries.get(), query, by, per);
      absl::StatusOr<bool> done = false;
      while (done.ok() && !*done) done = counting.Step(permit_);
      EXPECT_TRUE(done.ok()) << done.status();
      if (!done.ok()) break;
      for (const auto& [group, sum] : counting.groups()) {
        const std::string value = by.empty() ? "" : IndexValueText(by.front(), group.values.front());
        sums.times[{group.start_unix_us / 1'000'000, value}] += sum.times;
        sums.entries += sum.entries;
        sums.bytes += sum.delivered_bytes;
      }
      ++sums.requests;
      query.before = counting.next_before();
    } while (query.before != 0);
    return sums;
  }

  LogSite site_;
  keys::ReleasePermit permit_ = PermitForTest(access::Action::kCountAudit, v1::AUDITOR);
};

TEST_F(CountingTest, ByAccount) {
  Put(v1::LISTEN, "hanako");
  Put(v1::DELIVERED, "hanako", v1::NOTED, 500);
  Put(v1::DELIVERED, "taro", v1::NOTED, 70);
  const Sums sums = CountAll({}, {IndexField::kAccount});
  EXPECT_THAT(sums.times, ElementsAre(Pair(Pair(0, "hanako"), 2), Pair(Pair(0, "taro"), 1)));
  EXPECT_EQ(sums.bytes, 570u);
}

TEST_F(CountingTest, OnlyWhatMeetsTheConditions) {
  Put(v1::LISTEN, "hanako");
  Put(v1::SHOW, "hanako");
  Put(v1::LISTEN, "taro", v1::DENIED);
  const Sums sums = CountAll({.conditions = {ActionIs(v1::LISTEN), DecisionIs(v1::ALLOWED)}}, {IndexField::kAction});
  EXPECT_THAT(sums.times, ElementsAre(Pair(Pair(0, "LISTEN"), 1)));
}

TEST_F(CountingTest, PerHourAndDayInUtc) {
  const int64_t hour = absl::ToUnixSeconds(kTestStart) / 3600 * 3600;
  const int64_t day = hour / 86400 * 86400;
  Put(v1::SHOW, "hanako");
  site_.clock.Advance(absl::FromUnixSeconds(hour + 3600) - site_.clock.Now());
  Put(v1::SHOW, "hanako");
  site_.clock.Advance(absl::FromUnixSeconds(day + 86400) - site_.clock.Now() - absl::Microseconds(1));
  Put(v1::SHOW, "hanako");
  site_.clock.Advance(absl::Microseconds(1));
  Put(v1::SHOW, "hanako");
  EXPECT_THAT(CountAll({}, {}, Per::kHour).times, ElementsAre(Pair(Pair(hour, ""), 1), Pair(Pair(hour + 3600, ""), 1),
                                                              Pair(Pair(day + 86400 - 3600, ""), 1), Pair(Pair(day + 86400, ""), 1)));
  EXPECT_THAT(CountAll({}, {}, Per::kDay).times, ElementsAre(Pair(Pair(day, ""), 3), Pair(Pair(day + 86400, ""), 1)));
}

TEST_F(CountingTest, ASummaryOfAFloodCountsAsOftenAsTheRefusalsInIt) {
  Put(v1::CONNECTION_REFUSED, "", v1::DENIED);
  Put(v1::CONNECTION_REFUSED, "", v1::DENIED, 0, 490);
  Put(v1::SEARCH, "hanako", v1::ALLOWED, 0, 20);
  const Sums sums = CountAll({}, {IndexField::kDecision});
  EXPECT_THAT(sums.times, ElementsAre(Pair(Pair(0, "ALLOWED"), 1), Pair(Pair(0, "DENIED"), 491)));
  EXPECT_EQ(sums.entries, 3u);
}

TEST_F(CountingTest, I10_MoreGroupsThanOneAnswerHoldsAreCountedOverSeveralRequests) {
  constexpr int kEntries = 3000;
  static_assert(kEntries > Counting::kGroupsMax && kEntries > Counting::kStepEntriesMax);
  std::vector<storage::RecordCommit> commits;
  for (int i = 0; i < kEntries; ++i) {
    auto draft = DraftForTest(v1::SHOW);
    draft->particulars.account = "account-" + std::to_string(i);
    storage::RecordCommit commit;
    commit.entries.push_back(std::move(draft));
    site_.committer->Commit(std::move(commit));
  }
  site_.committer->Drain();
  const Sums sums = CountAll({}, {IndexField::kAccount});
  EXPECT_THAT(sums.times, SizeIs(kEntries));
  EXPECT_EQ(sums.entries, static_cast<uint64_t>(kEntries));
  EXPECT_EQ(sums.requests, 2);
  EXPECT_EQ(CountAll({}, {IndexField::kAction}).requests, 1);
}

TEST_F(CountingTest, I2_NothingIsCountedWithoutAPermit) {
  const keys::ReleasePermit audio = PermitForTest(access::Action::kListen, v1::OPERATOR);
  Counting counting(site_.queries.get(), {}, {}, Per::kAll);
  EXPECT_EQ(counting.Step(audio).status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(CountingTest, I7_AMissingLeafIsDataLoss) {
  Put(v1::SHOW, "hanako");
  site_.Tamper(storage::Table::kLog, SequenceKey(0), std::nullopt);
  Counting counting(site_.queries.get(), {}, {}, Per::kAll);
  EXPECT_EQ(counting.Step(permit_).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace otokura::audit
