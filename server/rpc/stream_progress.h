// Ends a stream whose client has taken no message for a while: its place is for others.
#ifndef OTOKURA_SERVER_RPC_STREAM_PROGRESS_H_
#define OTOKURA_SERVER_RPC_STREAM_PROGRESS_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "server/rpc/cancellation.h"
#include "server/runtime/executor.h"

namespace otokura::rpc {

inline constexpr absl::Duration kStreamPatience = absl::Minutes(1);

// Shared with the timer that may outlive the stream.
struct StreamProgress {
  std::shared_ptr<Cancellation> cancellation;
  std::atomic<uint64_t> messages{0};  // that the client took
};

inline void WatchProgress(const std::shared_ptr<StreamProgress>& progress, uint64_t seen, runtime::Executor* executor) {
  executor->PostAfter(kStreamPatience, [weak = std::weak_ptr<StreamProgress>(progress), seen, executor] {
    const std::shared_ptr<StreamProgress> alive = weak.lock();
    if (alive == nullptr) return;
    const uint64_t now = alive->messages.load();
    if (now == seen) return alive->cancellation->Cancel();
    WatchProgress(alive, now, executor);
  });
}

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_STREAM_PROGRESS_H_
