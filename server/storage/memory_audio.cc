#include "server/storage/memory_audio.h"

#include <utility>

#include "server/storage/audio_errors.h"

namespace otokura::storage {

absl::Status MemoryAudio::Append(const AudioObjectId& id, uint64_t offset, std::string_view bytes) {
  const OrderedFault fault = fault_(StorageCall::kAppend, &id);
  absl::MutexLock lock(&mutex_);
  auto found = objects_.find(id);
  if (found == objects_.end() && offset != 0) return NoSuchObject(id);
  if (found != objects_.end()) {
    const Object& object = found->second;
    if (object.sealed) return ObjectIsSealed(id);
    if (object.tail_unknown || object.sync_failed) return TailUnknown(id);
    if (offset != object.bytes.size()) return NotAtTheEnd(id, offset, object.bytes.size());
  }
  // RESOURCE_EXHAUSTED promises that nothing of the call is stored.
  if (absl::IsResourceExhausted(fault.status)) return fault.status;
  Object& object = objects_[id];
  if (fault.status.ok() || fault.stores_anyway) object.bytes.append(bytes);
  object.tail_unknown = !fault.status.ok();
  return fault.status;
}

std::vector<absl::Status> MemoryAudio::Sync(absl::Span<const AudioObjectId> objects) {
  std::vector<absl::Status> statuses;
  for (const AudioObjectId& id : objects) statuses.push_back(SyncOne(id));
  return statuses;
}

absl::Status MemoryAudio::SyncOne(const AudioObjectId& id) {
  const OrderedFault fault = fault_(StorageCall::kSync, &id);
  absl::MutexLock lock(&mutex_);
  auto found = objects_.find(id);
  if (found == objects_.end()) return NoSuchObject(id);
  Object& object = found->second;
  if (object.sync_failed) return SyncFailedBefore(id);
  object.sync_failed = !fault.status.ok();
  if (fault.status.ok()) {
    object.durable_bytes = object.bytes.size();
    object.name_is_durable = true;
  }
  return fault.status;
}

absl::StatusOr<uint64_t> MemoryAudio::Size(const AudioObjectId& id) const {
  absl::MutexLock lock(&mutex_);
  auto found = objects_.find(id);
  if (found == objects_.end()) return NoSuchObject(id);
  return found->second.bytes.size();
}

absl::Status MemoryAudio::Read(const AudioObjectId& id, uint64_t offset, uint64_t length, std::string* bytes) const {
  if (OrderedFault fault = fault_(StorageCall::kRead, &id); !fault.status.ok()) return fault.status;
  absl::MutexLock lock(&mutex_);
  auto found = objects_.find(id);
  if (found == objects_.end()) return NoSuchObject(id);
  const std::string& stored = found->second.bytes;
  if (offset > stored.size() || length > stored.size() - offset) return PastTheEnd(id, offset, length, stored.size());
  bytes->assign(stored, offset, length);
  return absl::OkStatus();
}

absl::Status MemoryAudio::Truncate(const AudioObjectId& id, uint64_t size) {
  if (OrderedFault fault = fault_(StorageCall::kTruncate, &id); !fault.status.ok()) return fault.status;
  absl::MutexLock lock(&mutex_);
  auto found = objects_.find(id);
  if (found == objects_.end()) return NoSuchObject(id);
  Object& object = found->second;
  if (object.sealed) return ObjectIsSealed(id);
  if (size > object.bytes.size()) return CannotGrow(id, size, object.bytes.size());
  object.bytes.resize(size);
  object.durable_bytes = size;
  object.name_is_durable = true;
  object.tail_unknown = object.sync_failed = false;
  return absl::OkStatus();
}

absl::Status MemoryAudio::Seal(const AudioObjectId& id) {
  if (OrderedFault fault = fault_(StorageCall::kSeal, &id); !fault.status.ok()) return fault.status;
  absl::MutexLock lock(&mutex_);
  auto found = objects_.find(id);
  if (found == objects_.end()) return NoSuchObject(id);
  found->second.sealed = true;
  return absl::OkStatus();
}

absl::Status MemoryAudio::Delete(const AudioObjectId& id) {
  if (OrderedFault fault = fault_(StorageCall::kDelete, &id); !fault.status.ok()) return fault.status;
  absl::MutexLock lock(&mutex_);
  objects_.erase(id);
  return absl::OkStatus();
}

absl::Status MemoryAudio::List(absl::FunctionRef<bool(const AudioObjectId&, uint64_t)> object,
                               absl::FunctionRef<void(std::string_view)> /*foreign: nothing else can be in here*/) const {
  std::vector<std::pair<AudioObjectId, uint64_t>> listed;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [id, stored] : objects_) listed.emplace_back(id, stored.bytes.size());
  }
  for (const auto& [id, size] : listed) {
    if (!object(id, size)) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<FreeSpace> MemoryAudio::Free() const {
  absl::MutexLock lock(&mutex_);
  return free_;
}

void MemoryAudio::SetFreeSpace(FreeSpace space) {
  absl::MutexLock lock(&mutex_);
  free_ = space;
}

void MemoryAudio::Crash() {
  absl::MutexLock lock(&mutex_);
  for (auto at = objects_.begin(); at != objects_.end();) {
    Object& object = at->second;
    if (!object.name_is_durable) {
      at = objects_.erase(at);
      continue;
    }
    object.bytes.resize(object.durable_bytes);
    object.tail_unknown = object.sync_failed = false;
    ++at;
  }
}

}  // namespace otokura::storage
