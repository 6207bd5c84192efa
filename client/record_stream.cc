#include "client/record_stream.h"

#include <utility>

#include "client/call_delivery.h"

namespace otokura::client {

RecordStream::RecordStream(std::shared_ptr<CallDelivery> delivery, std::shared_ptr<grpc::Channel> channel)
    : delivery_(std::move(delivery)), stub_(v1::Ingest::NewStub(std::move(channel))) {}

void RecordStream::Start() {
  stub_->async()->Record(&context_, this);
  AddHold();
  StartRead(&response_);
  StartWrite(&request_);
  StartCall();
}

void RecordStream::Write() { StartWrite(&request_); }
void RecordStream::WriteLast() { StartWriteLast(&request_, grpc::WriteOptions()); }

void RecordStream::OnWriteDone(bool) { delivery_->OnWritten(this); }

void RecordStream::OnReadDone(bool ok) {
  if (!ok) {
    delivery_->OnReadsEnded(this);
    return;
  }
  delivery_->OnResponse(this, response_);
  StartRead(&response_);
}

// The Recorder counts this stream until its channel is let go: gRPC's last channel must not be destroyed on gRPC's own thread, which would
// wait for itself.
void RecordStream::OnDone(const grpc::Status& status) {
  const std::shared_ptr<RecorderContext> context = delivery_->context();
  delivery_->OnStreamEnded(status);
  delete this;
  context->StreamEnded();
}

}  // namespace otokura::client
