// otokura.v1.Contracts over gRPC. What changes a contract commits in one write with its entry (I3).
#ifndef OTOKURA_SERVER_RPC_CONTRACTS_SERVICE_H_
#define OTOKURA_SERVER_RPC_CONTRACTS_SERVICE_H_

#include <grpcpp/support/byte_buffer.h>

#include <functional>
#include <string_view>

#include "absl/status/statusor.h"
#include "otokura/v1/contract.grpc.pb.h"
#include "server/access/contracts.h"
#include "server/access/directory.h"
#include "server/access/gate.h"
#include "server/keys/site_keys.h"
#include "server/rpc/door.h"
#include "server/rpc/unary_call.h"
#include "server/runtime/executor.h"

namespace otokura::rpc {

// Every method takes its message raw (wire.h).
using RawContractsService = v1::Contracts::WithRawCallbackMethod_Add<v1::Contracts::WithRawCallbackMethod_Confirm<
    v1::Contracts::WithRawCallbackMethod_Close<v1::Contracts::WithRawCallbackMethod_List<v1::Contracts::Service>>>>;

class ContractsService : public RawContractsService {
 public:
  // Borrowed, must outlive the server that this is registered with.
  struct Parts {
    const Door* door;
    access::Gate* gate;
    access::Contracts* contracts;
    const access::Directory* directory;
    const keys::SiteKeys* keys;
    runtime::Executor* executor;
  };
  explicit ContractsService(Parts parts) : parts_(parts) {}

  grpc::ServerUnaryReactor* Add(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request, grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Confirm(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Close(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                  grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;

 private:
  using ContractDone = std::function<void(absl::StatusOr<v1::KeptContract>)>;
  void Propose(const access::Caller& caller, const v1::Contract& contract, ContractDone done) const;
  void ConfirmAs(const access::Caller& caller, const v1::ConfirmContractRequest& request, ContractDone done) const;
  void CloseAs(const access::Caller& caller, const v1::CloseContractRequest& request, ContractDone done) const;
  void Show(const access::Caller& caller, const v1::ListContractsRequest& request, const UnaryDone<v1::ListContractsResponse>& done) const;
  absl::StatusOr<v1::ListContractsResponse> Page(std::string_view after, size_t rows) const;
  absl::StatusOr<v1::ListContractsResponse> One(std::string_view name) const;
  ContractDone AsOfNow(ContractDone done) const;

  const Parts parts_;
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_CONTRACTS_SERVICE_H_
