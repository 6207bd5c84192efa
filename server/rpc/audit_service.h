// otokura.v1.Audit over gRPC. The listing is itself an entry, durable before anything of the log leaves (I2).
#ifndef OTOKURA_SERVER_RPC_AUDIT_SERVICE_H_
#define OTOKURA_SERVER_RPC_AUDIT_SERVICE_H_

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "otokura/v1/audit.grpc.pb.h"
#include "server/access/gate.h"
#include "server/audit/log.h"
#include "server/keys/site_keys.h"
#include "server/rpc/door.h"
#include "server/rpc/log_export.h"
#include "server/rpc/log_proofs.h"
#include "server/runtime/executor.h"

namespace otokura::rpc {

inline constexpr uint32_t kAuditPageRowsMax = 1000;
inline constexpr uint32_t kAuditPageRowsDefault = 100;

// A request as the log understands it. INVALID_ARGUMENT naming the field.
absl::StatusOr<audit::Log::Query> ParseListing(const v1::ListAuditRequest& request, const keys::SiteKeys& keys);
// As many of the entries as one message takes, and the token for the rest.
v1::ListAuditResponse FormatListing(const v1::ListAuditRequest& request, audit::Log::Page page, const audit::Head& head,
                                    const keys::SiteKeys& keys);

// Every method takes its message raw (wire.h).
using RawAuditService =
    v1::Audit::WithRawCallbackMethod_List<v1::Audit::WithRawCallbackMethod_ExportLog<v1::Audit::WithRawCallbackMethod_GetCheckpoint<
        v1::Audit::WithRawCallbackMethod_ProveInclusion<v1::Audit::WithRawCallbackMethod_ProveConsistency<v1::Audit::Service>>>>>;

class AuditService : public RawAuditService {
 public:
  // Borrowed, must outlive the server that this is registered with.
  AuditService(const Door* door, access::Gate* gate, const audit::Log* log, const keys::SiteKeys* keys, LogExports* exports,
               const LogProofs* proofs, runtime::Executor* executor)
      : door_(door), gate_(gate), log_(log), keys_(keys), exports_(exports), proofs_(proofs), executor_(executor) {}

  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* ExportLog(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* GetCheckpoint(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ProveInclusion(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ProveConsistency(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                             grpc::ByteBuffer* response) override;

 private:
  void Release(const access::Caller& caller, const v1::ListAuditRequest& request,
               std::function<void(absl::StatusOr<v1::ListAuditResponse>)> done) const;

  const Door* const door_;
  access::Gate* const gate_;
  const audit::Log* const log_;
  const keys::SiteKeys* const keys_;
  LogExports* const exports_;
  const LogProofs* const proofs_;
  runtime::Executor* const executor_;
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_AUDIT_SERVICE_H_
