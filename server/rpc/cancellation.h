// Ends an RPC whose client neither reads nor leaves, however late that is decided.
#ifndef OTOKURA_SERVER_RPC_CANCELLATION_H_
#define OTOKURA_SERVER_RPC_CANCELLATION_H_

#include <grpcpp/server_context.h>

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/runtime/executor.h"

namespace otokura::rpc {

// A client that does not read keeps the last message, and with it the end of its RPC, from leaving. After this it has lost its chance.
inline constexpr absl::Duration kLastMessagePatience = absl::Seconds(10);

// Shared by a reactor and the timer that may outlive it. Thread-safe.
class Cancellation {
 public:
  explicit Cancellation(grpc::CallbackServerContext* context) : context_(context) {}

  void Cancel() {
    absl::MutexLock lock(&mutex_);
    if (context_ != nullptr) context_->TryCancel();
  }
  // In OnDone: the context dies with the reactor.
  void Release() {
    absl::MutexLock lock(&mutex_);
    context_ = nullptr;
  }

  static void After(absl::Duration patience, std::weak_ptr<Cancellation> cancellation, runtime::Executor* executor) {
    executor->PostAfter(patience, [cancellation = std::move(cancellation)] {
      if (const std::shared_ptr<Cancellation> alive = cancellation.lock()) alive->Cancel();
    });
  }

 private:
  absl::Mutex mutex_;
  grpc::CallbackServerContext* context_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_CANCELLATION_H_
