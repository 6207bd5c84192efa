// Records in memory, for tests. Every commit is durable; snapshots share tables with the store until one of them is written.
#ifndef OTOKURA_SERVER_STORAGE_MEMORY_RECORDS_H_
#define OTOKURA_SERVER_STORAGE_MEMORY_RECORDS_H_

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/storage/memory_engine.h"
#include "server/storage/storage.h"

namespace otokura::storage {

using MemoryTable = std::map<std::string, std::string, std::less<>>;
using MemoryTables = std::array<std::shared_ptr<const MemoryTable>, kTables>;

// What a fault decides about one call.
struct OrderedFault {
  absl::Status status;         // OK: no fault
  bool stores_anyway = false;  // the call takes effect although it fails
};
using FaultSource = std::function<OrderedFault(StorageCall, const AudioObjectId*)>;

class MemoryRecords : public RecordStore {
 public:
  explicit MemoryRecords(FaultSource fault);

  absl::StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) const override;
  absl::Status Scan(Table table, const ScanRange& range, absl::FunctionRef<bool(std::string_view, std::string_view)> row) const override;
  absl::Status Commit(const Batch& batch) override;
  std::unique_ptr<RecordReader> Snapshot() const override;
  absl::Status Reopen() override;

 private:
  MemoryTables tables() const;
  absl::Status Apply(const Batch& batch);

  const FaultSource fault_;
  mutable absl::Mutex mutex_;
  MemoryTables tables_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_MEMORY_RECORDS_H_
