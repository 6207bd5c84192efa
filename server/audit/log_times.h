// Where in the log a time lies: entries' times never fall.
#ifndef OTOKURA_SERVER_AUDIT_LOG_TIMES_H_
#define OTOKURA_SERVER_AUDIT_LOG_TIMES_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "server/storage/storage.h"

namespace otokura::audit {

// The first entry of that time or later, of those below `end`; `end` where there is none. DATA_LOSS where an entry is missing or damaged.
absl::StatusOr<uint64_t> FirstAt(const storage::RecordReader& records, int64_t time_unix_us, uint64_t end);

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_LOG_TIMES_H_
