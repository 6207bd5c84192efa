#include "client/task_thread.h"

#include "absl/time/clock.h"

namespace otokura::client {

TaskThread::TaskThread() : thread_([this] { Run(); }) {}
TaskThread::~TaskThread() { Stop(); }

void TaskThread::Post(std::function<void()> task) {
  absl::MutexLock lock(&mutex_);
  if (!stopping_) ready_.push_back(std::move(task));
  wake_.Signal();
}

void TaskThread::PostAfter(absl::Duration delay, std::function<void()> task) {
  absl::MutexLock lock(&mutex_);
  if (!stopping_) later_.emplace(absl::Now() + delay, std::move(task));
  wake_.Signal();  // it may be the soonest
}

void TaskThread::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    wake_.Signal();
  }
  if (thread_.joinable()) thread_.join();
  // What tasks hold may end with them, and may call back here: not under the lock.
  std::multimap<absl::Time, std::function<void()>> dropped;
  {
    absl::MutexLock lock(&mutex_);
    dropped.swap(later_);
  }
}

absl::Time TaskThread::SoonestLater() const { return later_.empty() ? absl::InfiniteFuture() : later_.begin()->first; }

void TaskThread::Run() {
  for (;;) {
    std::function<void()> task;
    {
      absl::MutexLock lock(&mutex_);
      while (!stopping_ && ready_.empty() && SoonestLater() > absl::Now()) wake_.WaitWithDeadline(&mutex_, SoonestLater());
      if (!stopping_ && SoonestLater() <= absl::Now()) {
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
