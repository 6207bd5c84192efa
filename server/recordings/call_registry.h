// One writer a call leg (DESIGN §4, fencing): who holds a call now, and how somebody else may get it.
#ifndef OTOKURA_SERVER_RECORDINGS_CALL_REGISTRY_H_
#define OTOKURA_SERVER_RECORDINGS_CALL_REGISTRY_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/runtime/clock.h"

namespace otokura::recordings {

// A stream that holds a call. Fence asks it to stop writing; it then settles what is in flight and releases the call.
class CallHolder {
 public:
  virtual ~CallHolder() = default;
  virtual void Fence(absl::Status reason) = 0;
};

// FAILED_PRECONDITION with detail CallIsLive.
absl::Status CallIsLiveError(absl::Time takeover_at);

// How a claim on a call that somebody holds is justified.
enum class Takeover { kNone, kToken, kSilence };

// Thread-safe. Keys are call tags. Callbacks run on the thread that causes them, without locks.
class CallRegistry {
 public:
  CallRegistry(runtime::Clock* clock, absl::Duration takeover_silence);

  // Calls `granted` once `holder` has the call: at once where it is free, or when the present holder has released it after being fenced
  // (with the right token at once; without a token only after its silence). Refusals: FAILED_PRECONDITION with detail CallIsLive;
  // PERMISSION_DENIED a wrong token; ABORTED a later claim came first.
  void Acquire(const std::string& key, std::shared_ptr<CallHolder> holder, std::string token_sha256,
               std::function<void(absl::Status, Takeover)> granted);
  // From then on this token takes the call over.
  void SetToken(const std::string& key, const CallHolder* holder, std::string token_sha256);
  // The holder heard from its recorder.
  void Heard(const std::string& key, const CallHolder* holder);
  void Release(const std::string& key, const CallHolder* holder);
  bool Idle(const std::string& key) const;
  // When its last holder, now gone, was heard of: InfinitePast where this process never had one.
  absl::Time LastReleased(const std::string& key) const;

 private:
  struct Waiter {
    std::shared_ptr<CallHolder> holder;
    std::function<void(absl::Status, Takeover)> granted;
    Takeover by = Takeover::kNone;
  };
  struct Slot {
    std::shared_ptr<CallHolder> holder;
    std::string token_sha256;
    absl::Time heard;
    Waiter waiter;
  };
  void RememberRelease(const std::string& key, absl::Time heard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Released calls are remembered as long as their silence matters, and no more of them than this.
  static constexpr size_t kReleasedMax = 65536;

  runtime::Clock* const clock_;
  const absl::Duration takeover_silence_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Slot> slots_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, absl::Time> released_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_CALL_REGISTRY_H_
