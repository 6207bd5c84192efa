// What TLS knows of the client, in the terms of `access`.
#ifndef OTOKURA_SERVER_RPC_PEER_H_
#define OTOKURA_SERVER_RPC_PEER_H_

#include <grpcpp/server_context.h>

#include <string>
#include <string_view>

#include "server/access/caller.h"

namespace otokura::rpc {

// Cheap: copies, parses nothing. Identity is whatever properties TLS itself set; what a client sends as metadata is never looked at.
access::Peer PeerOf(const grpc::ServerContextBase& context);

// "ipv4:192.0.2.7:41234" → "192.0.2.7", "ipv6:%5B2001:db8::1%5D:41234" → "2001:db8::1". The port says nothing about who it was, and would
// keep floods of one address from being summarised.
std::string AddressOf(std::string_view grpc_peer);

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_PEER_H_
