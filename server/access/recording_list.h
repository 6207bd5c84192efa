// A list of recordings as somebody names it, before any is looked up.
#ifndef OTOKURA_SERVER_ACCESS_RECORDING_LIST_H_
#define OTOKURA_SERVER_ACCESS_RECORDING_LIST_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace otokura::access {

// INVALID_ARGUMENT unless these are 1 to `recordings_max` ids, each once.
absl::Status CheckRecordingList(const google::protobuf::RepeatedPtrField<std::string>& recording_ids, uint32_t recordings_max);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_RECORDING_LIST_H_
