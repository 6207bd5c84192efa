#include "server/recordings/approvable.h"

#include "absl/strings/str_cat.h"
#include "server/access/gate.h"
#include "server/recordings/resource.h"
#include "server/recordings/rows.h"

namespace otokura::recordings {
namespace {

absl::Status NotApprovable(const std::string& id, const char* why) {
  return absl::FailedPreconditionError(absl::StrCat("recording_ids: ", id, ": ", why));
}

}  // namespace

absl::Status CheckApprovable(const storage::RecordReader& records, const keys::KeyHierarchy& keys, const access::Caller& approver,
                             v1::Scope scope, const access::Contract* contract,
                             const google::protobuf::RepeatedPtrField<std::string>& recording_ids) {
  for (const std::string& text : recording_ids) {
    const auto id = storage::RecordingId::Parse(text);
    if (!id.ok()) return id.status();
    const auto stored = ReadRecord(records, *id);
    if (!stored.ok() && !absl::IsNotFound(stored.status())) return stored.status();
    if (!stored.ok() || !access::InScope(approver, scope, ResourceOf(stored->record, approver, keys))) {
      return NotApprovable(text, "no such recording among those within your reach; refuse it, or leave it to somebody of its centre");
    }
    if (stored->record.state() == v1::LIVE) return NotApprovable(text, "the call is still live; approve it once it is sealed");
    if (contract != nullptr && !contract->PermitsCentre(stored->record.centre())) {
      return NotApprovable(text, "not of a centre that the contract permits; refuse it");
    }
  }
  return absl::OkStatus();
}

}  // namespace otokura::recordings
