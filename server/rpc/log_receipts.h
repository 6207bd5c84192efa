// GetReceipt over gRPC: the entry RECEIPT first, then, once a checkpoint covers it, everything that was logged about the recording, each
// with its proof.
#ifndef OTOKURA_SERVER_RPC_LOG_RECEIPTS_H_
#define OTOKURA_SERVER_RPC_LOG_RECEIPTS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstdint>

#include "server/access/gate.h"
#include "server/audit/publisher.h"
#include "server/rpc/door.h"
#include "server/runtime/executor.h"
#include "server/storage/storage.h"

namespace otokura::rpc {

inline constexpr int kLogReceiptsMax = 4;  // at once, over all accounts: each reads the log as fast as its client takes it
// Accesses of one recording in one receipt: about 150 MB as text. A recording of more takes an export of the log.
inline constexpr uint64_t kReceiptAccessesMax = 100'000;

class LogReceipts {
 public:
  // Borrowed, must outlive the server.
  struct Parts {
    const Door* door = nullptr;
    access::Gate* gate = nullptr;
    const audit::Publisher* publisher = nullptr;
    const storage::RecordReader* records = nullptr;
    runtime::Executor* executor = nullptr;
  };
  explicit LogReceipts(Parts parts) : parts_(parts) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Start(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request);

 private:
  class Reactor;
  const Parts parts_;
  std::atomic<int> running_{0};
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_LOG_RECEIPTS_H_
