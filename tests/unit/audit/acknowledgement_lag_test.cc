// How far an anchor lags.
#include "server/audit/anchors/acknowledgement_lag.h"

#include <gtest/gtest.h>

namespace otokura::audit {
namespace {

constexpr absl::Duration kStart = absl::Hours(1);

TEST(AcknowledgementLag, CountsFromTheOldestEntryThatIsNotAcknowledged) {
  AcknowledgementLag lag;
  EXPECT_FALSE(lag.acknowledged());
  lag.Observe(5, kStart);
  lag.Observe(9, kStart + absl::Seconds(3));
  EXPECT_EQ(lag.Lag(kStart + absl::Seconds(4)), absl::Seconds(4));
  lag.Acknowledge(4);
  EXPECT_TRUE(lag.acknowledged());
  EXPECT_EQ(lag.Lag(kStart + absl::Seconds(4)), absl::Seconds(4)) << "the fifth is still missing";
  lag.Acknowledge(5);
  EXPECT_EQ(lag.Lag(kStart + absl::Seconds(4)), absl::Seconds(1));
  lag.Acknowledge(9);
  EXPECT_EQ(lag.Lag(kStart + absl::Hours(9)), absl::ZeroDuration());
}

TEST(AcknowledgementLag, SeeingTheSameLogAgainMakesItNoYounger) {
  AcknowledgementLag lag;
  lag.Observe(5, kStart);
  lag.Observe(5, kStart + absl::Seconds(8));
  EXPECT_EQ(lag.Lag(kStart + absl::Seconds(10)), absl::Seconds(10));
  lag.Acknowledge(5);
  lag.Observe(5, kStart + absl::Seconds(11));
  lag.Acknowledge(3);
  EXPECT_EQ(lag.Lag(kStart + absl::Seconds(20)), absl::ZeroDuration()) << "an old answer takes nothing back";
}

TEST(AcknowledgementLag, I10_AStallOfAnyLengthIsBoundedAndNeverUnderstated) {
  AcknowledgementLag lag;
  for (uint64_t size = 1; size <= 100000; ++size) lag.Observe(size, kStart + absl::Seconds(size));
  EXPECT_EQ(lag.Lag(kStart + absl::Seconds(100000)), absl::Seconds(99999));
  lag.Acknowledge(99999);
  EXPECT_GE(lag.Lag(kStart + absl::Seconds(100001)), absl::Seconds(1)) << "the last one is still missing";
  lag.Acknowledge(100000);
  EXPECT_EQ(lag.Lag(kStart + absl::Seconds(100001)), absl::ZeroDuration());
}

}  // namespace
}  // namespace otokura::audit
