#include "server/storage/audio_errors.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace otokura::storage {
namespace {

std::string Name(const AudioObjectId& object) { return absl::StrCat("audio ", object.recording.Text(), " part ", object.part); }

}  // namespace

absl::Status NoSuchObject(const AudioObjectId& object) { return absl::NotFoundError(absl::StrCat(Name(object), ": no such object")); }

absl::Status NotAtTheEnd(const AudioObjectId& object, uint64_t offset, uint64_t size) {
  return absl::FailedPreconditionError(absl::StrCat(Name(object), ": append at ", offset, " where the object has ", size, " bytes"));
}

absl::Status TailUnknown(const AudioObjectId& object) {
  return absl::FailedPreconditionError(
      absl::StrCat(Name(object), ": an earlier write failed; truncate it to what is durable, or begin another part"));
}

absl::Status ObjectIsSealed(const AudioObjectId& object) {
  return absl::FailedPreconditionError(absl::StrCat(Name(object), ": sealed; begin another part"));
}

absl::Status PastTheEnd(const AudioObjectId& object, uint64_t offset, uint64_t length, uint64_t size) {
  return absl::OutOfRangeError(absl::StrCat(Name(object), ": ", length, " bytes from ", offset, " where the object has ", size));
}

absl::Status CannotGrow(const AudioObjectId& object, uint64_t size, uint64_t present) {
  return absl::OutOfRangeError(absl::StrCat(Name(object), ": truncate to ", size, " where the object has ", present, " bytes"));
}

absl::Status SyncFailedBefore(const AudioObjectId& object) {
  return absl::UnavailableError(absl::StrCat(Name(object), ": an earlier sync failed, so its last bytes may be lost; begin another part"));
}

}  // namespace otokura::storage
