// Audio objects in memory, for tests: each knows how much of it is durable, and Crash keeps no more than that.
#ifndef OTOKURA_SERVER_STORAGE_MEMORY_AUDIO_H_
#define OTOKURA_SERVER_STORAGE_MEMORY_AUDIO_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/storage/memory_records.h"
#include "server/storage/storage.h"

namespace otokura::storage {

class MemoryAudio : public AudioStore {
 public:
  explicit MemoryAudio(FaultSource fault) : fault_(std::move(fault)) {}

  absl::Status Append(const AudioObjectId& object, uint64_t offset, std::string_view bytes) override;
  std::vector<absl::Status> Sync(absl::Span<const AudioObjectId> objects) override;
  absl::StatusOr<uint64_t> Size(const AudioObjectId& object) const override;
  absl::Status Read(const AudioObjectId& object, uint64_t offset, uint64_t length, std::string* bytes) const override;
  absl::Status Truncate(const AudioObjectId& object, uint64_t size) override;
  absl::Status Seal(const AudioObjectId& object) override;
  absl::Status Delete(const AudioObjectId& object) override;
  absl::Status List(absl::FunctionRef<bool(const AudioObjectId&, uint64_t)> object,
                    absl::FunctionRef<void(std::string_view)> foreign) const override;
  absl::StatusOr<FreeSpace> Free() const override;

  void SetFreeSpace(FreeSpace space);
  void Crash();

 private:
  struct Object {
    std::string bytes;
    uint64_t durable_bytes = 0;
    bool name_is_durable = false;
    bool tail_unknown = false;  // an append failed: refused until Truncate
    bool sync_failed = false;   // no later sync may report these bytes durable: refused until Truncate
    bool sealed = false;
  };

  absl::Status SyncOne(const AudioObjectId& object);

  const FaultSource fault_;
  mutable absl::Mutex mutex_;
  std::map<AudioObjectId, Object> objects_ ABSL_GUARDED_BY(mutex_);
  FreeSpace free_ ABSL_GUARDED_BY(mutex_) = {.available_bytes = uint64_t{1} << 40, .total_bytes = uint64_t{1} << 40};
};

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_MEMORY_AUDIO_H_
