// Errors that a client can act on carry an ErrorDetail (errors.proto) as a payload of their absl::Status.
#ifndef OTOKURA_SERVER_ACCESS_ERROR_DETAIL_H_
#define OTOKURA_SERVER_ACCESS_ERROR_DETAIL_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "otokura/v1/errors.pb.h"

namespace otokura::access {

inline constexpr char kErrorDetailUrl[] = "otokura.v1.ErrorDetail";  // serialised ErrorDetail; `rpc` moves it into the gRPC status

absl::Status WithDetail(absl::Status status, const v1::ErrorDetail& detail);
absl::Status LimitReachedError(std::string_view limit, uint64_t maximum, std::string_view remedy,
                               absl::Time retry_at = absl::InfinitePast());

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_ERROR_DETAIL_H_
