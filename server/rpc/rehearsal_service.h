// otokura.v1.Rehearsal over gRPC: permitted and logged, then step by step as the client takes progress, then the findings, then logged
// again (I2). On the executor, over a snapshot: nothing that a release needs is held.
#ifndef OTOKURA_SERVER_RPC_REHEARSAL_SERVICE_H_
#define OTOKURA_SERVER_RPC_REHEARSAL_SERVICE_H_

#include <grpcpp/support/byte_buffer.h>

#include <atomic>

#include "otokura/v1/rehearsal.grpc.pb.h"
#include "server/access/contracts.h"
#include "server/access/directory.h"
#include "server/access/egress/rehearsal.h"
#include "server/access/gate.h"
#include "server/access/grants.h"
#include "server/keys/key_hierarchy.h"
#include "server/rpc/door.h"
#include "server/runtime/clock.h"
#include "server/runtime/executor.h"
#include "server/storage/storage.h"

namespace otokura::rpc {

inline constexpr int kRehearsalsMax = 1;                  // at once: each may keep some 300 MB
inline constexpr uint64_t kRehearsalStepEntries = 1'000;  // some 100 ms: a client that goes is noticed after each

using RawRehearsalService = v1::Rehearsal::WithRawCallbackMethod_Rehearse<v1::Rehearsal::Service>;

class RehearsalService : public RawRehearsalService {
 public:
  // Borrowed, must outlive the server that this is registered with.
  struct Parts {
    const Door* door;
    access::Gate* gate;
    const access::Grants* grants;
    const access::Contracts* contracts;
    const access::Directory* directory;
    const storage::RecordStore* records;
    const keys::KeyHierarchy* keys;
    runtime::Clock* clock;
    runtime::Executor* executor;
  };
  explicit RehearsalService(Parts parts) : parts_(parts) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Rehearse(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) override;

 private:
  class Reactor;
  access::Rehearsal::Parts PartsUnder(std::shared_ptr<const access::Rules> draft) const;

  const Parts parts_;
  std::atomic<int> running_{0};
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_REHEARSAL_SERVICE_H_
