// otokura.v1.Audit over gRPC. Whatever is asked of the log is itself an entry, durable before anything of the log leaves (I2).
#ifndef OTOKURA_SERVER_RPC_AUDIT_SERVICE_H_
#define OTOKURA_SERVER_RPC_AUDIT_SERVICE_H_

#include <grpcpp/support/byte_buffer.h>

#include "otokura/v1/audit.grpc.pb.h"
#include "server/access/gate.h"
#include "server/audit/log.h"
#include "server/audit/queries.h"
#include "server/keys/site_keys.h"
#include "server/rpc/audit_follow.h"
#include "server/rpc/audit_queries.h"
#include "server/rpc/door.h"
#include "server/rpc/log_export.h"
#include "server/rpc/log_proofs.h"
#include "server/rpc/log_receipts.h"
#include "server/rpc/unary_call.h"
#include "server/runtime/clock.h"
#include "server/runtime/executor.h"

namespace otokura::rpc {

// Every method takes its message raw (wire.h).
using RawAuditQueries = v1::Audit::WithRawCallbackMethod_List<v1::Audit::WithRawCallbackMethod_Count<
    v1::Audit::WithRawCallbackMethod_Follow<v1::Audit::WithRawCallbackMethod_GetReceipt<v1::Audit::Service>>>>;
using RawAuditService = v1::Audit::WithRawCallbackMethod_ExportLog<v1::Audit::WithRawCallbackMethod_GetCheckpoint<
    v1::Audit::WithRawCallbackMethod_ProveInclusion<v1::Audit::WithRawCallbackMethod_ProveConsistency<RawAuditQueries>>>>;

class AuditService : public RawAuditService {
 public:
  // Borrowed, must outlive the server that this is registered with.
  struct Parts {
    const Door* door;
    access::Gate* gate;
    const audit::Log* log;
    const audit::Queries* queries;
    const keys::SiteKeys* keys;
    LogExports* exports;
    const LogProofs* proofs;
    LogReceipts* receipts;
    runtime::Clock* clock;
    runtime::Executor* executor;
  };
  explicit AuditService(const Parts& parts)
      : parts_(parts), follows_({parts.gate, parts.log, parts.queries, parts.clock, parts.executor}) {}

  // Ends the streams that follow the log: the gateway is stopping.
  void Drain() { follows_.Drain(); }

  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Count(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                  grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Follow(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* ExportLog(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* GetReceipt(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* GetCheckpoint(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ProveInclusion(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ProveConsistency(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                             grpc::ByteBuffer* response) override;

 private:
  struct CountUnderWay;
  void ReleaseListing(const access::Caller& caller, const v1::ListAuditRequest& request, UnaryDone<v1::ListAuditResponse> done) const;
  absl::StatusOr<v1::ListAuditResponse> Answer(const keys::ReleasePermit& permit, const v1::ListAuditRequest& request,
                                               const Listing& listing) const;
  void ReleaseCount(const access::Caller& caller, const v1::CountAuditRequest& request, UnaryDone<v1::CountAuditResponse> done) const;
  // One step on the executor, and then the next: others get their turn between.
  void CountOn(std::shared_ptr<CountUnderWay> count) const;

  const Parts parts_;
  AuditFollows follows_;
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_AUDIT_SERVICE_H_
