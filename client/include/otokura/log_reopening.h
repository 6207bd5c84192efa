// Where entries of the audit log are lost for good, two persons of the security role have it go on as another log.
#ifndef OTOKURA_LOG_REOPENING_H_
#define OTOKURA_LOG_REOPENING_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "otokura/connection.h"

namespace otokura::client {

struct LogReopening {
  bool confirmed = false;  // two persons asked: it takes effect when otokurad is started next. Else another person must ask for the same
  uint64_t lost_tree_size = 0;
  uint64_t common_tree_size = 0;  // so many entries are known to be in both
};

// `lost_checkpoint` is the newest checkpoint that anybody holds of the log, a signed note. FAILED_PRECONDITION where the log extends it:
// nothing is lost. Waits for the answer.
absl::StatusOr<LogReopening> ReopenLog(const ConnectionOptions& connection, const std::string& lost_checkpoint, const std::string& reason);

}  // namespace otokura::client

#endif  // OTOKURA_LOG_REOPENING_H_
