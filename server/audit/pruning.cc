#include "server/audit/pruning.h"

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/audit/commit_and_wait.h"
#include "server/audit/index_rows.h"
#include "server/audit/log_rows.h"

namespace otokura::audit {

using storage::Table;

// What a run names from `end` on gets a row of its own.
absl::Status DetailsPruning::DropRowsBelow(uint64_t end, const std::string& prefix, storage::Batch* batch) const {
  IndexRows kept;
  bool damaged = false;
  const storage::ScanRange range{IndexKey(prefix, 0), IndexKey(prefix, end), false};
  const absl::Status scanned = records_->Scan(Table::kLogIndex, range, [&](std::string_view key, std::string_view value) {
    batch->Delete(Table::kLogIndex, key);
    const std::optional<std::vector<uint64_t>> run = IndexedEntries(key, value);
    damaged = damaged || !run.has_value();
    for (const uint64_t entry : run.value_or(std::vector<uint64_t>())) {
      if (entry >= end) kept.Add(prefix, entry);
    }
    return true;
  });
  kept.PutInto(batch);
  return damaged ? absl::DataLossError("log index: a row is damaged; run otokurad fsck --rebuild-index") : scanned;
}

absl::StatusOr<uint64_t> DetailsPruning::Prune(absl::Time cutoff) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<uint64_t> first = ReadPrunedEnd(*records_);
  if (!first.ok()) return first.status();
  const uint64_t tree_size = log_->head().tree_size;
  storage::Batch batch;
  std::set<std::string> prefixes;
  uint64_t end = *first;
  for (; end < tree_size && end - *first < kPrunedEntriesMax; ++end) {
    absl::StatusOr<v1::AuditEntry> entry = log_->Read(end);
    if (!entry.ok()) return entry.status();
    if (absl::FromUnixMicros(entry->time_unix_us()) >= cutoff) break;
    absl::StatusOr<std::vector<std::string>> sealed = index_.SealedPrefixesOf(end);
    if (!sealed.ok()) return sealed.status();
    prefixes.insert(sealed->begin(), sealed->end());
    batch.Delete(Table::kLogDetails, SequenceKey(end));
  }
  if (end == *first) return 0;
  for (const std::string& prefix : prefixes) {
    if (absl::Status dropped = DropRowsBelow(end, prefix, &batch); !dropped.ok()) return dropped;
  }
  batch.Put(Table::kMeta, kPrunedEndKey, SequenceKey(end));
  if (absl::Status committed = Commit(std::move(batch), *first, end); !committed.ok()) return committed;
  return end - *first;
}

absl::Status DetailsPruning::Commit(storage::Batch batch, uint64_t first, uint64_t end) const {
  return CommitFact(committer_, v1::DETAILS_PRUNED, absl::StrCat("entries ", first, " to ", end - 1), std::move(batch));
}

}  // namespace otokura::audit
