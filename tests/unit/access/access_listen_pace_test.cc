// One bucket a person, however many streams, seeks and restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <memory>
#include <random>

#include "server/access/error_detail.h"
#include "server/access/listen_pace.h"
#include "server/runtime/fake_clock.h"

namespace otokura::access {
namespace {

constexpr absl::Duration kSecond = absl::Seconds(1);
constexpr char kPerson[] = "person-1";

v1::ListenPace PaceForTest(uint32_t percent, uint32_t lead_seconds, uint32_t streams) {
  v1::ListenPace pace;
  pace.set_percent(percent);
  pace.set_lead_seconds(lead_seconds);
  pace.set_streams_max(streams);
  return pace;
}

class ListenPace : public ::testing::Test {
 protected:
  // How much goes at once, in pieces.
  absl::Duration TakeAll(absl::Duration piece, const v1::ListenPace& pace) {
    absl::Duration taken;
    while (paces_->Take(kPerson, piece, pace) == absl::ZeroDuration()) taken += piece;
    return taken;
  }
  void Restart() { paces_ = std::make_unique<ListenPaces>(&clock_); }

  runtime::FakeClock clock_{absl::FromUnixSeconds(1'775'000'000)};
  std::unique_ptr<ListenPaces> paces_ = std::make_unique<ListenPaces>(&clock_);
};

TEST_F(ListenPace, TheLeadAtOnceAndThenThePace) {
  const v1::ListenPace pace = PaceForTest(150, 10, 1);
  clock_.Advance(absl::Hours(1));
  ASSERT_TRUE(paces_->Enter(kPerson, pace).ok());
  EXPECT_EQ(TakeAll(kSecond, pace), absl::Seconds(10));
  const absl::Duration wait = paces_->Take(kPerson, kSecond * 3, pace);
  EXPECT_GE(wait, absl::Seconds(2));
  EXPECT_LT(wait, absl::Seconds(2) + absl::Microseconds(1));
  clock_.Advance(wait);
  EXPECT_EQ(paces_->Take(kPerson, kSecond * 3, pace), absl::ZeroDuration());
  clock_.Advance(absl::Seconds(60));
  EXPECT_EQ(TakeAll(kSecond, pace), absl::Seconds(10)) << "what nobody listened to is not saved up beyond the lead";
}

TEST_F(ListenPace, ASeekAndAStreamGivenUpTakeFromTheSameBucket) {
  const v1::ListenPace pace = PaceForTest(150, 10, 1);
  clock_.Advance(absl::Hours(1));
  absl::Duration taken;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(paces_->Enter(kPerson, pace).ok());
    if (paces_->Take(kPerson, kSecond, pace) == absl::ZeroDuration()) taken += kSecond;
    paces_->Leave(kPerson);
  }
  EXPECT_EQ(taken, absl::Seconds(10));
}

TEST_F(ListenPace, OneStreamAtATimeUnlessThePolicySaysMore) {
  ASSERT_TRUE(paces_->Enter(kPerson, PaceForTest(150, 10, 1)).ok());
  const absl::Status second = paces_->Enter(kPerson, PaceForTest(150, 10, 1));
  EXPECT_TRUE(absl::IsResourceExhausted(second)) << second;
  v1::ErrorDetail detail;
  ASSERT_TRUE(detail.ParseFromString(std::string(second.GetPayload(kErrorDetailUrl).value_or(absl::Cord()))));
  EXPECT_EQ(detail.limit_reached().limit(), "listen_pace.streams_max");
  EXPECT_EQ(detail.limit_reached().maximum(), 1u);
  EXPECT_TRUE(paces_->Enter("person-2", PaceForTest(150, 10, 1)).ok());
  EXPECT_TRUE(paces_->Enter(kPerson, PaceForTest(150, 10, 2)).ok());
  EXPECT_FALSE(paces_->Enter(kPerson, PaceForTest(150, 10, 2)).ok());
  paces_->Leave(kPerson);
  paces_->Leave(kPerson);
  EXPECT_TRUE(paces_->Enter(kPerson, PaceForTest(150, 10, 1)).ok());
}

TEST_F(ListenPace, ARestartFillsNoBucket) {
  const v1::ListenPace pace = PaceForTest(150, 10, 1);
  clock_.Advance(absl::Hours(1));
  Restart();
  ASSERT_TRUE(paces_->Enter(kPerson, pace).ok());
  EXPECT_EQ(TakeAll(kSecond / 1000, pace), absl::ZeroDuration());
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(TakeAll(kSecond, pace), absl::Seconds(3));
}

TEST_F(ListenPace, ALeadThatThePolicyShortenedLetsWhatIsUnderWayGoOnce) {
  clock_.Advance(absl::Hours(1));
  ASSERT_TRUE(paces_->Enter(kPerson, PaceForTest(150, 10, 1)).ok());
  const v1::ListenPace shorter = PaceForTest(100, 1, 1);
  EXPECT_EQ(paces_->Take(kPerson, absl::Seconds(8), shorter), absl::ZeroDuration());
  EXPECT_GE(paces_->Take(kPerson, kSecond, shorter), absl::Seconds(8)) << "and then waits for all of it";
}

TEST_F(ListenPace, I5_NeverMoreThanTheLeadAndThePaceWhateverIsTried) {
  const auto seed = std::random_device{}();
  std::cout << "seed " << seed << std::endl;
  std::mt19937 random(seed);
  const v1::ListenPace pace = PaceForTest(200, 5, 4);
  clock_.Advance(absl::Hours(1));
  const absl::Duration begin = clock_.SinceBoot();
  absl::Duration taken;
  int streams = 0;
  for (int i = 0; i < 20'000; ++i) {
    switch (random() % 8) {
      case 0:
        if (paces_->Enter(kPerson, pace).ok()) ++streams;
        break;
      case 1:
        if (streams > 0) paces_->Leave(kPerson), --streams;
        break;
      case 2:
        if (random() % 100 == 0) Restart(), streams = 0;
        break;
      case 3:
        clock_.Advance(absl::Milliseconds(random() % 500));
        break;
      default:
        const absl::Duration piece = absl::Milliseconds(1 + random() % 2'000);
        if (streams > 0 && paces_->Take(kPerson, piece, pace) == absl::ZeroDuration()) taken += piece;
    }
    // A thousand others come and go, so that buckets are forgotten meanwhile.
    const std::string other = "other-" + std::to_string(random() % 5'000);
    if (paces_->Enter(other, pace).ok()) paces_->Leave(other);
    ASSERT_LE(taken, absl::Seconds(5) + (clock_.SinceBoot() - begin) * 2) << "at step " << i;
  }
  EXPECT_GT(taken, absl::Seconds(5));
}

}  // namespace
}  // namespace otokura::access
