// Messages as gRPC carries them. Parsed here and not by gRPC, which answers a call whose message it cannot parse with an empty
// UNIMPLEMENTED, and ends a stream as though its client had nothing more to say.
#ifndef OTOKURA_SERVER_RPC_WIRE_H_
#define OTOKURA_SERVER_RPC_WIRE_H_

#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace otokura::rpc {

// INVALID_ARGUMENT, naming the field where one of them holds text that is not UTF-8.
absl::Status ParseInto(const grpc::ByteBuffer& bytes, google::protobuf::Message* message);

template <typename Message>
absl::StatusOr<Message> Parse(const grpc::ByteBuffer& bytes) {
  Message message;
  if (absl::Status parsed = ParseInto(bytes, &message); !parsed.ok()) return parsed;
  return message;
}

grpc::ByteBuffer Serialise(const google::protobuf::MessageLite& message);

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_WIRE_H_
