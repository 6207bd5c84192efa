#include "server/rpc/access_service.h"

#include <utility>

#include "server/rpc/retrieve_reactor.h"
#include "server/rpc/unary_call.h"

namespace otokura::rpc {

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
  return ServeRetrieval<v1::RetrieveRequest, v1::RetrieveResponse>(
      *door_, executor_, context, request,
      [this, action](access::Caller caller, v1::RetrieveRequest parsed, std::shared_ptr<recordings::RetrievalPeer> peer) {
        return retrieval_->Start(std::move(caller), action, std::move(parsed), std::move(peer));
      },
      [](recordings::RetrievalMessage message) {
        v1::RetrieveResponse response;
        if (message.header.has_value()) {
          *response.mutable_header() = *std::move(message.header);
        } else {
          response.set_audio(std::move(message.bytes));
        }
        return response;
      });
}

}  // namespace otokura::rpc
