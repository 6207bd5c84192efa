// Time as the gateway may trust it (DESIGN §10).
#ifndef OTOKURA_SERVER_RUNTIME_CLOCK_H_
#define OTOKURA_SERVER_RUNTIME_CLOCK_H_

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
};

std::unique_ptr<Clock> MakeSystemClock();

}  // namespace otokura::runtime

#endif  // OTOKURA_SERVER_RUNTIME_CLOCK_H_
