// The policy that decisions are made under, now.
#ifndef OTOKURA_SERVER_ACCESS_POLICY_IN_FORCE_H_
#define OTOKURA_SERVER_ACCESS_POLICY_IN_FORCE_H_

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "proto/policy/rules.h"

namespace otokura::access {

// Thread-safe.
class PolicyInForce {
 public:
  explicit PolicyInForce(std::shared_ptr<const policy::Rules> rules) : rules_(std::move(rules)) {}

  // Whoever decides takes them once, and asks nothing else: a policy that is loaded meanwhile is for the next decision.
  std::shared_ptr<const policy::Rules> Get() const {
    absl::ReaderMutexLock lock(&mutex_);
    return rules_;
  }
  // Why nothing may be released under it: the stored policy is damaged. Recording, and whatever puts things right, goes on (I11).
  absl::Status Intact() const {
    absl::ReaderMutexLock lock(&mutex_);
    return intact_;
  }

  void Replace(std::shared_ptr<const policy::Rules> rules) {
    absl::MutexLock lock(&mutex_);
    rules_ = std::move(rules);
    intact_ = absl::OkStatus();
  }
  // The rules stay as they are.
  void SetDamaged(absl::Status damage) {
    absl::MutexLock lock(&mutex_);
    intact_ = std::move(damage);
  }

 private:
  mutable absl::Mutex mutex_;
  std::shared_ptr<const policy::Rules> rules_ ABSL_GUARDED_BY(mutex_);
  absl::Status intact_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_POLICY_IN_FORCE_H_
