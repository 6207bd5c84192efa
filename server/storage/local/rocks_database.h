// One opening of the RocksDB database, shared by whoever is reading it; the last one to let go closes it.
#ifndef OTOKURA_SERVER_STORAGE_LOCAL_ROCKS_DATABASE_H_
#define OTOKURA_SERVER_STORAGE_LOCAL_ROCKS_DATABASE_H_

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "rocksdb/db.h"
#include "server/storage/storage.h"

namespace otokura::storage {

// Thread-safe.
class RocksDatabase {
 public:
  // `read_only` neither writes nor needs the folder to be writable.
  static absl::StatusOr<std::shared_ptr<RocksDatabase>> Open(const std::string& folder, bool create, bool read_only);
  ~RocksDatabase();

  // `snapshot` null: what is committed now.
  absl::StatusOr<std::optional<std::string>> Get(Table table, std::string_view key, const rocksdb::Snapshot* snapshot) const;
  absl::Status Scan(Table table, const ScanRange& range, const rocksdb::Snapshot* snapshot,
                    absl::FunctionRef<bool(std::string_view, std::string_view)> row) const;
  // Preconditions are the caller's affair. Any error leaves the fate of the batch unknown: UNAVAILABLE, or DATA_LOSS.
  absl::Status Write(const Batch& batch);

  const rocksdb::Snapshot* TakeSnapshot();
  void Release(const rocksdb::Snapshot* snapshot);
  // Notified when the database is closed and its lock free.
  std::shared_ptr<absl::Notification> closed() const { return closed_; }

 private:
  RocksDatabase() = default;

  std::shared_ptr<absl::Notification> closed_ = std::make_shared<absl::Notification>();
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kTables> families_{};  // null: a number not in use
  rocksdb::ColumnFamilyHandle* default_family_ = nullptr;         // RocksDB demands it; always empty
  absl::Mutex mutex_;
  absl::flat_hash_set<const rocksdb::Snapshot*> snapshots_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_LOCAL_ROCKS_DATABASE_H_
