#include "server/audit/pruning.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/audit/commit_and_wait.h"
#include "server/audit/log_rows.h"

namespace otokura::audit {

using storage::Table;

absl::Status DetailsPruning::Drop(uint64_t sequence, storage::Batch* batch) const {
  absl::StatusOr<std::vector<std::string>> rows = index_.SealedRowsOf(sequence);
  if (!rows.ok()) return rows.status();
  for (const std::string& row : *rows) batch->Delete(Table::kLogIndex, row);
  batch->Delete(Table::kLogDetails, SequenceKey(sequence));
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> DetailsPruning::Prune(absl::Time cutoff) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<uint64_t> first = ReadPrunedEnd(*records_);
  if (!first.ok()) return first.status();
  const uint64_t tree_size = log_->head().tree_size;
  storage::Batch batch;
  uint64_t end = *first;
  for (; end < tree_size && end - *first < kPrunedEntriesMax; ++end) {
    absl::StatusOr<v1::AuditEntry> entry = log_->Read(end);
    if (!entry.ok()) return entry.status();
    if (absl::FromUnixMicros(entry->time_unix_us()) >= cutoff) break;
    if (absl::Status dropped = Drop(end, &batch); !dropped.ok()) return dropped;
  }
  if (end == *first) return 0;
  batch.Put(Table::kMeta, kPrunedEndKey, SequenceKey(end));
  if (absl::Status committed = Commit(std::move(batch), *first, end); !committed.ok()) return committed;
  return end - *first;
}

absl::Status DetailsPruning::Commit(storage::Batch batch, uint64_t first, uint64_t end) const {
  return CommitFact(committer_, v1::DETAILS_PRUNED, absl::StrCat("entries ", first, " to ", end - 1), std::move(batch));
}

}  // namespace otokura::audit
