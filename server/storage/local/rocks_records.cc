#include "server/storage/local/rocks_records.h"

#include <utility>

#include "server/storage/batch_limits.h"
#include "server/storage/local/rocks_database.h"

namespace otokura::storage {
namespace {

absl::Status Closed() { return absl::UnavailableError("the record store failed and is being reopened: try again"); }

// Does not keep the database open: a reopening waits for reads in progress, not for pages that somebody may yet ask for.
class RocksSnapshot : public RecordReader {
 public:
  explicit RocksSnapshot(const std::shared_ptr<RocksDatabase>& database)
      : database_(database), snapshot_(database == nullptr ? nullptr : database->TakeSnapshot()) {}

  ~RocksSnapshot() override {
    if (auto database = database_.lock()) database->Release(snapshot_);
  }

  absl::StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) const override {
    if (absl::Status status = CheckKey(table, key); !status.ok()) return status;
    auto database = database_.lock();
    return database == nullptr ? Closed() : database->Get(table, key, snapshot_);
  }

  absl::Status Scan(Table table, const ScanRange& range, absl::FunctionRef<bool(std::string_view, std::string_view)> row) const override {
    auto database = database_.lock();
    return database == nullptr ? Closed() : database->Scan(table, range, snapshot_, row);
  }

 private:
  const std::weak_ptr<RocksDatabase> database_;
  const rocksdb::Snapshot* const snapshot_;
};

absl::Status CheckPreconditions(const Batch& batch, const RocksDatabase& database) {
  for (const Precondition& precondition : batch.preconditions) {
    absl::StatusOr<std::optional<std::string>> current = database.Get(precondition.table, precondition.key, nullptr);
    if (!current.ok()) return current.status();
    if (*current != precondition.expected) return PreconditionBroken(precondition.table);
  }
  return absl::OkStatus();
}

// What a start writes (a new log, a list of files) may use the reserve on a full disk. Where even that is too little, opening says so.
void MakeRoomForAStart(const RocksRecordsOptions& options) {
  if (!options.read_only) (void)options.reserve->Admit(0, /*may_use_reserve=*/true);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RocksRecords>> RocksRecords::Open(RocksRecordsOptions options) {
  MakeRoomForAStart(options);
  absl::StatusOr<std::shared_ptr<RocksDatabase>> database = RocksDatabase::Open(options.folder, options.create, options.read_only);
  if (!database.ok()) return database.status();
  auto records = std::unique_ptr<RocksRecords>(new RocksRecords(std::move(options)));
  absl::MutexLock lock(&records->mutex_);
  records->database_ = *std::move(database);
  return records;
}

RocksRecords::RocksRecords(RocksRecordsOptions options) : options_(std::move(options)) {}
RocksRecords::~RocksRecords() = default;

std::shared_ptr<RocksDatabase> RocksRecords::database() const {
  absl::MutexLock lock(&mutex_);
  return database_;
}

absl::StatusOr<std::optional<std::string>> RocksRecords::Get(Table table, std::string_view key) const {
  if (absl::Status status = CheckKey(table, key); !status.ok()) return status;
  const std::shared_ptr<RocksDatabase> open = database();
  return open == nullptr ? Closed() : open->Get(table, key, nullptr);
}

absl::Status RocksRecords::Scan(Table table, const ScanRange& range,
                                absl::FunctionRef<bool(std::string_view, std::string_view)> row) const {
  const std::shared_ptr<RocksDatabase> open = database();
  return open == nullptr ? Closed() : open->Scan(table, range, nullptr, row);
}

std::unique_ptr<RecordReader> RocksRecords::Snapshot() const { return std::make_unique<RocksSnapshot>(database()); }

absl::Status RocksRecords::Commit(const Batch& batch) {
  if (options_.read_only) return absl::FailedPreconditionError("commit: the store is open for reading only");
  if (absl::Status status = CheckBatch(batch); !status.ok()) return status;
  absl::MutexLock lock(&commit_mutex_);
  const std::shared_ptr<RocksDatabase> open = database();
  if (open == nullptr) return Closed();
  if (absl::Status status = CheckPreconditions(batch, *open); !status.ok()) return status;
  if (absl::Status status = options_.reserve->Admit(BatchBytes(batch), batch.may_use_reserve); !status.ok()) return status;
  return open->Write(batch);
}

absl::Status RocksRecords::Reopen() {
  absl::MutexLock lock(&commit_mutex_);
  std::shared_ptr<RocksDatabase> failed;
  {
    absl::MutexLock open_lock(&mutex_);
    failed = std::exchange(database_, nullptr);
  }
  if (failed != nullptr) {
    const std::shared_ptr<absl::Notification> closed = failed->closed();
    failed = nullptr;
    closed->WaitForNotification();  // reads in progress end first
  }
  MakeRoomForAStart(options_);
  absl::StatusOr<std::shared_ptr<RocksDatabase>> database = RocksDatabase::Open(options_.folder, /*create=*/false, options_.read_only);
  if (!database.ok()) return database.status();
  absl::MutexLock open_lock(&mutex_);
  database_ = *std::move(database);
  return absl::OkStatus();
}

}  // namespace otokura::storage
