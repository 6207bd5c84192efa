#include "server/audit/index_upkeep.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "server/audit/commitments.h"
#include "server/audit/index.h"
#include "server/audit/log_rows.h"

namespace otokura::audit {
namespace {

using storage::Table;

constexpr size_t kBatchRows = 50'000;  // in one write: some 3 MB

std::string_view Text(const absl::Status& status) { return {status.message().data(), status.message().size()}; }

absl::Status SetIncomplete(storage::RecordStore* store, bool incomplete) {
  storage::Batch batch;
  if (incomplete) {
    batch.Put(Table::kMeta, kIndexIncompleteKey, "1");
  } else {
    batch.Delete(Table::kMeta, kIndexIncompleteKey);
  }
  return store->Commit(batch);
}

absl::Status DropRows(storage::RecordStore* store) {
  for (;;) {
    storage::Batch batch;
    absl::Status status = store->Scan(Table::kLogIndex, {}, [&batch](std::string_view key, std::string_view) {
      batch.Delete(Table::kLogIndex, key);
      return batch.writes.size() < kBatchRows;
    });
    if (!status.ok() || batch.writes.empty()) return status;
    if (status = store->Commit(batch); !status.ok()) return status;
  }
}

}  // namespace

absl::StatusOr<IndexUpkeep::Entry> IndexUpkeep::Open(uint64_t sequence, std::string_view leaf) const {
  absl::StatusOr<v1::AuditEntry> parsed = ParseLeaf(sequence, leaf);
  if (!parsed.ok()) return parsed.status();
  absl::StatusOr<std::optional<std::string>> sealed = records_->Get(Table::kLogDetails, SequenceKey(sequence));
  if (!sealed.ok()) return sealed.status();
  Entry entry{*std::move(parsed), std::nullopt};
  if (!sealed->has_value()) return entry;
  absl::StatusOr<std::string> opened = keys_->OpenAuditDetails(keys::IndexingPass(), sequence, **sealed);
  if (!opened.ok()) return absl::DataLossError("its details do not open");
  if (!entry.details.emplace().ParseFromString(*opened)) return absl::DataLossError("its details do not parse");
  if (absl::Status status = CheckDetails(entry.leaf, *entry.details); !status.ok()) return status;
  return entry;
}

absl::StatusOr<std::vector<std::string>> IndexUpkeep::RowsOf(uint64_t sequence, std::string_view leaf) const {
  absl::StatusOr<Entry> entry = Open(sequence, leaf);
  if (!entry.ok()) return entry.status();
  return IndexKeys(entry->leaf, entry->details.value_or(v1::AuditDetails()), *keys_);
}

absl::StatusOr<std::vector<std::string>> IndexUpkeep::SealedRowsOf(uint64_t sequence) const {
  absl::StatusOr<std::optional<std::string>> leaf = records_->Get(Table::kLog, SequenceKey(sequence));
  if (!leaf.ok()) return leaf.status();
  if (!leaf->has_value()) return absl::DataLossError(absl::StrCat("log entry ", sequence, ": missing; run otokurad fsck"));
  absl::StatusOr<Entry> entry = Open(sequence, **leaf);
  if (!entry.ok()) return entry.status();
  v1::AuditEntry nothing;  // of the leaf but its place
  nothing.set_sequence(sequence);
  return IndexKeys(nothing, entry->details.value_or(v1::AuditDetails()), *keys_);
}

absl::Status IndexUpkeep::Check(Problem problem) const {
  absl::StatusOr<uint64_t> pruned_end = ReadPrunedEnd(*records_);
  if (!pruned_end.ok()) return pruned_end.status();
  uint64_t present = 0;
  bool damaged = false;
  absl::Status failed;
  absl::Status scanned = records_->Scan(Table::kLog, {}, [&](std::string_view key, std::string_view leaf) {
    const std::optional<uint64_t> sequence = ParseSequenceKey(key);
    if (!sequence.has_value()) return true;  // VerifyStored names it
    absl::StatusOr<Entry> entry = Open(*sequence, leaf);
    if (!entry.ok()) {
      damaged = true;
      problem(*sequence, Text(entry.status()));
      return true;
    }
    if (!entry->details.has_value() && *sequence >= *pruned_end) problem(*sequence, "its details are gone, and were not pruned");
    const std::vector<std::string> rows = IndexKeys(entry->leaf, entry->details.value_or(v1::AuditDetails()), *keys_);
    const auto missing = [&](const std::string& row) {
      absl::StatusOr<std::optional<std::string>> stored = records_->Get(Table::kLogIndex, row);
      if (!stored.ok()) failed = stored.status();
      return !stored.ok() || !stored->has_value();
    };
    const auto lacking = static_cast<uint64_t>(std::count_if(rows.begin(), rows.end(), missing));
    present += rows.size() - lacking;
    if (failed.ok() && lacking > 0) problem(*sequence, "the index does not name it; run otokurad fsck --rebuild-index");
    return failed.ok();
  });
  if (!scanned.ok()) return scanned;
  if (!failed.ok()) return failed;
  uint64_t stored = 0;
  scanned = records_->Scan(Table::kLogIndex, {}, [&stored](std::string_view, std::string_view) { return ++stored > 0; });
  // Each row is worth a look only where there are too many of them.
  return !scanned.ok() || damaged || stored <= present ? scanned : NameForeignRows(problem);
}

absl::Status IndexUpkeep::NameForeignRows(Problem problem) const {
  absl::Status failed;
  absl::Status scanned = records_->Scan(Table::kLogIndex, {}, [&](std::string_view key, std::string_view) {
    const uint64_t sequence = IndexedSequence(key).value_or(0);
    absl::StatusOr<std::optional<std::string>> leaf = records_->Get(Table::kLog, SequenceKey(sequence));
    if (!leaf.ok()) {
      failed = leaf.status();
      return false;
    }
    absl::StatusOr<std::vector<std::string>> rows = std::vector<std::string>();
    if (leaf->has_value()) rows = RowsOf(sequence, **leaf);
    if (!rows.ok() || std::find(rows->begin(), rows->end(), key) == rows->end()) {
      problem(sequence, "the index has a row that no entry asks for; run otokurad fsck --rebuild-index");
    }
    return true;
  });
  return scanned.ok() ? failed : scanned;
}

absl::StatusOr<IndexUpkeep::Rebuilt> IndexUpkeep::Rebuild(storage::RecordStore* store, Problem problem) const {
  if (absl::Status status = SetIncomplete(store, true); !status.ok()) return status;
  if (absl::Status status = DropRows(store); !status.ok()) return status;
  Rebuilt rebuilt;
  storage::Batch batch;
  absl::Status failed;
  const absl::Status scanned = records_->Scan(Table::kLog, {}, [&](std::string_view key, std::string_view leaf) {
    const std::optional<uint64_t> sequence = ParseSequenceKey(key);
    if (!sequence.has_value()) return true;
    absl::StatusOr<std::vector<std::string>> rows = RowsOf(*sequence, leaf);
    if (!rows.ok()) {
      problem(*sequence, Text(rows.status()));
      return true;
    }
    ++rebuilt.entries;
    rebuilt.rows += rows->size();
    for (const std::string& row : *rows) batch.Put(Table::kLogIndex, row, "");
    if (batch.writes.size() < kBatchRows) return true;
    failed = store->Commit(batch);
    batch.writes.clear();
    return failed.ok();
  });
  if (!scanned.ok()) return scanned;
  if (failed.ok()) failed = store->Commit(batch);
  if (failed.ok()) failed = SetIncomplete(store, false);
  if (!failed.ok()) return failed;
  return rebuilt;
}

}  // namespace otokura::audit
