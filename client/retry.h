// What a stream's end means for the call: over, or tried again, and when.
#ifndef OTOKURA_CLIENT_RETRY_H_
#define OTOKURA_CLIENT_RETRY_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "otokura/recorder.h"

namespace otokura::client {

// How long to wait before the next attempt, after `failures` (from 1) in a row; nullopt where no attempt can help. `jitter` lies in [0, 1).
std::optional<absl::Duration> RetryAfter(const absl::Status& status, int failures, const Backoff& backoff, absl::Time now, double jitter);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_RETRY_H_
