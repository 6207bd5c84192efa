#include "client/retry.h"

#include <algorithm>
#include <cmath>

#include "client/rpc_status.h"

namespace otokura::client {
namespace {

constexpr double kJitterShare = 0.2;
constexpr absl::Duration kNamedTimeWaitMax = absl::Minutes(5);  // a wrong clock on either side must not silence a call for days

absl::Duration Doubled(int failures, const Backoff& backoff) {
  const double factor = std::pow(2.0, std::min(failures - 1, 30));
  return std::min(absl::FromChrono(backoff.first) * factor, absl::FromChrono(backoff.most));
}

absl::Duration Until(int64_t unix_ms, absl::Time now, absl::Duration at_least) {
  return std::clamp(absl::FromUnixMillis(unix_ms) - now, at_least, kNamedTimeWaitMax);
}

}  // namespace

std::optional<absl::Duration> RetryAfter(const absl::Status& status, int failures, const Backoff& backoff, absl::Time now, double jitter) {
  const absl::Duration doubled = Doubled(failures, backoff);
  const std::optional<v1::ErrorDetail> detail = DetailOf(status);
  std::optional<absl::Duration> wait;
  switch (status.code()) {
    case absl::StatusCode::kOk:  // ended without Sealed
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInternal:  // what proxies and broken connections turn into
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      wait = doubled;
      break;
    case absl::StatusCode::kUnauthenticated:
      wait = absl::FromChrono(backoff.refused);
      break;
    case absl::StatusCode::kResourceExhausted:
      if (!detail.has_value() || !detail->has_limit_reached()) {
        wait = absl::FromChrono(backoff.most);
      } else if (detail->limit_reached().retry_at_unix_ms() != 0) {
        wait = Until(detail->limit_reached().retry_at_unix_ms(), now, doubled);
      }
      break;
    case absl::StatusCode::kFailedPrecondition:
      if (detail.has_value() && detail->has_call_is_live()) wait = Until(detail->call_is_live().takeover_at_unix_ms(), now, doubled);
      if (detail.has_value() && detail->has_offset_mismatch()) wait = doubled;  // the next Opened says where it stands
      break;
    default:
      break;
  }
  if (wait.has_value()) *wait *= 1 + kJitterShare * jitter;
  return wait;
}

}  // namespace otokura::client
