// What gRPC says, as absl::Status with the gateway's typed detail attached.
#ifndef OTOKURA_CLIENT_RPC_STATUS_H_
#define OTOKURA_CLIENT_RPC_STATUS_H_

#include <grpcpp/support/status.h>

#include <optional>

#include "absl/status/status.h"
#include "otokura/v1/errors.pb.h"

namespace otokura::client {

// The detail goes into the payload kErrorDetailUrl, unparsed.
absl::Status FromGrpc(const grpc::Status& status);

// The detail of a status that FromGrpc made, where there is one that this build understands.
std::optional<v1::ErrorDetail> DetailOf(const absl::Status& status);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_RPC_STATUS_H_
