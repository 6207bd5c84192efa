// What gRPC and protobuf have to say goes to logs of their own, in lines that can hold addresses and the client's text: counted here, never
// passed on (I1). A refused handshake shows nowhere else on the server.
#ifndef OTOKURA_SERVER_RPC_LIBRARY_MESSAGES_H_
#define OTOKURA_SERVER_RPC_LIBRARY_MESSAGES_H_

#include <cstdint>

namespace otokura::rpc {

struct LibraryMessageCounts {
  uint64_t refused_handshakes = 0;
  uint64_t other_errors = 0;
};

// Process-wide, as those logs are. Before the first gRPC call; later calls change nothing.
void CountLibraryMessages();
// Since the last call.
LibraryMessageCounts TakeLibraryMessageCounts();

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_LIBRARY_MESSAGES_H_
