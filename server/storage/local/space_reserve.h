// Disk space kept for what must commit when nothing else can (DESIGN §4), and the watch over what is left.
#ifndef OTOKURA_SERVER_STORAGE_LOCAL_SPACE_RESERVE_H_
#define OTOKURA_SERVER_STORAGE_LOCAL_SPACE_RESERVE_H_

#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/storage/storage.h"

namespace otokura::storage {

// The reserve is a file of allocated blocks, so other processes cannot take it. Space is asked for *before* a write, because a write that
// runs out of space half way leaves its fate unknown. While the reserve is out, only its users are admitted; it is taken back once four
// times its size is free. Thread-safe.
class SpaceReserve {
 public:
  // `folder` is borrowed and outlives this. A disk too full for the reserve is no error: it counts as out. `bytes` 0: no reserve.
  static absl::StatusOr<std::unique_ptr<SpaceReserve>> Open(int folder, uint64_t bytes);

  // RESOURCE_EXHAUSTED where `bytes` more would leave too little. Gives up the reserve for those who may use it, when needed.
  absl::Status Admit(uint64_t bytes, bool may_use_reserve);
  absl::StatusOr<FreeSpace> Free() const;

 private:
  SpaceReserve(int folder, uint64_t bytes) : folder_(folder), bytes_(bytes) {}
  absl::Status TakeBack() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status GiveUp() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int folder_;
  const uint64_t bytes_;
  absl::Mutex mutex_;
  bool out_ ABSL_GUARDED_BY(mutex_) = true;
};

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_LOCAL_SPACE_RESERVE_H_
