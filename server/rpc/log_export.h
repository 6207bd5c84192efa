// ExportLog over gRPC: permitted and logged, then leaf run by leaf run as the client takes them, then logged again (I2).
#ifndef OTOKURA_SERVER_RPC_LOG_EXPORT_H_
#define OTOKURA_SERVER_RPC_LOG_EXPORT_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>

#include "server/access/gate.h"
#include "server/audit/leaf_runs.h"
#include "server/audit/publisher.h"
#include "server/rpc/door.h"
#include "server/runtime/executor.h"

namespace otokura::rpc {

// At once, over all accounts: each holds one message and reads the log as fast as its client takes it.
inline constexpr int kLogExportsMax = 4;

class LogExports {
 public:
  // Borrowed, must outlive the server.
  struct Parts {
    const Door* door = nullptr;
    access::Gate* gate = nullptr;
    const audit::Publisher* publisher = nullptr;
    const audit::LeafRuns* runs = nullptr;
    runtime::Executor* executor = nullptr;
  };
  explicit LogExports(Parts parts) : parts_(parts) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Start(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request);

 private:
  class Reactor;
  const Parts parts_;
  std::atomic<int> running_{0};
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_LOG_EXPORT_H_
