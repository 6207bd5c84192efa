// Time as the gateway may trust it (DESIGN §10).
#ifndef OTOKURA_SERVER_RUNTIME_CLOCK_H_
#define OTOKURA_SERVER_RUNTIME_CLOCK_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/time/time.h"

namespace otokura::runtime {

// Safe from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  // The wall clock as it is: can step either way.
  virtual absl::Time RawWall() const = 0;
  // Advances with CLOCK_BOOTTIME only, whatever is done to the wall clock.
  virtual absl::Duration SinceBoot() const = 0;
  // The wall time at Create plus what CLOCK_BOOTTIME has run since: what windows, ids and retention count by.
  virtual absl::Time Now() const = 0;
  // Now, but not before the newest entry of the log was when this start found it: what ends by itself (cases, grants, contracts) ends by
  // this, so that a clock set back before a start prolongs nothing. Certificates and ingest do not: a clock that was ahead once must not
  // stop calls from being taken in ever after (DESIGN I11).
  absl::Time LogTime() const { return Now() + absl::Nanoseconds(log_ahead_ns_.load(std::memory_order_relaxed)); }
  void BeginLogAt(absl::Time newest_entry) {
    log_ahead_ns_.store(std::max<int64_t>(0, absl::ToInt64Nanoseconds(newest_entry - Now())), std::memory_order_relaxed);
  }

 private:
  std::atomic<int64_t> log_ahead_ns_{0};
};

std::unique_ptr<Clock> MakeSystemClock();

}  // namespace otokura::runtime

#endif  // OTOKURA_SERVER_RUNTIME_CLOCK_H_
