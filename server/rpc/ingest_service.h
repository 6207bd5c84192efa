// otokura.v1.Ingest over gRPC: every Record stream becomes one recordings::IngestStream.
#ifndef OTOKURA_SERVER_RPC_INGEST_SERVICE_H_
#define OTOKURA_SERVER_RPC_INGEST_SERVICE_H_

#include <grpcpp/support/byte_buffer.h>

#include "otokura/v1/ingest.grpc.pb.h"
#include "server/recordings/ingest.h"
#include "server/rpc/door.h"
#include "server/runtime/executor.h"

namespace otokura::rpc {

class IngestService : public v1::Ingest::WithRawCallbackMethod_Record<v1::Ingest::Service> {
 public:
  // Borrowed, must outlive the server that this is registered with.
  IngestService(const Door* door, recordings::Ingest* ingest, runtime::Executor* executor)
      : door_(door), ingest_(ingest), executor_(executor) {}

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Record(grpc::CallbackServerContext* context) override;

 private:
  const Door* const door_;
  recordings::Ingest* const ingest_;
  runtime::Executor* const executor_;
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_INGEST_SERVICE_H_
