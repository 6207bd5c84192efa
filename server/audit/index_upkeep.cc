#include "server/audit/index_upkeep.h"

#include <algorithm>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "server/audit/commitments.h"
#include "server/audit/index.h"
#include "server/audit/index_rows.h"
#include "server/audit/log_rows.h"
#include "server/audit/stored_details.h"

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

// Whether the index names an entry, asked in the order of the log: the run found last under a prefix mostly holds the next one too.
class RunsInOrder {
 public:
  explicit RunsInOrder(const storage::RecordReader* records) : records_(records) {}

  absl::StatusOr<bool> Name(const std::string& prefix, uint64_t sequence) {
    if (runs_.size() > kRunsKept) runs_.clear();
    std::vector<uint64_t>& run = runs_[prefix];
    if (run.empty() || run.back() < sequence) {
      const storage::ScanRange range{.first = IndexKey(prefix, 0), .last = IndexKey(prefix, sequence + 1), .newest_first = true};
      absl::Status scanned = records_->Scan(Table::kLogIndex, range, [&run](std::string_view key, std::string_view value) {
        run = IndexedEntries(key, value).value_or(std::vector<uint64_t>());
        return false;
      });
      if (!scanned.ok()) return scanned;
    }
    return std::binary_search(run.begin(), run.end(), sequence);
  }

 private:
  static constexpr size_t kRunsKept = 10'000;  // 20 MB where all are full

  const storage::RecordReader* const records_;
  absl::flat_hash_map<std::string, std::vector<uint64_t>> runs_;  // by prefix
};

}  // namespace

absl::StatusOr<IndexUpkeep::Entry> IndexUpkeep::Open(uint64_t sequence, std::string_view leaf) const {
  absl::StatusOr<v1::AuditEntry> parsed = ParseLeaf(sequence, leaf);
  if (!parsed.ok()) return parsed.status();
  absl::StatusOr<std::optional<v1::AuditDetails>> details = OpenStoredDetails(*records_, *keys_, keys::IndexingPass(), *parsed);
  if (!details.ok()) return details.status();
  Entry entry{*std::move(parsed), *std::move(details)};
  if (!entry.details.has_value()) return entry;
  if (absl::Status status = CheckDetails(entry.leaf, *entry.details); !status.ok()) return status;
  return entry;
}

std::vector<std::string> IndexUpkeep::PrefixesOf(const Entry& entry) const {
  return IndexPrefixes(entry.leaf, entry.details.value_or(v1::AuditDetails()), *keys_);
}

absl::StatusOr<std::vector<std::string>> IndexUpkeep::PrefixesOf(uint64_t sequence, std::string_view leaf) const {
  absl::StatusOr<Entry> entry = Open(sequence, leaf);
  if (!entry.ok()) return entry.status();
  return PrefixesOf(*entry);
}

absl::StatusOr<std::vector<std::string>> IndexUpkeep::SealedPrefixesOf(uint64_t sequence) const {
  absl::StatusOr<std::optional<std::string>> leaf = records_->Get(Table::kLog, SequenceKey(sequence));
  if (!leaf.ok()) return leaf.status();
  if (!leaf->has_value()) return absl::DataLossError(absl::StrCat("log entry ", sequence, ": missing; run otokurad fsck"));
  absl::StatusOr<Entry> entry = Open(sequence, **leaf);
  if (!entry.ok()) return entry.status();
  entry->leaf.Clear();
  return PrefixesOf(*entry);
}

absl::Status IndexUpkeep::Check(Problem problem) const {
  absl::StatusOr<uint64_t> pruned_end = ReadPrunedEnd(*records_);
  if (!pruned_end.ok()) return pruned_end.status();
  RunsInOrder runs(records_);
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
    const std::vector<std::string> prefixes = PrefixesOf(*entry);
    uint64_t named = 0;
    for (const std::string& prefix : prefixes) {
      absl::StatusOr<bool> names = runs.Name(prefix, *sequence);
      if (!names.ok()) failed = names.status();
      named += names.ok() && *names ? 1 : 0;
    }
    present += named;
    if (failed.ok() && named < prefixes.size()) problem(*sequence, "the index does not name it; run otokurad fsck --rebuild-index");
    return failed.ok();
  });
  if (!scanned.ok()) return scanned;
  if (!failed.ok()) return failed;
  absl::StatusOr<uint64_t> stored = CheckRows(problem);
  if (!stored.ok()) return stored.status();
  // Each one is worth a look only where there are too many of them.
  return damaged || *stored <= present ? absl::OkStatus() : NameForeignRows(problem);
}

absl::StatusOr<uint64_t> IndexUpkeep::CheckRows(Problem problem) const {
  uint64_t named = 0;
  std::string prefix;  // of the row before
  uint64_t last = 0;
  absl::Status scanned = records_->Scan(Table::kLogIndex, {}, [&](std::string_view key, std::string_view value) {
    const std::optional<std::vector<uint64_t>> run = IndexedEntries(key, value);
    if (!run.has_value()) {
      problem(IndexedEntries(key, "").value_or(std::vector<uint64_t>{0}).front(),
              "a row of the index that begins with it is damaged; run otokurad fsck --rebuild-index");
      return true;
    }
    if (IndexedPrefix(key) == prefix && run->front() <= last) {
      problem(run->front(), "the index names it out of order, or twice; run otokurad fsck --rebuild-index");
    }
    prefix = std::string(IndexedPrefix(key));
    last = run->back();
    named += run->size();
    return true;
  });
  if (!scanned.ok()) return scanned;
  return named;
}

absl::StatusOr<bool> IndexUpkeep::IsAskedFor(std::string_view prefix, uint64_t sequence) const {
  absl::StatusOr<std::optional<std::string>> leaf = records_->Get(Table::kLog, SequenceKey(sequence));
  if (!leaf.ok()) return leaf.status();
  if (!leaf->has_value()) return false;
  absl::StatusOr<std::vector<std::string>> prefixes = PrefixesOf(sequence, **leaf);
  if (!prefixes.ok()) return prefixes.status();
  return std::find(prefixes->begin(), prefixes->end(), prefix) != prefixes->end();
}

absl::Status IndexUpkeep::NameForeignRows(Problem problem) const {
  absl::Status failed;
  absl::Status scanned = records_->Scan(Table::kLogIndex, {}, [&](std::string_view key, std::string_view value) {
    for (const uint64_t sequence : IndexedEntries(key, value).value_or(std::vector<uint64_t>())) {
      absl::StatusOr<bool> asked_for = IsAskedFor(IndexedPrefix(key), sequence);
      if (!asked_for.ok()) failed = asked_for.status();
      if (!failed.ok()) return false;
      if (!*asked_for) problem(sequence, "the index has a row that no entry asks for; run otokurad fsck --rebuild-index");
    }
    return true;
  });
  return scanned.ok() ? failed : scanned;
}

absl::StatusOr<IndexUpkeep::Rebuilt> IndexUpkeep::Rebuild(storage::RecordStore* store, Problem problem) const {
  if (absl::Status status = SetIncomplete(store, true); !status.ok()) return status;
  if (absl::Status status = DropRows(store); !status.ok()) return status;
  Rebuilt rebuilt;
  IndexRows gathered;
  const auto write = [&] {
    storage::Batch batch;
    gathered.PutInto(&batch);
    rebuilt.rows += gathered.rows();
    gathered.Clear();
    return store->Commit(batch);
  };
  absl::Status failed;
  const absl::Status scanned = records_->Scan(Table::kLog, {}, [&](std::string_view key, std::string_view leaf) {
    const std::optional<uint64_t> sequence = ParseSequenceKey(key);
    if (!sequence.has_value()) return true;
    absl::StatusOr<std::vector<std::string>> prefixes = PrefixesOf(*sequence, leaf);
    if (!prefixes.ok()) {
      problem(*sequence, Text(prefixes.status()));
      return true;
    }
    ++rebuilt.entries;
    for (const std::string& prefix : *prefixes) gathered.Add(prefix, *sequence);
    if (gathered.rows() >= kBatchRows) failed = write();
    return failed.ok();
  });
  if (!scanned.ok()) return scanned;
  if (failed.ok()) failed = write();
  if (failed.ok()) failed = SetIncomplete(store, false);
  if (!failed.ok()) return failed;
  return rebuilt;
}

}  // namespace otokura::audit
