#include "server/runtime/clock.h"

#include <gtest/gtest.h>

#include "server/runtime/fake_clock.h"

namespace otokura::runtime {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

TEST(SystemClock, NowStartsAtTheWallAndFollowsBoottime) {
  const absl::Time before = absl::Now();
  const std::unique_ptr<Clock> clock = MakeSystemClock();
  const absl::Duration boot_before = clock->SinceBoot();
  const absl::Time first = clock->Now();
  const absl::Time second = clock->Now();
  const absl::Duration boot_after = clock->SinceBoot();
  EXPECT_GE(first, before - absl::Milliseconds(1));
  EXPECT_GE(second, first);
  EXPECT_LE(second - first, boot_after - boot_before);
  EXPECT_LT(absl::AbsDuration(clock->RawWall() - clock->Now()), absl::Minutes(1));
}

TEST(FakeClock, AdvancingMovesAllThree) {
  FakeClock clock(kStart);
  clock.Advance(absl::Seconds(5));
  EXPECT_EQ(clock.Now(), kStart + absl::Seconds(5));
  EXPECT_EQ(clock.RawWall(), kStart + absl::Seconds(5));
  EXPECT_EQ(clock.SinceBoot(), absl::Seconds(5));
}

TEST(FakeClock, SteppingTheWallMovesNothingThatIsCountedBy) {
  FakeClock clock(kStart);
  clock.StepWall(absl::Hours(24 * 365));
  EXPECT_EQ(clock.RawWall(), kStart + absl::Hours(24 * 365));
  EXPECT_EQ(clock.Now(), kStart);
  EXPECT_EQ(clock.SinceBoot(), absl::ZeroDuration());
}

}  // namespace
}  // namespace otokura::runtime
