#include "server/access/recording_list.h"

#include <set>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "server/storage/recording_id.h"

namespace otokura::access {

absl::Status CheckRecordingList(const google::protobuf::RepeatedPtrField<std::string>& recording_ids, uint32_t recordings_max) {
  const int count = recording_ids.size();
  if (count == 0 || static_cast<uint32_t>(count) > recordings_max) {
    return absl::InvalidArgumentError(absl::StrCat("recording_ids: ", count, " of them, must be 1 to ", recordings_max));
  }
  std::set<std::string_view> seen;
  for (const std::string& id : recording_ids) {
    if (absl::Status parsed = storage::RecordingId::Parse(id).status(); !parsed.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("recording_ids: ", std::string(parsed.message())));
    }
    if (!seen.insert(id).second) return absl::InvalidArgumentError("recording_ids: one is named twice; name each once");
  }
  return absl::OkStatus();
}

}  // namespace otokura::access
