// absl::Status inside, grpc::Status on the wire. The codes are the same numbers; a typed detail travels as the detail bytes (DESIGN §11).
#ifndef OTOKURA_SERVER_RPC_STATUS_H_
#define OTOKURA_SERVER_RPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace otokura::rpc {

inline constexpr size_t kStatusMessageBytesMax = 1024;  // travels in the trailing headers, which clients bound to 8 KiB by default
inline constexpr size_t kStatusDetailBytesMax = 4096;   // likewise; an ErrorDetail takes at most a few hundred bytes

grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_STATUS_H_
