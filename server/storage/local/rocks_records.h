// Records in RocksDB: a column family a table, one write-ahead log, every commit synced.
#ifndef OTOKURA_SERVER_STORAGE_LOCAL_ROCKS_RECORDS_H_
#define OTOKURA_SERVER_STORAGE_LOCAL_ROCKS_RECORDS_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/storage/local/space_reserve.h"
#include "server/storage/storage.h"

namespace otokura::storage {

class RocksDatabase;

struct RocksRecordsOptions {
  std::string folder;
  bool create = false;
  bool read_only = false;
  SpaceReserve* reserve = nullptr;  // borrowed, outlives the store; null only where read_only
};

// Snapshots must not outlive the store. Those taken before a Reopen answer UNAVAILABLE after it; so do reads while it runs.
class RocksRecords : public RecordStore {
 public:
  static absl::StatusOr<std::unique_ptr<RocksRecords>> Open(RocksRecordsOptions options);
  ~RocksRecords() override;

  absl::StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) const override;
  absl::Status Scan(Table table, const ScanRange& range, absl::FunctionRef<bool(std::string_view, std::string_view)> row) const override;
  absl::Status Commit(const Batch& batch) override;
  std::unique_ptr<RecordReader> Snapshot() const override;
  absl::Status Reopen() override;

 private:
  explicit RocksRecords(RocksRecordsOptions options);
  std::shared_ptr<RocksDatabase> database() const;

  const RocksRecordsOptions options_;
  absl::Mutex commit_mutex_;  // held from checking preconditions to the end of the write, and while reopening
  mutable absl::Mutex mutex_;
  std::shared_ptr<RocksDatabase> database_ ABSL_GUARDED_BY(mutex_);  // null while closed
};

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_LOCAL_ROCKS_RECORDS_H_
