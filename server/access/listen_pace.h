// How fast one person may listen (DESIGN §8): a token bucket of seconds of audio over all streams and seeks of all the person's accounts.
//
// It outlasts a restart by what it does not know: whoever has not been seen since the start counts as having spent everything at the
// start. So in any span of time, restarts included, nobody hears more than the lead and what the pace lets through in that span.
#ifndef OTOKURA_SERVER_ACCESS_LISTEN_PACE_H_
#define OTOKURA_SERVER_ACCESS_LISTEN_PACE_H_

#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "otokura/v1/policy.pb.h"
#include "server/runtime/clock.h"

namespace otokura::access {

// Thread-safe. Paces are those of the policy in force (Rules::listen_pace), and may change from call to call.
class ListenPaces {
 public:
  explicit ListenPaces(const runtime::Clock* clock) : clock_(clock), start_(clock->SinceBoot()) {}  // borrowed

  // A place for one more stream, to be given back by Leave. RESOURCE_EXHAUSTED with a LimitReached detail where all are taken.
  absl::Status Enter(const std::string& person, const v1::ListenPace& pace);
  void Leave(const std::string& person);

  // Takes that much audio, if it may go now: zero. Else takes nothing, and gives how long to wait before it may. Only between Enter and
  // Leave. What is longer than the whole lead goes when nothing of the lead is spent.
  absl::Duration Take(const std::string& person, absl::Duration audio, const v1::ListenPace& pace);

 private:
  struct Bucket {
    uint32_t streams = 0;
    absl::Duration left;  // of audio, at `at`; negative after something longer than the lead
    absl::Duration at;    // since boot
  };
  void Refill(const v1::ListenPace& pace, Bucket* bucket) const;
  void ForgetTheFull(const v1::ListenPace& pace) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const runtime::Clock* const clock_;
  const absl::Duration start_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Bucket> buckets_ ABSL_GUARDED_BY(mutex_);  // by person: of those who listen or whose lead is not full
  size_t forget_at_ ABSL_GUARDED_BY(mutex_) = 1'024;                          // buckets, when those that are full again are looked for
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_LISTEN_PACE_H_
