// What streams that give the log out have in common: one step at a time, a bounded number of a kind at once, an end where the client takes
// nothing.
#ifndef OTOKURA_SERVER_RPC_LOG_STREAM_H_
#define OTOKURA_SERVER_RPC_LOG_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "server/access/caller.h"
#include "server/rpc/door.h"
#include "server/rpc/stream_progress.h"
#include "server/rpc/wire.h"
#include "server/runtime/executor.h"

namespace otokura::rpc {

// A task of the executor, a commit or a write is under way, never two of them, so that a stream needs no lock. Deletes itself once gRPC is
// done with it.
class LogStream : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  // All borrowed, must outlive the stream; `running` counts the streams of its kind.
  LogStream(grpc::CallbackServerContext* context, runtime::Executor* executor, std::atomic<int>* running)
      : executor_(executor), running_(running), progress_(std::make_shared<StreamProgress>()) {
    progress_->cancellation = std::make_shared<Cancellation>(context);
  }

  // Identifies the caller, then begins.
  LogStream* Start(const Door& door, const grpc::CallbackServerContext& context) {
    door.Identify(context, [this](absl::StatusOr<access::Caller> caller) { Begin(std::move(caller)); });
    return this;
  }

  void OnWriteDone(bool ok) final {
    ++progress_->messages;
    executor_->Post([this, ok] { Sent(ok); });
  }
  void OnDone() final {
    progress_->cancellation->Release();
    if (counted_) --*running_;
    delete this;
  }

 protected:
  ~LogStream() override = default;
  virtual void Begin(absl::StatusOr<access::Caller> caller) = 0;
  // A message went out, or, where not `ok`, the client is gone. On the executor.
  virtual void Sent(bool ok) = 0;

  // Counts the stream from here on. False where more than so many run.
  bool Admit(int most) {
    counted_ = true;
    return ++*running_ <= most;
  }
  // From here on the client must take messages.
  void WatchClient() { WatchProgress(progress_, 0, executor_); }
  template <typename Response>
  void Send(const Response& response) {
    sending_ = Serialise(response);
    StartWrite(&sending_);
  }

 private:
  runtime::Executor* const executor_;
  std::atomic<int>* const running_;
  const std::shared_ptr<StreamProgress> progress_;
  bool counted_ = false;
  grpc::ByteBuffer sending_;
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_LOG_STREAM_H_
