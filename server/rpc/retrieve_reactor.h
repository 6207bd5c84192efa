// Audio on its way to a client: one RetrievalStream over one server-streaming call.
#ifndef OTOKURA_SERVER_RPC_RETRIEVE_REACTOR_H_
#define OTOKURA_SERVER_RPC_RETRIEVE_REACTOR_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/recordings/retrieval.h"
#include "server/rpc/cancellation.h"
#include "server/rpc/door.h"
#include "server/rpc/wire.h"
#include "server/runtime/executor.h"

namespace otokura::rpc {

// As for Record streams: everything meets in Advance, and the reactor is deleted in OnDone.
class RetrieveReactor : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  using ToWire = std::function<grpc::ByteBuffer(recordings::RetrievalMessage message)>;
  using Start =
      std::function<absl::StatusOr<std::shared_ptr<recordings::RetrievalStream>>(std::shared_ptr<recordings::RetrievalPeer> peer)>;

  RetrieveReactor(grpc::CallbackServerContext* context, runtime::Executor* executor, ToWire to_wire)
      : executor_(executor), to_wire_(std::move(to_wire)), cancellation_(std::make_shared<Cancellation>(context)) {}

  // `start` begins the retrieval, or says why there is none.
  void Begin(const Start& start);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // Called only before End, but held for as long as the retrieval likes.
  class Peer : public recordings::RetrievalPeer {
   public:
    explicit Peer(RetrieveReactor* reactor) : reactor_(reactor) {}
    void Send(recordings::RetrievalMessage message) override;
    void End(absl::Status status) override;

   private:
    RetrieveReactor* const reactor_;
  };

  // Changes the state and starts whatever may be started then. The last thing to do with the reactor: it may be gone on return.
  template <typename Change>
  void Advance(Change change);
  // A value: everything is sent, finish with it now, once the mutex is free.
  std::optional<absl::Status> StartNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  runtime::Executor* const executor_;
  const ToWire to_wire_;
  const std::shared_ptr<Cancellation> cancellation_;
  grpc::ByteBuffer sending_;  // of the write under way, if any

  absl::Mutex mutex_;
  std::shared_ptr<recordings::RetrievalStream> stream_ ABSL_GUARDED_BY(mutex_);
  bool begun_ ABSL_GUARDED_BY(mutex_) = false;  // stream_ is set, or will never be
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<grpc::ByteBuffer> outbox_ ABSL_GUARDED_BY(mutex_);  // one: the next comes only after OnSent
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

// Identifies, parses, starts. `start(caller, request, peer)` gives the stream; `respond(message)` makes a Response of what goes out.
template <typename Request, typename Response, typename StartStream, typename Respond>
grpc::ServerWriteReactor<grpc::ByteBuffer>* ServeRetrieval(const Door& door, runtime::Executor* executor,
                                                           grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                           StartStream start, Respond respond) {
  auto* const reactor = new RetrieveReactor(context, executor, [respond](recordings::RetrievalMessage message) {
    const Response response = respond(std::move(message));
    return Serialise(response);
  });
  door.Identify(*context, [reactor, request, start](absl::StatusOr<access::Caller> caller) {
    using Stream = std::shared_ptr<recordings::RetrievalStream>;
    reactor->Begin([&](std::shared_ptr<recordings::RetrievalPeer> peer) -> absl::StatusOr<Stream> {
      if (!caller.ok()) return caller.status();
      auto parsed = Parse<Request>(*request);
      if (!parsed.ok()) return parsed.status();
      return start(*std::move(caller), *std::move(parsed), std::move(peer));
    });
  });
  return reactor;
}

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_RETRIEVE_REACTOR_H_
