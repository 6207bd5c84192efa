// Errors that a client can act on carry an ErrorDetail (errors.proto) as a payload of their absl::Status.
#ifndef OTOKURA_SERVER_RECORDINGS_ERRORS_H_
#define OTOKURA_SERVER_RECORDINGS_ERRORS_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "otokura/v1/errors.pb.h"

namespace otokura::recordings {

inline constexpr char kErrorDetailUrl[] = "otokura.v1.ErrorDetail";  // serialised ErrorDetail; `rpc` moves it into the gRPC status

absl::Status WithDetail(absl::Status status, const v1::ErrorDetail& detail);
absl::Status OffsetMismatchError(std::string_view field, uint64_t expected, uint64_t received);
absl::Status LimitReachedError(std::string_view limit, uint64_t maximum, std::string_view remedy,
                               absl::Time retry_at = absl::InfinitePast());
absl::Status DamagedChunkError(std::string_view recording_id, uint32_t part, uint64_t chunk, uint64_t offset);

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_ERRORS_H_
