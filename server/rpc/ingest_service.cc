#include "server/rpc/ingest_service.h"

#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/rpc/cancellation.h"
#include "server/rpc/status.h"
#include "server/rpc/wire.h"

namespace otokura::rpc {
namespace {

// One Record stream. gRPC's reactions and the ingest stream's wishes meet in Advance, under one mutex; reactions run on gRPC's few threads
// and only hand over. Deleted in OnDone, which gRPC calls once Finish was called and no operation is under way.
class RecordReactor : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  RecordReactor(grpc::CallbackServerContext* context, runtime::Executor* executor)
      : context_(context), executor_(executor), cancellation_(std::make_shared<Cancellation>(context)) {}

  void Begin(recordings::Ingest* ingest, absl::StatusOr<access::Caller> caller);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // What the ingest stream holds. Separate, as it may be let go of after the reactor is gone; it is called only before End.
  class Peer : public recordings::IngestPeer {
   public:
    explicit Peer(RecordReactor* reactor) : reactor_(reactor) {}
    void ReadNext() override;
    void Send(v1::RecordResponse response) override;
    void End(absl::Status status) override;

   private:
    RecordReactor* const reactor_;
  };

  void Enqueue(v1::RecordResponse response) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
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

  grpc::CallbackServerContext* const context_;
  runtime::Executor* const executor_;
  const std::shared_ptr<Cancellation> cancellation_;
  grpc::ByteBuffer request_;  // of the read under way, if any
  grpc::ByteBuffer sending_;  // of the write under way, if any

  absl::Mutex mutex_;
  std::shared_ptr<recordings::IngestStream> stream_ ABSL_GUARDED_BY(mutex_);
  bool begun_ ABSL_GUARDED_BY(mutex_) = false;  // stream_ is set, or will never be
  bool read_wanted_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<v1::RecordResponse> outbox_ ABSL_GUARDED_BY(mutex_);  // at most Opened, one Committed and Sealed
  absl::Status malformed_ ABSL_GUARDED_BY(mutex_);                 // what is wrong with a request that could not be parsed
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

void RecordReactor::Begin(recordings::Ingest* ingest, absl::StatusOr<access::Caller> caller) {
  std::shared_ptr<recordings::IngestStream> stream;
  // Until `begun_`, nothing is started: the stream may call its peer, and even end, before Start returns it.
  if (caller.ok()) stream = ingest->Start(*std::move(caller), std::make_shared<Peer>(this));
  bool cancelled = false;
  Advance([&] {
    begun_ = true;
    stream_ = stream;
    if (!caller.ok()) end_ = caller.status();
    cancelled = cancelled_;
  });
  if (cancelled && stream != nullptr) stream->OnCancel();
}

void RecordReactor::Peer::ReadNext() {
  reactor_->Advance([this] { reactor_->read_wanted_ = true; });
}

void RecordReactor::Peer::Send(v1::RecordResponse response) {
  reactor_->Advance([&] { reactor_->Enqueue(std::move(response)); });
}

void RecordReactor::Peer::End(absl::Status status) {
  reactor_->Advance([&] {
    reactor_->end_ = reactor_->malformed_.ok() ? std::move(status) : reactor_->malformed_;
    if (reactor_->writing_) Cancellation::After(kLastMessagePatience, reactor_->cancellation_, reactor_->executor_);
  });
}

void RecordReactor::Enqueue(v1::RecordResponse response) {
  // A client slower than the disk learns of the newest position only.
  if (response.has_committed() && !outbox_.empty() && outbox_.back().has_committed()) outbox_.pop_back();
  outbox_.push_back(std::move(response));
}

std::optional<absl::Status> RecordReactor::StartNext() {
  if (!begun_ || finishing_) return std::nullopt;
  if (read_wanted_ && !end_.has_value()) {
    read_wanted_ = false;
    StartRead(&request_);
  }
  if (writing_) return std::nullopt;
  if (!outbox_.empty()) {
    sending_ = Serialise(outbox_.front());
    outbox_.pop_front();
    writing_ = true;
    StartWrite(&sending_);
    return std::nullopt;
  }
  finishing_ = end_.has_value();
  return end_;
}

void RecordReactor::OnReadDone(bool ok) {
  std::shared_ptr<recordings::IngestStream> stream;
  grpc::ByteBuffer bytes;
  {
    absl::MutexLock lock(&mutex_);
    stream = stream_;
    bytes.Swap(&request_);
  }
  if (!ok) {
    if (!context_->IsCancelled()) stream->OnHalfClose();  // else OnCancel tells it
    return;
  }
  absl::StatusOr<v1::RecordRequest> request = Parse<v1::RecordRequest>(bytes);
  if (request.ok()) return stream->OnRequest(*std::move(request));
  {
    absl::MutexLock lock(&mutex_);
    malformed_ = request.status();
  }
  stream->OnCancel();  // it ends, and the client is told what is malformed
}

void RecordReactor::OnWriteDone(bool ok) {
  Advance([&] {
    writing_ = false;
    if (!ok) outbox_.clear();  // the client is gone; OnCancel tells the stream
  });
}

void RecordReactor::OnCancel() {
  std::shared_ptr<recordings::IngestStream> stream;
  {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
    stream = stream_;
  }
  if (stream != nullptr) stream->OnCancel();
}

void RecordReactor::OnDone() {
  cancellation_->Release();
  { absl::MutexLock lock(&mutex_); }  // orders what others did under it before the end, where gRPC's own order does not show
  delete this;
}

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* IngestService::Record(grpc::CallbackServerContext* context) {
  auto* reactor = new RecordReactor(context, executor_);
  door_->Identify(*context,
                  [reactor, ingest = ingest_](absl::StatusOr<access::Caller> caller) { reactor->Begin(ingest, std::move(caller)); });
  return reactor;
}

}  // namespace otokura::rpc
