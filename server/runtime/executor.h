// A fixed pool of threads and strands on it: gRPC callbacks and committer lanes only post here (DESIGN §10).
#ifndef OTOKURA_SERVER_RUNTIME_EXECUTOR_H_
#define OTOKURA_SERVER_RUNTIME_EXECUTOR_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

namespace otokura::runtime {

using Task = absl::AnyInvocable<void()>;

// Thread-safe. Destruction runs what was posted, drops timers, joins.
class Executor {
 public:
  static std::unique_ptr<Executor> Create(int threads);
  virtual ~Executor() = default;
  virtual void Post(Task task) = 0;
  // Runs `task` on the pool once `delay` of monotonic time has passed. Dropped at destruction.
  virtual void PostAfter(absl::Duration delay, Task task) = 0;
};

// Runs its tasks one after another, in order, on the executor; never two at once. Cheap to make: one a stream. Copies share the queue; the
// last one may be dropped while tasks wait, they still run. Fair: after a few tasks it goes to the back of the executor's queue.
class Strand {
 public:
  explicit Strand(Executor* executor);
  void Post(Task task) const;

 private:
  struct Queue;
  std::shared_ptr<Queue> queue_;
};

}  // namespace otokura::runtime

#endif  // OTOKURA_SERVER_RUNTIME_EXECUTOR_H_
