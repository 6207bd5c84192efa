#include "server/runtime/clock.h"

#include <time.h>

namespace otokura::runtime {
namespace {

absl::Time ReadWall() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return absl::TimeFromTimespec(now);
}

// Unlike CLOCK_MONOTONIC it also counts the time that the machine slept, which retention and windows must not miss.
absl::Duration ReadBoottime() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return absl::DurationFromTimespec(now);
}

class SystemClock : public Clock {
 public:
  absl::Time RawWall() const override { return ReadWall(); }
  absl::Duration SinceBoot() const override { return ReadBoottime(); }
  absl::Time Now() const override { return wall_at_start_ + (ReadBoottime() - boottime_at_start_); }

 private:
  const absl::Time wall_at_start_ = ReadWall();
  const absl::Duration boottime_at_start_ = ReadBoottime();
};

}  // namespace

std::unique_ptr<Clock> MakeSystemClock() { return std::make_unique<SystemClock>(); }

}  // namespace otokura::runtime
