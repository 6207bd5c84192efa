// Nobody is served before the door knows who it is.
#ifndef OTOKURA_SERVER_RPC_DOOR_H_
#define OTOKURA_SERVER_RPC_DOOR_H_

#include <grpcpp/server_context.h>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "server/access/caller.h"
#include "server/access/directory.h"
#include "server/access/gate.h"
#include "server/runtime/executor.h"

namespace otokura::rpc {

// Thread-safe. Borrowed parts must outlive it.
class Door {
 public:
  Door(const access::Directory* directory, access::Gate* gate, runtime::Executor* executor)
      : directory_(directory), gate_(gate), executor_(executor) {}

  // Identifies on the executor, because that parses a certificate, and calls `done` there: with the caller, or with the refusal, which is
  // logged.
  void Identify(const grpc::ServerContextBase& context, absl::AnyInvocable<void(absl::StatusOr<access::Caller>) &&> done) const;

 private:
  absl::StatusOr<access::Caller> Recognise(const access::Peer& peer) const;

  const access::Directory* const directory_;
  access::Gate* const gate_;
  runtime::Executor* const executor_;
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_DOOR_H_
