// One Record stream to the gateway, as gRPC's callbacks see it. No logic: everything goes to the call's delivery.
#ifndef OTOKURA_CLIENT_RECORD_STREAM_H_
#define OTOKURA_CLIENT_RECORD_STREAM_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <memory>

#include "otokura/v1/ingest.grpc.pb.h"

namespace otokura::client {

class CallDelivery;

// Deletes itself when gRPC is done with it, after telling the delivery. gRPC cannot be done while the delivery holds it, which it does from
// Start until Release: so Write and Cancel are safe from any thread in between.
class RecordStream final : public grpc::ClientBidiReactor<v1::RecordRequest, v1::RecordResponse> {
 public:
  RecordStream(std::shared_ptr<CallDelivery> delivery, std::shared_ptr<grpc::Channel> channel);

  // The next message; not to be touched from Start or Write until the delivery's OnWritten.
  v1::RecordRequest* request() { return &request_; }
  void Start();  // sends request(), the first message
  void Write();
  void WriteLast();
  void Cancel() { context_.TryCancel(); }
  void Release() { RemoveHold(); }

 private:
  void OnWriteDone(bool ok) override;
  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  const std::shared_ptr<CallDelivery> delivery_;
  const std::unique_ptr<v1::Ingest::Stub> stub_;
  grpc::ClientContext context_;
  v1::RecordRequest request_;
  v1::RecordResponse response_;
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_RECORD_STREAM_H_
