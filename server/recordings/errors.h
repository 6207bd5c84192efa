// Errors that a client can act on carry an ErrorDetail (errors.proto) as a payload of their absl::Status.
#ifndef OTOKURA_SERVER_RECORDINGS_ERRORS_H_
#define OTOKURA_SERVER_RECORDINGS_ERRORS_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "otokura/v1/errors.pb.h"
#include "server/access/error_detail.h"

namespace otokura::recordings {

using access::kErrorDetailUrl;
using access::LimitReachedError;
using access::WithDetail;

absl::Status OffsetMismatchError(std::string_view field, uint64_t expected, uint64_t received);
absl::Status DamagedChunkError(std::string_view recording_id, uint32_t part, uint64_t chunk, uint64_t offset);

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_ERRORS_H_
