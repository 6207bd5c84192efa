// The time that budgets' windows count by (DESIGN §10): it never runs ahead of time that has really passed.
//
// It advances with CLOCK_BOOTTIME, across restarts of the gateway too. What passed between two boots of the machine cannot be told from a
// clock that was set: none of it is counted, so windows free later than they might, and never earlier.
#ifndef OTOKURA_SERVER_ACCESS_EGRESS_WINDOW_CLOCK_H_
#define OTOKURA_SERVER_ACCESS_EGRESS_WINDOW_CLOCK_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "otokura/v1/stored.pb.h"
#include "server/runtime/clock.h"
#include "server/storage/storage.h"

namespace otokura::access {

inline constexpr std::string_view kWindowClockKey = "window-clock";  // in Table::kMeta

// Safe from any thread.
class WindowClock {
 public:
  // Goes on from what the store says, or begins with the wall clock where it says nothing. `boot_id` names this boot of the machine.
  static absl::StatusOr<std::unique_ptr<WindowClock>> Open(const storage::RecordReader& records, const runtime::Clock* clock,
                                                           std::string boot_id);

  absl::Time Now() const { return start_ + (clock_->SinceBoot() - since_boot_at_start_); }
  // What to store beside whatever was counted at Now.
  v1::WindowClock Row() const;

 private:
  WindowClock(const runtime::Clock* clock, std::string boot_id, absl::Time start)
      : clock_(clock), boot_id_(std::move(boot_id)), since_boot_at_start_(clock->SinceBoot()), start_(start) {}
  const runtime::Clock* const clock_;
  const std::string boot_id_;
  const absl::Duration since_boot_at_start_;
  const absl::Time start_;
};

// Of this boot, from the kernel.
absl::StatusOr<std::string> ReadBootId();

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_EGRESS_WINDOW_CLOCK_H_
