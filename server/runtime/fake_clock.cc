#include "server/runtime/fake_clock.h"

namespace otokura::runtime {

absl::Time FakeClock::RawWall() const {
  absl::MutexLock lock(&mutex_);
  return wall_;
}

absl::Duration FakeClock::SinceBoot() const {
  absl::MutexLock lock(&mutex_);
  return since_boot_;
}

absl::Time FakeClock::Now() const {
  absl::MutexLock lock(&mutex_);
  return now_;
}

void FakeClock::Advance(absl::Duration by) {
  absl::MutexLock lock(&mutex_);
  wall_ += by;
  now_ += by;
  since_boot_ += by;
}

void FakeClock::StepWall(absl::Duration by) {
  absl::MutexLock lock(&mutex_);
  wall_ += by;
}

}  // namespace otokura::runtime
