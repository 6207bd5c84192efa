// otokura.v1.Access over gRPC: searches and shows go to the catalogue, every Listen and Download becomes one recordings::RetrievalStream.
#ifndef OTOKURA_SERVER_RPC_ACCESS_SERVICE_H_
#define OTOKURA_SERVER_RPC_ACCESS_SERVICE_H_

#include <grpcpp/support/byte_buffer.h>

#include "otokura/v1/access.grpc.pb.h"
#include "server/recordings/catalogue.h"
#include "server/recordings/retrieval.h"
#include "server/rpc/door.h"
#include "server/runtime/executor.h"

namespace otokura::rpc {

// Every method takes its message raw (wire.h).
using RawAccessService = v1::Access::WithRawCallbackMethod_Search<v1::Access::WithRawCallbackMethod_Show<
    v1::Access::WithRawCallbackMethod_Listen<v1::Access::WithRawCallbackMethod_Download<v1::Access::Service>>>>;

class AccessService : public RawAccessService {
 public:
  // Borrowed, must outlive the server that this is registered with.
  AccessService(const Door* door, recordings::Catalogue* catalogue, recordings::Retrieval* retrieval, runtime::Executor* executor)
      : door_(door), catalogue_(catalogue), retrieval_(retrieval), executor_(executor) {}

  grpc::ServerUnaryReactor* Search(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Show(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Listen(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Download(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) override;

 private:
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Retrieve(grpc::CallbackServerContext* context, access::Action action,
                                                       const grpc::ByteBuffer* request);

  const Door* const door_;
  recordings::Catalogue* const catalogue_;
  recordings::Retrieval* const retrieval_;
  runtime::Executor* const executor_;
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_ACCESS_SERVICE_H_
