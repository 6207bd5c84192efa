#include "server/storage/memory_records.h"

#include <utility>

#include "server/storage/batch_limits.h"

namespace otokura::storage {
namespace {

std::optional<std::string> Find(const MemoryTables& tables, Table table, std::string_view key) {
  const MemoryTable& records = *tables[static_cast<size_t>(table)];
  auto found = records.find(key);
  return found == records.end() ? std::nullopt : std::optional<std::string>(found->second);
}

void Walk(const MemoryTable& records, const ScanRange& range, absl::FunctionRef<bool(std::string_view, std::string_view)> row) {
  if (!range.last.empty() && range.last <= range.first) return;
  const auto begin = records.lower_bound(range.first);
  const auto end = range.last.empty() ? records.end() : records.lower_bound(range.last);
  if (range.newest_first) {
    for (auto at = end; at != begin;) {
      --at;
      if (!row(at->first, at->second)) return;
    }
  } else {
    for (auto at = begin; at != end; ++at) {
      if (!row(at->first, at->second)) return;
    }
  }
}

class MemorySnapshot : public RecordReader {
 public:
  MemorySnapshot(MemoryTables tables, const FaultSource* fault) : tables_(std::move(tables)), fault_(*fault) {}

  absl::StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) const override {
    if (OrderedFault fault = fault_(StorageCall::kRead, nullptr); !fault.status.ok()) return fault.status;
    if (absl::Status status = CheckKey(table, key); !status.ok()) return status;
    return Find(tables_, table, key);
  }

  absl::Status Scan(Table table, const ScanRange& range, absl::FunctionRef<bool(std::string_view, std::string_view)> row) const override {
    if (OrderedFault fault = fault_(StorageCall::kRead, nullptr); !fault.status.ok()) return fault.status;
    Walk(*tables_[static_cast<size_t>(table)], range, row);
    return absl::OkStatus();
  }

 private:
  const MemoryTables tables_;
  const FaultSource& fault_;
};

}  // namespace

MemoryRecords::MemoryRecords(FaultSource fault) : fault_(std::move(fault)) { tables_.fill(std::make_shared<const MemoryTable>()); }

MemoryTables MemoryRecords::tables() const {
  absl::MutexLock lock(&mutex_);
  return tables_;
}

absl::StatusOr<std::optional<std::string>> MemoryRecords::Get(Table table, std::string_view key) const {
  return MemorySnapshot(tables(), &fault_).Get(table, key);
}

absl::Status MemoryRecords::Scan(Table table, const ScanRange& range,
                                 absl::FunctionRef<bool(std::string_view, std::string_view)> row) const {
  return MemorySnapshot(tables(), &fault_).Scan(table, range, row);
}

std::unique_ptr<RecordReader> MemoryRecords::Snapshot() const { return std::make_unique<MemorySnapshot>(tables(), &fault_); }

absl::Status MemoryRecords::Reopen() { return fault_(StorageCall::kReopen, nullptr).status; }

absl::Status MemoryRecords::Commit(const Batch& batch) {
  if (absl::Status status = CheckBatch(batch); !status.ok()) return status;
  const OrderedFault fault = fault_(StorageCall::kCommit, nullptr);
  if (!fault.status.ok() && !fault.stores_anyway) return fault.status;
  const absl::Status applied = Apply(batch);
  return fault.status.ok() ? applied : fault.status;
}

absl::Status MemoryRecords::Apply(const Batch& batch) {
  absl::MutexLock lock(&mutex_);
  for (const Precondition& precondition : batch.preconditions) {
    if (Find(tables_, precondition.table, precondition.key) != precondition.expected) return PreconditionBroken(precondition.table);
  }
  std::array<std::shared_ptr<MemoryTable>, kTables> written;
  for (const Write& write : batch.writes) {
    const auto index = static_cast<size_t>(write.table);
    if (written[index] == nullptr) written[index] = std::make_shared<MemoryTable>(*tables_[index]);
    if (write.value) {
      written[index]->insert_or_assign(write.key, *write.value);
    } else {
      written[index]->erase(write.key);
    }
  }
  for (size_t i = 0; i < written.size(); ++i) {
    if (written[i] != nullptr) tables_[i] = std::move(written[i]);
  }
  return absl::OkStatus();
}

}  // namespace otokura::storage
