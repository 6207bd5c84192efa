// A witness as an HTTP server.
#ifndef OTOKURA_CLIENT_WITNESS_WITNESS_SERVER_H_
#define OTOKURA_CLIENT_WITNESS_WITNESS_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/witness/witness.h"

namespace otokura::client {

struct WitnessListener {
  std::string address = "127.0.0.1:8480";  // port 0 takes a free one
  std::string certificate_file{};          // both or neither: HTTPS, else HTTP
  std::string private_key_file{};
};

class WitnessServer {
 public:
  // Serves on return, until it is destroyed. `witness` is borrowed. FAILED_PRECONDITION where the address cannot be
  // listened on or the certificate not be used.
  static absl::StatusOr<std::unique_ptr<WitnessServer>> Listen(const WitnessListener& listener, Witness* witness);
  virtual ~WitnessServer() = default;
  virtual std::string address() const = 0;  // host:port, the port really listened on
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_WITNESS_WITNESS_SERVER_H_
