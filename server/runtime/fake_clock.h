// A clock that tests set.
#ifndef OTOKURA_SERVER_RUNTIME_FAKE_CLOCK_H_
#define OTOKURA_SERVER_RUNTIME_FAKE_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/runtime/clock.h"

namespace otokura::runtime {

class FakeClock : public Clock {
 public:
  explicit FakeClock(absl::Time start) : wall_(start), now_(start) {}
  absl::Time RawWall() const override;
  absl::Duration SinceBoot() const override;
  absl::Time Now() const override;
  void Advance(absl::Duration by);   // real time passes
  void StepWall(absl::Duration by);  // somebody sets the wall clock

 private:
  mutable absl::Mutex mutex_;
  absl::Time wall_ ABSL_GUARDED_BY(mutex_);
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
  absl::Duration since_boot_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace otokura::runtime

#endif  // OTOKURA_SERVER_RUNTIME_FAKE_CLOCK_H_
