#include "client/task_thread.h"

#include "absl/time/clock.h"

namespace otokura::client {

TaskThread::TaskThread() : thread_([this] { Run(); }) {}
TaskThread::~TaskThread() { Stop(); }

void TaskThread::Post(std::function<void()> task) {
  absl::MutexLock lock(&mutex_);
  if (!stopping_) ready_.push_back(std::move(task));
}

void TaskThread::PostAfter(absl::Duration delay, std::function<void()> task) {
  absl::MutexLock lock(&mutex_);
  if (!stopping_) later_.emplace(absl::Now() + delay, std::move(task));
}

void TaskThread::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
  // What tasks hold may end with them, and may call back here: not under the lock.
  std::multimap<absl::Time, std::function<void()>> dropped;
  {
    absl::MutexLock lock(&mutex_);
    dropped.swap(later_);
  }
}

bool TaskThread::SomethingDue() const { return stopping_ || !ready_.empty() || (!later_.empty() && later_.begin()->first <= absl::Now()); }

void TaskThread::Run() {
  for (;;) {
    std::function<void()> task;
    {
      absl::MutexLock lock(&mutex_);
      const absl::Time wake = later_.empty() ? absl::InfiniteFuture() : later_.begin()->first;
      // A task posted for sooner than `wake` ends the wait as well: the wait is over its own condition, which includes "the first one is
      // another".
      const auto woken = [this, wake]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return SomethingDue() || (!later_.empty() && later_.begin()->first < wake);
      };
      mutex_.AwaitWithDeadline(absl::Condition(&woken), wake);
      if (!stopping_ && !later_.empty() && later_.begin()->first <= absl::Now()) {
        ready_.push_back(std::move(later_.begin()->second));
        later_.erase(later_.begin());
      }
      if (ready_.empty()) {
        if (stopping_) return;
        continue;
      }
      task = std::move(ready_.front());
      ready_.pop_front();
    }
    task();
  }
}

}  // namespace otokura::client
