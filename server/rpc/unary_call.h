// The way of every unary call: identify, parse, delegate, answer.
#ifndef OTOKURA_SERVER_RPC_UNARY_CALL_H_
#define OTOKURA_SERVER_RPC_UNARY_CALL_H_

#include <grpcpp/support/server_callback.h>

#include <functional>
#include <utility>

#include "absl/status/statusor.h"
#include "server/rpc/door.h"
#include "server/rpc/status.h"
#include "server/rpc/wire.h"

namespace otokura::rpc {

// A listing stops before it grows past this: clients take messages of at most 1 MiB.
inline constexpr size_t kListingBytesMax = 512 * 1024;

template <typename Response>
using UnaryDone = std::function<void(absl::StatusOr<Response>)>;

// `serve(caller, request, done)` runs on the executor and calls `done` once, from any thread. What it needs must outlive the server.
template <typename Request, typename Response, typename Serve>
grpc::ServerUnaryReactor* ServeUnary(const Door& door, grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* response, Serve serve) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();  // lives, as the two buffers do, until Finish
  door.Identify(*context, [reactor, request, response, serve = std::move(serve)](absl::StatusOr<access::Caller> caller) {
    const UnaryDone<Response> done = [reactor, response](absl::StatusOr<Response> result) {
      if (result.ok()) *response = Serialise(*result);
      reactor->Finish(ToGrpc(result.status()));
    };
    if (!caller.ok()) return done(caller.status());
    auto parsed = Parse<Request>(*request);
    if (!parsed.ok()) return done(parsed.status());
    serve(*std::move(caller), *std::move(parsed), done);
  });
  return reactor;
}

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_UNARY_CALL_H_
