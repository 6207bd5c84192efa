// What engines answer to audio calls that break the contract, in the same words whatever the engine.
#ifndef OTOKURA_SERVER_STORAGE_AUDIO_ERRORS_H_
#define OTOKURA_SERVER_STORAGE_AUDIO_ERRORS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "server/storage/recording_id.h"

namespace otokura::storage {

absl::Status NoSuchObject(const AudioObjectId& object);                                                 // NOT_FOUND
absl::Status NotAtTheEnd(const AudioObjectId& object, uint64_t offset, uint64_t size);                  // FAILED_PRECONDITION
absl::Status TailUnknown(const AudioObjectId& object);                                                  // FAILED_PRECONDITION
absl::Status ObjectIsSealed(const AudioObjectId& object);                                               // FAILED_PRECONDITION
absl::Status PastTheEnd(const AudioObjectId& object, uint64_t offset, uint64_t length, uint64_t size);  // OUT_OF_RANGE
absl::Status CannotGrow(const AudioObjectId& object, uint64_t size, uint64_t present);                  // OUT_OF_RANGE
absl::Status SyncFailedBefore(const AudioObjectId& object);                                             // UNAVAILABLE

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_AUDIO_ERRORS_H_
