// One request, one answer.
#ifndef OTOKURA_CLIENT_UNARY_H_
#define OTOKURA_CLIENT_UNARY_H_

#include <grpcpp/client_context.h>

#include <chrono>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "client/channel.h"
#include "client/rpc_status.h"
#include "otokura/connection.h"

namespace otokura::client {

inline constexpr std::chrono::seconds kAnswerWithin{60};  // a search may open many records; more than this is a gateway in trouble

template <typename Service>
absl::StatusOr<std::unique_ptr<typename Service::Stub>> Connect(const ConnectionOptions& options) {
  auto credentials = LoadCredentials(options);
  if (!credentials.ok()) return credentials.status();
  auto channel = MakeChannel(options.gateway, *credentials);
  if (!channel.ok()) return channel.status();
  return Service::NewStub(*std::move(channel));
}

template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Ask(Stub* stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                             const Request& request) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kAnswerWithin);
  Response response;
  if (absl::Status status = FromGrpc((stub->*method)(&context, request, &response)); !status.ok()) return status;
  return response;
}

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_UNARY_H_
