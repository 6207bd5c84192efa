// How a unary call ends: with a message, or with a status and no message.
#ifndef OTOKURA_SERVER_RPC_ANSWER_H_
#define OTOKURA_SERVER_RPC_ANSWER_H_

#include <grpcpp/support/server_callback.h>

#include <utility>

#include "absl/status/statusor.h"
#include "server/rpc/status.h"

namespace otokura::rpc {

// A listing stops before it grows past this: clients take messages of at most 1 MiB.
inline constexpr size_t kListingBytesMax = 512 * 1024;

// `reactor` and `*response` may be gone when this returns.
template <typename Response>
void Answer(grpc::ServerUnaryReactor* reactor, Response* response, absl::StatusOr<Response> result) {
  if (result.ok()) *response = *std::move(result);
  reactor->Finish(ToGrpc(result.status()));
}

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_ANSWER_H_
