#include "server/runtime/executor.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace otokura::runtime {
namespace {

using Steady = std::chrono::steady_clock;

struct Timer {
  Steady::time_point due;
  uint64_t order;  // of posting: timers due together run in that order
  Task task;
};

struct DueLater {
  bool operator()(const Timer& a, const Timer& b) const { return a.due != b.due ? a.due > b.due : a.order > b.order; }
};

// Delays past this are treated as this: far beyond any process's life, and safe to add to the clock.
constexpr absl::Duration kDelayMax = absl::Hours(24 * 365 * 10);

// std primitives and not Abseil's: this version of absl::CondVar waits by the wall clock, so a step of it would stretch or cut every delay.
class ThreadPool : public Executor {
 public:
  explicit ThreadPool(int threads) {
    for (int i = 0; i < std::max(1, threads); ++i) {
      threads_.emplace_back([this] { Work(); });
      pthread_setname_np(threads_.back().native_handle(), ("pool-" + std::to_string(i)).c_str());
    }
  }

  ~ThreadPool() override {
    // Dropped while the pool still takes tasks: what a timer owns may post when it dies.
    DropTimers();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    DropTimers();
  }

  void Post(Task task) override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
  }

  void PostAfter(absl::Duration delay, Task task) override {
    const auto wait = absl::ToChronoNanoseconds(std::clamp(delay, absl::ZeroDuration(), kDelayMax));
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stopping_) return;
      timers_.push_back({Steady::now() + wait, next_order_++, std::move(task)});
      std::push_heap(timers_.begin(), timers_.end(), DueLater());
    }
    wake_.notify_one();
  }

 private:
  void Work() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      MoveDueTimers();
      if (!tasks_.empty()) {
        RunFirst(lock);
      } else if (stopping_) {
        return;
      } else if (timers_.empty()) {
        wake_.wait(lock);
      } else {
        // By value: the heap may be rebuilt while this thread waits.
        const Steady::time_point due = timers_.front().due;
        wake_.wait_until(lock, due);
      }
    }
  }

  void RunFirst(std::unique_lock<std::mutex>& lock) {
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    std::move(task)();
    task = nullptr;
    lock.lock();
  }

  void MoveDueTimers() {
    if (stopping_) return;
    const Steady::time_point now = Steady::now();
    while (!timers_.empty() && timers_.front().due <= now) {
      std::pop_heap(timers_.begin(), timers_.end(), DueLater());
      tasks_.push_back(std::move(timers_.back().task));
      timers_.pop_back();
      wake_.notify_one();
    }
  }

  void DropTimers() {
    std::vector<Timer> dropped;
    std::lock_guard<std::mutex> lock(mutex_);
    dropped.swap(timers_);
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::deque<Task> tasks_;
  std::vector<Timer> timers_;  // a heap, the next one due in front
  uint64_t next_order_ = 0;
  bool stopping_ = false;
  // Fixed after construction.
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Executor> Executor::Create(int threads) { return std::make_unique<ThreadPool>(threads); }

}  // namespace otokura::runtime
