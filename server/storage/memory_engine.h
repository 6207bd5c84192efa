// An engine in memory with faults to order, for tests: what is not synced is lost by Crash(), errors strike at the n-th call.
#ifndef OTOKURA_SERVER_STORAGE_MEMORY_ENGINE_H_
#define OTOKURA_SERVER_STORAGE_MEMORY_ENGINE_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "server/storage/storage.h"

namespace otokura::storage {

enum class StorageCall { kCommit, kAppend, kSync, kRead, kTruncate, kSeal, kDelete, kReopen };

class MemoryEngine : public Engine {
 public:
  static std::unique_ptr<MemoryEngine> Create();
  // Called before each call takes effect (kSync: once an object; kRead without an object: a record); an error is returned in its place. For
  // kCommit and kAppend an UNAVAILABLE error still stores the data when `stores_anyway` says so (fate unknown, as RocksDB does after EIO).
  // Runs on the caller's thread; may block to order threads.
  virtual void SetFault(std::function<absl::Status(StorageCall, const AudioObjectId*)> fault, bool stores_anyway = false) = 0;
  virtual void SetFreeSpace(FreeSpace space) = 0;
  // Loses everything that was not made durable, as a power cut would.
  virtual void Crash() = 0;
};

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_MEMORY_ENGINE_H_
