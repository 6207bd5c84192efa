// otokura.v1.Cases over gRPC. What changes a case commits in one write with its entry (I3).
#ifndef OTOKURA_SERVER_RPC_CASES_SERVICE_H_
#define OTOKURA_SERVER_RPC_CASES_SERVICE_H_

#include <grpcpp/support/byte_buffer.h>

#include <string>

#include "absl/status/statusor.h"
#include "otokura/v1/case.grpc.pb.h"
#include "server/access/cases.h"
#include "server/recordings/site.h"
#include "server/rpc/door.h"
#include "server/rpc/listing.h"
#include "server/rpc/unary_call.h"

namespace otokura::rpc {

// Every method takes its message raw (wire.h).
using RawCasesService = v1::Cases::WithRawCallbackMethod_Open<
    v1::Cases::WithRawCallbackMethod_Close<v1::Cases::WithRawCallbackMethod_List<v1::Cases::Service>>>;

class CasesService : public RawCasesService {
 public:
  // Borrowed, must outlive the server that this is registered with.
  CasesService(const Door* door, recordings::Site site, access::Cases* cases) : door_(door), site_(std::move(site)), cases_(cases) {}

  grpc::ServerUnaryReactor* Open(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Close(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                  grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;

 private:
  void CloseAs(const access::Caller& caller, const v1::CloseCaseRequest& request, access::Cases::Done done) const;
  void Show(const access::Caller& caller, const v1::ListCasesRequest& request, const UnaryDone<v1::ListCasesResponse>& done) const;
  absl::StatusOr<v1::ListCasesResponse> One(const std::string& name) const;
  absl::StatusOr<v1::ListCasesResponse> Page(const ListingPage& page) const;

  const Door* const door_;
  const recordings::Site site_;
  access::Cases* const cases_;
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_CASES_SERVICE_H_
