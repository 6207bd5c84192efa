// otokura.v1.Access over gRPC: searches and shows go to the catalogue, every Listen and Download becomes one recordings::RetrievalStream.
#ifndef OTOKURA_SERVER_RPC_ACCESS_SERVICE_H_
#define OTOKURA_SERVER_RPC_ACCESS_SERVICE_H_

#include "otokura/v1/access.grpc.pb.h"
#include "server/recordings/catalogue.h"
#include "server/recordings/retrieval.h"
#include "server/rpc/door.h"
#include "server/runtime/executor.h"

namespace otokura::rpc {

class AccessService : public v1::Access::CallbackService {
 public:
  // Borrowed, must outlive the server that this is registered with.
  AccessService(const Door* door, recordings::Catalogue* catalogue, recordings::Retrieval* retrieval, runtime::Executor* executor)
      : door_(door), catalogue_(catalogue), retrieval_(retrieval), executor_(executor) {}

  grpc::ServerUnaryReactor* Search(grpc::CallbackServerContext* context, const v1::SearchRequest* request, v1::SearchResponse* response) override;
  grpc::ServerUnaryReactor* Show(grpc::CallbackServerContext* context, const v1::ShowRequest* request, v1::ShowResponse* response) override;
  grpc::ServerWriteReactor<v1::RetrieveResponse>* Listen(grpc::CallbackServerContext* context, const v1::RetrieveRequest* request) override;
  grpc::ServerWriteReactor<v1::RetrieveResponse>* Download(grpc::CallbackServerContext* context, const v1::RetrieveRequest* request) override;

 private:
  grpc::ServerWriteReactor<v1::RetrieveResponse>* Retrieve(grpc::CallbackServerContext* context, access::Action action, const v1::RetrieveRequest& request);

  const Door* const door_;
  recordings::Catalogue* const catalogue_;
  recordings::Retrieval* const retrieval_;
  runtime::Executor* const executor_;
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_ACCESS_SERVICE_H_
