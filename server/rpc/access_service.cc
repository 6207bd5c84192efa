#include "server/rpc/access_service.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/rpc/cancellation.h"
#include "server/rpc/status.h"
#include "server/rpc/unary_call.h"
#include "server/rpc/wire.h"

namespace otokura::rpc {
namespace {

// One Listen or Download. As for Record streams: everything meets in Advance, and the reactor is deleted in OnDone.
class RetrieveReactor : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  RetrieveReactor(grpc::CallbackServerContext* context, runtime::Executor* executor)
      : executor_(executor), cancellation_(std::make_shared<Cancellation>(context)) {}

  void Begin(recordings::Retrieval* retrieval, access::Action action, const grpc::ByteBuffer& request,
             absl::StatusOr<access::Caller> caller);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // Called only before End, but held for as long as the retrieval likes.
  class Peer : public recordings::RetrievalPeer {
   public:
    explicit Peer(RetrieveReactor* reactor) : reactor_(reactor) {}
    void Send(v1::RetrieveResponse response) override;
    void End(absl::Status status) override;

   private:
    RetrieveReactor* const reactor_;
  };

  // Changes the state and starts whatever may be started then. The last thing to do with the reactor: it may be gone on return.
  template <typename Change>
  void Advance(Change change) {
    std::optional<absl::Status> end;
    {
      absl::MutexLock lock(&mutex_);
      change();
      end = StartNext();
    }
    if (end.has_value()) Finish(ToGrpc(*end));
  }
  // A value: everything is sent, finish with it now, once the mutex is free.
  std::optional<absl::Status> StartNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  runtime::Executor* const executor_;
  const std::shared_ptr<Cancellation> cancellation_;
  grpc::ByteBuffer sending_;  // of the write under way, if any

  absl::Mutex mutex_;
  std::shared_ptr<recordings::RetrievalStream> stream_ ABSL_GUARDED_BY(mutex_);
  bool begun_ ABSL_GUARDED_BY(mutex_) = false;  // stream_ is set, or will never be
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<v1::RetrieveResponse> outbox_ ABSL_GUARDED_BY(mutex_);  // one: the next comes only after OnSent
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

void RetrieveReactor::Begin(recordings::Retrieval* retrieval, access::Action action, const grpc::ByteBuffer& request,
                            absl::StatusOr<access::Caller> caller) {
  std::shared_ptr<recordings::RetrievalStream> stream;
  auto parsed = caller.ok() ? Parse<v1::RetrieveRequest>(request) : caller.status();
  if (parsed.ok()) stream = retrieval->Start(*std::move(caller), action, *std::move(parsed), std::make_shared<Peer>(this));
  bool cancelled = false;
  Advance([&] {
    begun_ = true;
    stream_ = stream;
    if (!parsed.ok()) end_ = parsed.status();
    cancelled = cancelled_;
  });
  if (cancelled && stream != nullptr) stream->OnCancel();
}

void RetrieveReactor::Peer::Send(v1::RetrieveResponse response) {
  reactor_->Advance([&] { reactor_->outbox_ = std::move(response); });
}

void RetrieveReactor::Peer::End(absl::Status status) {
  reactor_->Advance([&] {
    reactor_->end_ = std::move(status);
    if (reactor_->writing_) Cancellation::After(kLastMessagePatience, reactor_->cancellation_, reactor_->executor_);
  });
}

std::optional<absl::Status> RetrieveReactor::StartNext() {
  if (!begun_ || finishing_ || writing_) return std::nullopt;
  if (outbox_.has_value()) {
    sending_ = Serialise(*outbox_);
    outbox_.reset();
    writing_ = true;
    StartWrite(&sending_);
    return std::nullopt;
  }
  finishing_ = end_.has_value();
  return end_;
}

void RetrieveReactor::OnWriteDone(bool ok) {
  std::shared_ptr<recordings::RetrievalStream> stream;
  Advance([&] {
    writing_ = false;
    if (!ok) outbox_.reset();  // the client is gone; OnCancel tells the stream
    if (ok && !end_.has_value()) stream = stream_;
  });
  if (stream != nullptr) stream->OnSent();
}

void RetrieveReactor::OnCancel() {
  std::shared_ptr<recordings::RetrievalStream> stream;
  {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
    stream = stream_;
  }
  if (stream != nullptr) stream->OnCancel();
}

void RetrieveReactor::OnDone() {
  cancellation_->Release();
  { absl::MutexLock lock(&mutex_); }  // orders what others did under it before the end, where gRPC's own order does not show
  delete this;
}

}  // namespace

grpc::ServerUnaryReactor* AccessService::Search(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
  return ServeUnary<v1::SearchRequest, v1::SearchResponse>(
      *door_, context, request, response, [this](access::Caller caller, v1::SearchRequest parsed, UnaryDone<v1::SearchResponse> done) {
        catalogue_->Search(std::move(caller), std::move(parsed), std::move(done));
      });
}

grpc::ServerUnaryReactor* AccessService::Show(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                              grpc::ByteBuffer* response) {
  return ServeUnary<v1::ShowRequest, v1::ShowResponse>(
      *door_, context, request, response, [this](access::Caller caller, v1::ShowRequest parsed, UnaryDone<v1::ShowResponse> done) {
        catalogue_->Show(std::move(caller), std::move(parsed), std::move(done));
      });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* AccessService::Listen(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  return Retrieve(context, access::Action::kListen, request);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* AccessService::Download(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  return Retrieve(context, access::Action::kDownload, request);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* AccessService::Retrieve(grpc::CallbackServerContext* context, access::Action action,
                                                                    const grpc::ByteBuffer* request) {
  auto* reactor = new RetrieveReactor(context, executor_);
  door_->Identify(*context, [this, reactor, action, request](absl::StatusOr<access::Caller> caller) {
    reactor->Begin(retrieval_, action, *request, std::move(caller));
  });
  return reactor;
}

}  // namespace otokura::rpc
