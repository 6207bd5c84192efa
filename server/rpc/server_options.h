// The limits of the gateway's gRPC server (I10), in one place.
#ifndef OTOKURA_SERVER_RPC_SERVER_OPTIONS_H_
#define OTOKURA_SERVER_RPC_SERVER_OPTIONS_H_

#include <grpcpp/server_builder.h>

#include "absl/time/time.h"

namespace otokura::rpc {

// The largest honest request is 64 KiB of audio and a few bytes around it. A larger message is RESOURCE_EXHAUSTED before it is read in
// whole.
inline constexpr int kRequestBytesMax = 128 * 1024;
inline constexpr int kMetadataBytesMax =
    16 * 1024;  // no request of ours carries any; this is twice gRPC's default, for proxies that add some
// As many as a recorder may have calls open (admin.proto): past it a client would wait unseen. What they may do is limited an account, not
// a connection.
inline constexpr int kStreamsPerConnectionMax = 20000;

// A recorder that lost power must not hold its call's stream for hours: whoever does not answer a ping within 30 s is gone.
inline constexpr absl::Duration kPingInterval = absl::Seconds(20);
inline constexpr absl::Duration kPingPatience = absl::Seconds(10);
// Clients may ping every 10 s; the slack keeps one that is punctual from being taken for one that floods.
inline constexpr absl::Duration kClientPingIntervalMin = absl::Seconds(9);
inline constexpr absl::Duration kHandshakePatience = absl::Seconds(20);  // one that is never finished costs a socket and a TLS state

// gRPC's view of how fast a connection could be would give a stream that nobody reads megabytes. Without probing, and with this much read
// ahead, it is 51 KB a stream; bulk intake is then 16 to 27 % slower, and one stream cannot exceed 64 KiB a round trip, four hundred times
// what speech needs at 20 ms.
inline constexpr int kReadAheadBytes = 16384;

void SetServerOptions(grpc::ServerBuilder& builder);

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_SERVER_OPTIONS_H_
