#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/access/refusal_floods.h"

namespace otokura::access {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int kEntries = 10;
const absl::Time kNow = absl::FromUnixSeconds(1'750'000'000);

RefusalKind KindAt(std::string address, std::string rule = "unknown-account") {
  return {v1::CONNECTION_REFUSED, std::move(rule), std::move(address)};
}

TEST(RefusalFloodsTest, TheFirstOfAMinuteAreAdmittedTheRestCounted) {
  RefusalFloods floods(kEntries);
  int admitted = 0;
  for (int i = 0; i < 25; ++i) admitted += floods.Admit(KindAt("a"), kNow + absl::Seconds(i)) ? 1 : 0;
  EXPECT_EQ(admitted, kEntries);
  EXPECT_THAT(floods.TakeEnded(kNow + kFloodWindow - absl::Nanoseconds(1)), IsEmpty());
  const auto ended = floods.TakeEnded(kNow + kFloodWindow);
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_EQ(ended[0].count, 15u);
  EXPECT_EQ(ended[0].kind, KindAt("a"));
  EXPECT_THAT(floods.TakeAll(), IsEmpty()) << "taken once";
  EXPECT_TRUE(floods.Admit(KindAt("a"), kNow + kFloodWindow)) << "a new minute";
}

TEST(RefusalFloodsTest, AddressesAndRulesAreToldApart) {
  RefusalFloods floods(1);
  EXPECT_TRUE(floods.Admit(KindAt("a"), kNow));
  EXPECT_TRUE(floods.Admit(KindAt("b"), kNow));
  EXPECT_TRUE(floods.Admit(KindAt("a", "expired"), kNow));
  EXPECT_FALSE(floods.Admit(KindAt("a"), kNow));
}

TEST(RefusalFloodsTest, I10_EntriesAreBoundedHoweverManyAddressesThereAre) {
  RefusalFloods floods(kEntries);
  size_t admitted = 0;
  for (int address = 0; address < 5000; ++address) {
    for (int i = 0; i < 3; ++i) admitted += floods.Admit(KindAt(std::to_string(address)), kNow) ? 1 : 0;
  }
  EXPECT_LE(admitted, (kFloodSourcesMax + 1) * kEntries);
  size_t counted = 0;
  const auto summaries = floods.TakeAll();
  for (const auto& summary : summaries) counted += summary.count;
  EXPECT_LE(summaries.size(), kFloodSourcesMax + 1);
  EXPECT_EQ(admitted + counted, 15000u) << "none is forgotten";
}

TEST(RefusalFloodsTest, WhatIsGivenBackIsCounted) {
  RefusalFloods floods(kEntries);
  floods.GiveBack({KindAt("a"), 7}, kNow);
  floods.GiveBack({KindAt("a"), 1}, kNow);
  const auto summaries = floods.TakeAll();
  ASSERT_THAT(summaries, SizeIs(1));
  EXPECT_EQ(summaries[0].count, 8u);
}

TEST(AddressWithoutPortTest, CutsThePortAlone) {
  EXPECT_EQ(AddressWithoutPort("ipv4:192.0.2.7:50123"), "ipv4:192.0.2.7");
  EXPECT_EQ(AddressWithoutPort("ipv6:[2001:db8::1]:50123"), "ipv6:[2001:db8::1]");
  EXPECT_EQ(AddressWithoutPort("ipv6:%5B2001:db8::1%5D:50123"), "ipv6:%5B2001:db8::1%5D");
  EXPECT_EQ(AddressWithoutPort("192.0.2.7:1"), "192.0.2.7");
  EXPECT_EQ(AddressWithoutPort("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(AddressWithoutPort("unix:/run/x.sock"), "unix:/run/x.sock");
  EXPECT_EQ(AddressWithoutPort(""), "");
}

}  // namespace
}  // namespace otokura::access
