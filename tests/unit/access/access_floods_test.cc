#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "server/access/refusal_floods.h"

namespace otokura::access {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using Verdict = RefusalFloods::Verdict;

constexpr uint64_t kEntryBytes = 1000;
constexpr uint64_t kNoCeiling = uint64_t{1} << 50;
const RefusalLimits kUnlimited{kNoCeiling, kNoCeiling, kNoCeiling};
const absl::Time kNow = absl::FromUnixSeconds(1'750'000'000);

Refusal StrangerAt(std::string address, std::string rule = "unknown-account") {
  Refusal refusal{v1::CONNECTION_REFUSED, std::move(rule), "", {}};
  refusal.particulars.address = std::move(address);
  return refusal;
}

Refusal Of(std::string account, v1::AuditAction action = v1::LISTEN) {
  Refusal refusal{action, "role", "contractor", {}};
  refusal.particulars.account = std::move(account);
  refusal.particulars.company = "Example Partner KK";
  refusal.particulars.address = "ipv4:192.0.2.7:50123";
  return refusal;
}

class FloodsTest : public ::testing::Test {
 protected:
  bool Admit(const Refusal& refusal, absl::Time now = kNow) { return floods_.Take(refusal, kEntryBytes, now).verdict == Verdict::kEntry; }
  uint64_t Counted(const std::vector<RefusalFloods::Summary>& summaries) {
    uint64_t counted = 0;
    for (const auto& summary : summaries) counted += summary.count;
    return counted;
  }
  RefusalFloods floods_{kUnlimited};
};

TEST_F(FloodsTest, TheFirstOfAMinuteAreEntriesTheRestCounted) {
  int entries = 0;
  for (int i = 0; i < 25; ++i) entries += Admit(StrangerAt("192.0.2.7"), kNow + absl::Seconds(i)) ? 1 : 0;
  EXPECT_EQ(entries, kAddressRefusalsPerMinute);
  EXPECT_THAT(floods_.TakeEnded(kNow + kFloodWindow - absl::Nanoseconds(1)), IsEmpty());
  const auto ended = floods_.TakeEnded(kNow + kFloodWindow);
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_EQ(ended[0].count, 15u);
  EXPECT_EQ(ended[0].kind.address, "192.0.2.0/24");
  EXPECT_THAT(floods_.TakeAll(), IsEmpty()) << "taken once";
  EXPECT_TRUE(Admit(StrangerAt("192.0.2.7"), kNow + kFloodWindow)) << "a new minute";
}

TEST_F(FloodsTest, NetworksAndRulesAreToldApartAndAddressesOfANetworkAreNot) {
  for (int i = 0; i < kAddressRefusalsPerMinute; ++i) EXPECT_TRUE(Admit(StrangerAt("192.0.2." + std::to_string(i))));
  EXPECT_FALSE(Admit(StrangerAt("192.0.2.200")));
  EXPECT_TRUE(Admit(StrangerAt("192.0.3.1")));
  EXPECT_TRUE(Admit(StrangerAt("192.0.2.1", "expired")));
}

TEST_F(FloodsTest, I10_EntriesAndSummariesAreBoundedHoweverManyNetworksThereAre) {
  uint64_t entries = 0;
  for (int network = 0; network < 5000; ++network) {
    const std::string address = "10." + std::to_string(network / 256) + "." + std::to_string(network % 256) + ".1";
    for (int i = 0; i < 3; ++i) entries += Admit(StrangerAt(address)) ? 1 : 0;
  }
  EXPECT_LE(entries, (kFloodAddressesMax + 1) * kAddressRefusalsPerMinute);
  const auto summaries = floods_.TakeAll();
  EXPECT_LE(summaries.size(), kFloodAddressesMax + 1);
  EXPECT_EQ(entries + Counted(summaries), 15000u) << "none is forgotten";
}

TEST_F(FloodsTest, AnAccountIsToldToWaitOnceItWasRefusedTooOften) {
  for (int i = 0; i < kAccountRefusalsPerMinute; ++i)
    EXPECT_EQ(floods_.Take(Of("partner", i % 2 == 0 ? v1::LISTEN : v1::SHOW), kEntryBytes, kNow).verdict, Verdict::kEntry);
  const auto throttled = floods_.Take(Of("partner"), kEntryBytes, kNow + absl::Seconds(20));
  EXPECT_EQ(throttled.verdict, Verdict::kThrottled);
  EXPECT_EQ(throttled.retry_at, kNow + kFloodWindow);
  EXPECT_TRUE(Admit(Of("another"))) << "everybody has a minute of their own";
  EXPECT_TRUE(Admit(Of("partner"), kNow + kFloodWindow));
  const auto summaries = floods_.TakeAll();
  ASSERT_THAT(summaries, SizeIs(1));
  EXPECT_EQ(summaries[0].kind.account, "partner");
  EXPECT_EQ(summaries[0].company, "Example Partner KK");
  EXPECT_EQ(summaries[0].count, 1u);
}

TEST_F(FloodsTest, StrangersDoNotCrowdOutAccounts) {
  for (int network = 0; network < 1000; ++network)
    Admit(StrangerAt("10." + std::to_string(network / 256) + "." + std::to_string(network % 256) + ".1"));
  for (int i = 0; i < kAccountRefusalsPerMinute + 5; ++i) Admit(Of("partner"));
  for (const auto& summary : floods_.TakeAll()) {
    if (summary.kind.action == v1::LISTEN) {
      EXPECT_EQ(summary.kind.account, "partner");
    }
  }
}

TEST_F(FloodsTest, I10_SoManyAccountsAreBoundedToo) {
  uint64_t entries = 0, refusals = 0;
  for (size_t account = 0; account < kThrottledAccountsMax + 1000; ++account, ++refusals)
    entries += Admit(Of("account-" + std::to_string(account))) ? 1 : 0;
  const auto summaries = floods_.TakeAll();
  EXPECT_LE(summaries.size(), kFloodAccountsMax + 1);
  EXPECT_EQ(entries + Counted(summaries), refusals);
}

TEST_F(FloodsTest, WhatIsAddedIsCounted) {
  floods_.Add(RefusalFloods::SummaryOf(StrangerAt("192.0.2.7"), 7), kNow);
  floods_.Add(RefusalFloods::SummaryOf(StrangerAt("192.0.2.7"), 1), kNow);
  const auto summaries = floods_.TakeAll();
  ASSERT_THAT(summaries, SizeIs(1));
  EXPECT_EQ(summaries[0].count, 8u);
}

// Refuses once a minute, so that only the ceilings are in the way, and gives how many became entries.
uint64_t EntriesOfOneDay(RefusalFloods& floods, const std::vector<Refusal>& refusals, absl::Time day, uint64_t* counted) {
  uint64_t entries = 0;
  for (int minute = 0; minute < 24 * 60; ++minute) {
    const absl::Time now = day + absl::Minutes(minute);
    for (const auto& summary : floods.TakeEnded(now)) *counted += summary.count;
    for (const Refusal& refusal : refusals) entries += floods.Take(refusal, kEntryBytes, now).verdict == Verdict::kEntry ? 1 : 0;
  }
  return entries;
}

TEST(LogCeilingsTest, I10_AnAccountFillsNoMoreThanItsShareOfADay) {
  RefusalFloods floods({100 * kEntryBytes, kNoCeiling, kNoCeiling});
  const absl::Time day = absl::FromUnixSeconds(86400 * 20000);
  uint64_t counted = 0;
  EXPECT_EQ(EntriesOfOneDay(floods, {Of("a")}, day, &counted), 100u);
  EXPECT_EQ(EntriesOfOneDay(floods, {Of("a"), Of("b")}, day + absl::Hours(24), &counted), 200u) << "each has its own, and each day anew";
  for (const auto& summary : floods.TakeAll()) counted += summary.count;
  EXPECT_EQ(counted, 3u * 1440 - 300);
}

TEST(LogCeilingsTest, I10_ANetworkFillsNoMoreThanItsShareOfADay) {
  RefusalFloods floods({kNoCeiling, 100 * kEntryBytes, kNoCeiling});
  uint64_t counted = 0;
  EXPECT_EQ(EntriesOfOneDay(floods, {Of("a"), Of("b"), StrangerAt("192.0.2.9")}, absl::FromUnixSeconds(86400 * 20000), &counted), 100u);
}

TEST(LogCeilingsTest, I10_OnceTheDaysAllowanceIsUsedUpNobodyIsToldApart) {
  RefusalFloods floods({kNoCeiling, kNoCeiling, 100 * kEntryBytes});
  const absl::Time day = absl::FromUnixSeconds(86400 * 20000);
  uint64_t counted = 0;
  const uint64_t entries = EntriesOfOneDay(floods, {Of("a"), Of("b"), StrangerAt("192.0.2.9")}, day, &counted);
  EXPECT_LE(entries, 100u);
  const auto summaries = floods.TakeAll();
  for (const auto& summary : summaries) EXPECT_EQ(summary.kind.account + summary.kind.address, "");
  for (const auto& summary : summaries) counted += summary.count;
  EXPECT_EQ(entries + counted, 3u * 1440) << "none is forgotten";
}

TEST(AddressPrefixTest, IsTheNetwork) {
  EXPECT_EQ(AddressPrefix("ipv4:192.0.2.7:50123"), "192.0.2.0/24");
  EXPECT_EQ(AddressPrefix("192.0.2.7:1"), "192.0.2.0/24");
  EXPECT_EQ(AddressPrefix("192.0.2.7"), "192.0.2.0/24");
  EXPECT_EQ(AddressPrefix("ipv6:[2001:db8:1:2::3]:50123"), "2001:db8:1::/48");
  EXPECT_EQ(AddressPrefix("ipv6:%5B2001:db8:1:2::3%5D:50123"), "2001:db8:1::/48");
  EXPECT_EQ(AddressPrefix("2001:db8:1:2::3"), "2001:db8:1::/48");
  EXPECT_EQ(AddressPrefix("[::1]"), "::/48");
  EXPECT_EQ(AddressPrefix("unix:/run/x.sock"), "unix:/run/x.sock");
  EXPECT_EQ(AddressPrefix("["), "[");
  EXPECT_EQ(AddressPrefix(""), "");
  EXPECT_EQ(AddressPrefix(std::string(1000, 'x')).size(), 64u);
}

}  // namespace
}  // namespace otokura::access
