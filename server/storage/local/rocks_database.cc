#include "server/storage/local/rocks_database.h"

#include <cstdarg>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rocksdb/cache.h"
#include "rocksdb/env.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/options.h"
#include "rocksdb/slice_transform.h"
#include "rocksdb/table.h"
#include "rocksdb/write_batch.h"

namespace otokura::storage {
namespace {

constexpr size_t kBlockCacheBytes = size_t{64} << 20;    // shared by all tables
constexpr int kBloomBitsPerKey = 10;                     // about 1% of needless block reads
constexpr double kMemtableBloomShare = 0.05;             // of a memtable, in tables that are asked mostly for what is not there
constexpr size_t kLedgerSubjectBytes = 16;               // what keys of the ledger begin with, by which it is scanned
constexpr size_t kInsertHintBytes = 1;                   // keys that begin alike have one place to go on from; few begin otherwise
constexpr size_t kMemtableBytes = size_t{8} << 20;       // a table
constexpr size_t kMemtablesBytesMax = size_t{32} << 20;  // all tables
constexpr uint64_t kWalBytesMax = uint64_t{64} << 20;    // then quiet tables are flushed too: bounds what a start must replay
constexpr int kOpenFilesMax = 1000;                      // of RocksDB's own; the rest of the process's belong to audio

// RocksDB's own log is not kept. What goes wrong comes back as a status; and the log file is one more that a full disk breaks: this
// version, as packaged with its assertions, ends the process at the second line that it cannot write there.
class NoLog : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  NoLog() : rocksdb::Logger(rocksdb::InfoLogLevel::FATAL_LEVEL) {}
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

rocksdb::DBOptions DatabaseOptions(bool create) {
  rocksdb::DBOptions options;
  options.create_if_missing = create;
  options.create_missing_column_families = true;
  options.max_background_jobs = 2;
  options.paranoid_checks = true;
  // An incomplete record at the log's end is what kill -9 or a power cut leaves of a write that nobody was told of: it must not block the
  // start. Whatever is broken before the end *was* acknowledged; the start is refused then, because point-in-time recovery would quietly
  // drop all that follows.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.track_and_verify_wals_in_manifest = true;
  options.avoid_flush_during_recovery = true;  // a start on a full disk must not need as much space again as the log has
  options.db_write_buffer_size = kMemtablesBytesMax;
  options.max_total_wal_size = kWalBytesMax;
  options.max_open_files = kOpenFilesMax;
  options.info_log = std::make_shared<NoLog>();
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocksdb::BlockBasedTableOptions TableOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.checksum = rocksdb::kXXH3;  // CRC32c is computed in software here: it cost more than reading a block that the page cache has
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  return table;
}

rocksdb::ColumnFamilyOptions FamilyOptions(const rocksdb::BlockBasedTableOptions& table) {
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = kMemtableBytes;
  options.compression = rocksdb::kNoCompression;  // ciphertext, digests and random ids do not shrink
  return options;
}

// Where memory for all filters and indexes would grow with the archive: the cache's size bounds these too.
rocksdb::BlockBasedTableOptions CachedThroughout(rocksdb::BlockBasedTableOptions table) {
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  // In partitions of some KiB: a large table's filter is larger than a shard of the cache, which would read it anew for every look-up.
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  return table;
}

// Decisions ask the egress ledger for subjects and terms, and entries the log for recordings, that are mostly not there yet: filters
// answer that without a search. The ledger's filters and indexes are always in memory, which a year of it bounds: some ten bytes for each
// recording and caller that somebody met.
rocksdb::ColumnFamilyOptions FamilyOptionsOf(Table kind, const std::shared_ptr<rocksdb::Cache>& cache) {
  const bool ledger = kind == Table::kLedger || kind == Table::kLedgerTerms;
  rocksdb::ColumnFamilyOptions options = FamilyOptions(ledger ? TableOptions(cache) : CachedThroughout(TableOptions(cache)));
  // What a batch has of these is in the order of its keys: each is put next to the one before, mostly without a search.
  if (kind == Table::kLog || kind == Table::kLogDetails || kind == Table::kLogIndex || kind == Table::kAccessCounts)
    options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kInsertHintBytes));
  if (!ledger && kind != Table::kAccessCounts) return options;
  options.memtable_prefix_bloom_size_ratio = kMemtableBloomShare;
  options.memtable_whole_key_filtering = true;
  if (kind == Table::kLedger) options.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kLedgerSubjectBytes));
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> Families() {
  const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  families.emplace_back(rocksdb::kDefaultColumnFamilyName, FamilyOptions(CachedThroughout(TableOptions(cache))));
  for (int i = 0; i < kTables; ++i) {
    const std::string_view name = TableName(static_cast<Table>(i));
    if (!name.empty()) families.emplace_back(std::string(name), FamilyOptionsOf(static_cast<Table>(i), cache));
  }
  return families;
}

absl::Status OpenError(const rocksdb::Status& status) {
  const std::string text = absl::StrCat("open the record store: ", status.ToString());
  if (status.IsCorruption()) return absl::DataLossError(absl::StrCat(text, "; restore the newest backup"));
  if (status.IsNoSpace()) return absl::ResourceExhaustedError(absl::StrCat(text, "; free disk space"));
  if (status.IsInvalidArgument() || status.IsNotSupported()) {
    return absl::FailedPreconditionError(absl::StrCat(text, "; not a record store of this version"));
  }
  return absl::UnavailableError(text);
}

// NoSpace too: space was made sure of before, so this write failed half way, and what reached the log may be found there by the next start.
absl::Status StoreError(const rocksdb::Status& status, std::string_view act) {
  const std::string text = absl::StrCat(absl::string_view(act.data(), act.size()), " records: ", status.ToString());
  return status.IsCorruption() ? absl::DataLossError(absl::StrCat(text, "; run fsck and restore the newest backup"))
                               : absl::UnavailableError(text);
}

rocksdb::Slice ToSlice(std::string_view bytes) { return rocksdb::Slice(bytes.data(), bytes.size()); }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace

absl::StatusOr<std::shared_ptr<RocksDatabase>> RocksDatabase::Open(const std::string& folder, bool create, bool read_only) {
  auto opened = std::shared_ptr<RocksDatabase>(new RocksDatabase());
  const rocksdb::DBOptions options = DatabaseOptions(create);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = read_only ? rocksdb::DB::OpenForReadOnly(options, folder, Families(), &handles, &db)
                                           : rocksdb::DB::Open(options, folder, Families(), &handles, &db);
  if (!status.ok()) return OpenError(status);
  opened->db_.reset(db);
  auto handle = handles.begin();
  opened->default_family_ = *handle++;
  for (int i = 0; i < kTables; ++i) {
    if (!TableName(static_cast<Table>(i)).empty()) opened->families_[i] = *handle++;
  }
  return opened;
}

RocksDatabase::~RocksDatabase() {
  if (db_ != nullptr) {
    absl::MutexLock lock(&mutex_);
    for (const rocksdb::Snapshot* snapshot : snapshots_) db_->ReleaseSnapshot(snapshot);
    for (rocksdb::ColumnFamilyHandle* family : families_) {
      if (family != nullptr) db_->DestroyColumnFamilyHandle(family);
    }
    db_->DestroyColumnFamilyHandle(default_family_);
    db_.reset();
  }
  closed_->Notify();
}

absl::StatusOr<std::optional<std::string>> RocksDatabase::Get(Table table, std::string_view key, const rocksdb::Snapshot* snapshot) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  std::string value;
  const rocksdb::Status status = db_->Get(options, families_[static_cast<size_t>(table)], ToSlice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return StoreError(status, "read");
  return std::optional<std::string>(std::move(value));
}

absl::Status RocksDatabase::Scan(Table table, const ScanRange& range, const rocksdb::Snapshot* snapshot,
                                 absl::FunctionRef<bool(std::string_view, std::string_view)> row) const {
  if (!range.last.empty() && range.last <= range.first) return absl::OkStatus();
  const rocksdb::Slice first = ToSlice(range.first);
  const rocksdb::Slice last = ToSlice(range.last);
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  if (!first.empty()) options.iterate_lower_bound = &first;
  if (!last.empty()) options.iterate_upper_bound = &last;
  options.auto_prefix_mode = true;  // filters by prefix where the table has one and the range lies within one
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options, families_[static_cast<size_t>(table)]));
  if (range.newest_first) {
    for (at->SeekToLast(); at->Valid() && row(ToView(at->key()), ToView(at->value())); at->Prev()) {
    }
  } else {
    for (at->SeekToFirst(); at->Valid() && row(ToView(at->key()), ToView(at->value())); at->Next()) {
    }
  }
  return at->status().ok() ? absl::OkStatus() : StoreError(at->status(), "scan");
}

absl::Status RocksDatabase::Write(const Batch& batch) {
  rocksdb::WriteBatch writes;
  for (const otokura::storage::Write& write : batch.writes) {
    rocksdb::ColumnFamilyHandle* family = families_[static_cast<size_t>(write.table)];
    const rocksdb::Status status = write.value ? writes.Put(family, write.key, *write.value) : writes.Delete(family, write.key);
    if (!status.ok()) return absl::InternalError(absl::StrCat("commit records: ", status.ToString()));
  }
  rocksdb::WriteOptions options;
  options.sync = true;
  const rocksdb::Status status = db_->Write(options, &writes);
  return status.ok() ? absl::OkStatus() : StoreError(status, "commit");
}

const rocksdb::Snapshot* RocksDatabase::TakeSnapshot() {
  const rocksdb::Snapshot* snapshot = db_->GetSnapshot();
  absl::MutexLock lock(&mutex_);
  snapshots_.insert(snapshot);
  return snapshot;
}

void RocksDatabase::Release(const rocksdb::Snapshot* snapshot) {
  {
    absl::MutexLock lock(&mutex_);
    snapshots_.erase(snapshot);
  }
  db_->ReleaseSnapshot(snapshot);
}

}  // namespace otokura::storage
