#include "server/recordings/errors.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace otokura::recordings {

absl::Status OffsetMismatchError(std::string_view field, uint64_t expected, uint64_t received) {
  v1::ErrorDetail detail;
  detail.mutable_offset_mismatch()->set_expected(expected);
  detail.mutable_offset_mismatch()->set_received(received);
  return WithDetail(absl::FailedPreconditionError(absl::StrCat(std::string(field), ": ", received, ", but the stream stands at ", expected,
                                                               "; send what follows without holes or overlaps, or resume")),
                    detail);
}

absl::Status DamagedChunkError(std::string_view recording_id, uint32_t part, uint64_t chunk, uint64_t offset) {
  v1::ErrorDetail detail;
  detail.mutable_damaged_chunk()->set_recording_id(std::string(recording_id));
  detail.mutable_damaged_chunk()->set_part(part);
  detail.mutable_damaged_chunk()->set_chunk(chunk);
  detail.mutable_damaged_chunk()->set_offset(offset);
  return WithDetail(absl::DataLossError(absl::StrCat("audio: part ", part, ", chunk ", chunk, " (from byte ", offset,
                                                     ") is not what was recorded; restore it from a backup and run fsck")),
                    detail);
}

}  // namespace otokura::recordings
