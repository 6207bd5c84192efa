// otokura.v1.Grants over gRPC. What changes a grant commits in one write with its entry (I3).
#ifndef OTOKURA_SERVER_RPC_GRANTS_SERVICE_H_
#define OTOKURA_SERVER_RPC_GRANTS_SERVICE_H_

#include <grpcpp/support/byte_buffer.h>

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "otokura/v1/grant.grpc.pb.h"
#include "server/access/contracts.h"
#include "server/access/directory.h"
#include "server/access/gate.h"
#include "server/access/grants.h"
#include "server/keys/key_hierarchy.h"
#include "server/rpc/door.h"
#include "server/rpc/listing.h"
#include "server/rpc/unary_call.h"
#include "server/runtime/clock.h"
#include "server/runtime/executor.h"
#include "server/storage/storage.h"

namespace otokura::rpc {

// Every method takes its message raw (wire.h).
using RawGrantsService =
    v1::Grants::WithRawCallbackMethod_Request<v1::Grants::WithRawCallbackMethod_Approve<v1::Grants::WithRawCallbackMethod_Refuse<
        v1::Grants::WithRawCallbackMethod_Revoke<v1::Grants::WithRawCallbackMethod_List<v1::Grants::Service>>>>>;

class GrantsService : public RawGrantsService {
 public:
  // Borrowed, must outlive the server that this is registered with.
  struct Parts {
    const Door* door;
    access::Gate* gate;
    access::Grants* grants;
    const access::Contracts* contracts;
    const access::Directory* directory;
    const storage::RecordReader* records;
    const keys::KeyHierarchy* keys;
    runtime::Clock* clock;
    runtime::Executor* executor;
  };
  explicit GrantsService(Parts parts) : parts_(parts) {}

  grpc::ServerUnaryReactor* Request(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Approve(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Refuse(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Revoke(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;

 private:
  using GrantDone = std::function<void(absl::StatusOr<v1::Grant>)>;
  // Somebody who asks about a grant, which may not be there.
  struct Matter {
    access::Caller caller;
    access::Ask ask;
    access::GrantId id;
    std::optional<v1::Grant> grant;
  };
  // What of it is to be written, or why not; and then the word for the log.
  using Prepare = std::function<absl::StatusOr<access::Grants::Change>(const Matter& matter, std::string* rule)>;

  absl::StatusOr<Matter> MatterOf(const access::Caller& caller, access::Action action, const std::string& id) const;
  // Decides, prepares, commits; every refusal is an entry.
  void Change(const Matter& matter, const Prepare& prepare, std::string_view reason, GrantDone done) const;

  void RequestAs(const access::Caller& caller, const v1::RequestGrantRequest& request, GrantDone done) const;
  void ApproveAs(const access::Caller& caller, const v1::ApproveGrantRequest& request, GrantDone done) const;
  void RefuseAs(const access::Caller& caller, const v1::RefuseGrantRequest& request, GrantDone done) const;
  void RevokeAs(const access::Caller& caller, const v1::RevokeGrantRequest& request, GrantDone done) const;
  void Show(const access::Caller& caller, const v1::ListGrantsRequest& request, const UnaryDone<v1::ListGrantsResponse>& done) const;
  absl::StatusOr<v1::ListGrantsResponse> Page(const ListingPage& page, const std::string& person, bool ended) const;

  // Those who cannot decide about a grant.
  void NameConcerned(Matter* matter) const;
  // That it may be given as it was requested, now.
  absl::Status CheckMayBeGranted(const access::Caller& approver, const v1::Grant& grant, std::string* rule) const;

  const Parts parts_;
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_GRANTS_SERVICE_H_
