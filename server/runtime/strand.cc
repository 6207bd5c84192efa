#include <deque>
#include <mutex>
#include <utility>

#include "server/runtime/executor.h"

namespace otokura::runtime {

namespace {
// Tasks of one strand before others get the thread: enough to save hand-overs, few enough that one busy stream delays nobody for long.
constexpr int kTasksInARow = 8;
}  // namespace

struct Strand::Queue {
  explicit Queue(Executor* on) : executor(on) {}

  // Posts the queue's next turn. The turn keeps the queue alive, so waiting tasks run even when every Strand is gone.
  static void Schedule(std::shared_ptr<Queue> queue) {
    Executor* executor = queue->executor;
    executor->Post([queue = std::move(queue)]() mutable { TakeTurn(std::move(queue)); });
  }

  static void TakeTurn(std::shared_ptr<Queue> queue) {
    for (int i = 0; i < kTasksInARow; ++i) {
      Task task;
      {
        std::lock_guard<std::mutex> lock(queue->mutex);
        if (queue->tasks.empty()) {
          queue->scheduled = false;
          return;
        }
        task = std::move(queue->tasks.front());
        queue->tasks.pop_front();
      }
      std::move(task)();
      // The task also dies here, before the next one starts.
    }
    Schedule(std::move(queue));
  }

  Executor* const executor;
  std::mutex mutex;
  // Guarded by mutex.
  std::deque<Task> tasks;
  bool scheduled = false;
};

Strand::Strand(Executor* executor) : queue_(std::make_shared<Queue>(executor)) {}

void Strand::Post(Task task) const {
  {
    std::lock_guard<std::mutex> lock(queue_->mutex);
    queue_->tasks.push_back(std::move(task));
    if (std::exchange(queue_->scheduled, true)) return;
  }
  Queue::Schedule(queue_);
}

}  // namespace otokura::runtime
