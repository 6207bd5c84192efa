// One thread that runs what it is given, in order, now or later.
#ifndef OTOKURA_CLIENT_TASK_THREAD_H_
#define OTOKURA_CLIENT_TASK_THREAD_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace otokura::client {

class TaskThread {
 public:
  TaskThread();
  ~TaskThread();  // Stop
  TaskThread(const TaskThread&) = delete;
  TaskThread& operator=(const TaskThread&) = delete;

  // Tasks run one at a time. After Stop they are dropped.
  void Post(std::function<void()> task);
  void PostAfter(absl::Duration delay, std::function<void()> task);

  // Runs what was posted without a delay, drops what was posted for later, ends the thread. From any other thread; later calls do nothing.
  void Stop();

 private:
  void Run();
  absl::Time SoonestLater() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  absl::CondVar wake_;
  std::deque<std::function<void()>> ready_ ABSL_GUARDED_BY(mutex_);
  std::multimap<absl::Time, std::function<void()>> later_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_TASK_THREAD_H_
