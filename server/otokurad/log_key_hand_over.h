// `otokurad log-key hand-over`: a new key of the log in the place of the old one, which says so with its last signature.
#ifndef OTOKURA_SERVER_OTOKURAD_LOG_KEY_HAND_OVER_H_
#define OTOKURA_SERVER_OTOKURAD_LOG_KEY_HAND_OVER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "otokura/v1/config.pb.h"

namespace otokura::gateway {

struct LogKeyHandedOver {
  uint64_t tree_size = 0;  // of the checkpoint that both keys signed
  std::string from, to;    // verifier keys
};

// The entry KEY_HANDED_OVER first, then a checkpoint over it by the old key, then one by both, and with that in its file the new key: until
// the file is replaced, in one step, the old key is in force. FAILED_PRECONDITION where the gateway runs, or the log is not trusted.
absl::StatusOr<LogKeyHandedOver> HandOverLogKey(const v1::GatewayConfig& config);

// The command: an exit code.
int HandOverLogKey(const std::string& config_path, bool json);

}  // namespace otokura::gateway

#endif  // OTOKURA_SERVER_OTOKURAD_LOG_KEY_HAND_OVER_H_
