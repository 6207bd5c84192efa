#include "server/rpc/retrieve_reactor.h"

#include "server/rpc/status.h"

namespace otokura::rpc {

template <typename Change>
void RetrieveReactor::Advance(Change change) {
  std::optional<absl::Status> end;
  {
    absl::MutexLock lock(&mutex_);
    change();
    end = StartNext();
  }
  if (end.has_value()) Finish(ToGrpc(*end));
}

void RetrieveReactor::Begin(const Start& start) {
  absl::StatusOr<std::shared_ptr<recordings::RetrievalStream>> started = start(std::make_shared<Peer>(this));
  const std::shared_ptr<recordings::RetrievalStream> stream = started.ok() ? *started : nullptr;
  bool cancelled = false;
  Advance([&] {
    begun_ = true;
    stream_ = stream;
    if (!started.ok()) end_ = started.status();
    cancelled = cancelled_;
  });
  if (cancelled && stream != nullptr) stream->OnCancel();
}

void RetrieveReactor::Peer::Send(recordings::RetrievalMessage message) {
  grpc::ByteBuffer bytes = reactor_->to_wire_(std::move(message));
  reactor_->Advance([&] { reactor_->outbox_ = std::move(bytes); });
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
    sending_ = *std::move(outbox_);
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

}  // namespace otokura::rpc
