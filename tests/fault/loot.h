// What a thief got hold of, counted where it arrives.
#ifndef OTOKURA_TESTS_FAULT_LOOT_H_
#define OTOKURA_TESTS_FAULT_LOOT_H_

#include <cstdint>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace otokura::fault {

// Thread-safe.
class Loot {
 public:
  void Add(const std::string& recording, uint64_t bytes) {
    absl::MutexLock lock(&mutex_);
    bytes_ += bytes;
    if (bytes > 0) recordings_.insert(recording);
  }
  uint64_t bytes() const {
    absl::MutexLock lock(&mutex_);
    return bytes_;
  }
  size_t recordings() const {
    absl::MutexLock lock(&mutex_);
    return recordings_.size();
  }

 private:
  mutable absl::Mutex mutex_;
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<std::string> recordings_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace otokura::fault

#endif  // OTOKURA_TESTS_FAULT_LOOT_H_
