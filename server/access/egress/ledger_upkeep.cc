#include "server/access/egress/ledger_upkeep.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/access/egress/ledger_rows.h"
#include "server/access/egress/window_clock.h"
#include "server/audit/log_rows.h"
#include "server/audit/stored_details.h"

namespace otokura::access {
namespace {

using storage::Table;

constexpr size_t kBatchRows = 10'000;
constexpr Table kLedgerTables[] = {Table::kLedger, Table::kLedgerTerms};

using Rows = std::map<std::pair<Table, std::string>, std::string>;

// Those that count at `now`.
Rows RowsOf(const LedgerBook& book, absl::Time now) {
  Rows rows;
  ForEachRow(book, [&](Table table, const std::string& key, const std::string& value) {
    if (std::string counted = CountedOf(table, key, value, now); !counted.empty()) rows[{table, key}] = std::move(counted);
  });
  return rows;
}

// As far as the windows had come when something was last counted.
absl::StatusOr<absl::Time> LastWindowTime(const storage::RecordReader& records) {
  const auto value = records.Get(Table::kMeta, kWindowClockKey);
  if (!value.ok()) return value.status();
  v1::WindowClock row;
  if (value->has_value() && !row.ParseFromString(**value)) return absl::DataLossError("window clock: its row is damaged");
  return absl::FromUnixMicros(row.window_time_unix_us());
}

absl::Status DropRows(Table table, storage::RecordStore* store) {
  for (;;) {
    storage::Batch batch;
    absl::Status status = store->Scan(table, {}, [&](std::string_view key, std::string_view) {
      batch.Delete(table, key);
      return batch.writes.size() < kBatchRows;
    });
    if (!status.ok() || batch.writes.empty()) return status;
    if (status = store->Commit(batch); !status.ok()) return status;
  }
}

}  // namespace

// Nothing where the entry charges nobody, or nobody any more.
absl::StatusOr<std::optional<LedgerEvent>> LedgerUpkeep::EventIn(std::string_view key, std::string_view leaf, absl::Time now) const {
  const std::optional<uint64_t> sequence = audit::ParseSequenceKey(key);
  if (!sequence.has_value()) return std::nullopt;
  absl::StatusOr<v1::AuditEntry> entry = audit::ParseLeaf(*sequence, leaf);
  if (!entry.ok()) return entry.status();
  if (entry->window_time_unix_us() == 0) return std::nullopt;
  if (absl::FromUnixMicros(entry->window_time_unix_us()) + LongestCounted() <= now) return std::nullopt;
  const auto details = audit::OpenStoredDetails(*records_, *keys_, keys::IndexingPass(), *entry);
  if (!details.ok()) return details.status();
  if (!details->has_value()) return absl::DataLossError(absl::StrCat("log entry ", *sequence, ": its details are gone"));
  audit::Particulars who;
  who.account = (*details)->account().value();
  who.person = (*details)->person().value();
  who.contract = (*details)->contract().value();
  who.approver = (*details)->approver().value();
  return EventOf(*entry, who, chain_, *keys_);
}

absl::StatusOr<LedgerBook> LedgerUpkeep::AddUp(absl::Time now, Problem problem, uint64_t* uncounted) const {
  LedgerBook book;
  Touched ignored;
  absl::Status scanned = records_->Scan(Table::kLog, {}, [&](std::string_view key, std::string_view leaf) {
    const absl::StatusOr<std::optional<LedgerEvent>> event = EventIn(key, leaf, now);
    if (event.ok() && event->has_value()) book.Apply(**event, &ignored);
    if (!event.ok()) {
      ++*uncounted;
      problem(std::string(event.status().message()));
    }
    ignored = {};
    return true;
  });
  if (!scanned.ok()) return scanned;
  return book;
}

absl::Status LedgerUpkeep::Check(Problem problem) const {
  if (absl::Status complete = CheckLedgerIsComplete(*records_); !complete.ok()) problem(std::string(complete.message()));
  const absl::StatusOr<absl::Time> now = LastWindowTime(*records_);
  if (!now.ok()) return now.status();
  uint64_t uncounted = 0;
  absl::StatusOr<LedgerBook> book = AddUp(*now, problem, &uncounted);
  if (!book.ok()) return book.status();
  Rows rows = RowsOf(*book, *now);
  uint64_t different = 0;
  for (const Table table : kLedgerTables) {
    absl::Status scanned = records_->Scan(table, {}, [&](std::string_view key, std::string_view value) {
      const std::string counted = CountedOf(table, key, value, *now);
      if (counted.empty()) return true;
      const auto row = rows.find({table, std::string(key)});
      different += row == rows.end() || row->second != counted ? 1 : 0;
      if (row != rows.end()) rows.erase(row);
      return true;
    });
    if (!scanned.ok()) return scanned;
  }
  if (different + rows.size() > 0) {
    problem(absl::StrCat("egress ledger: ", different, " rows are not what the log adds up to, and ", rows.size(),
                         " are missing; run otokurad fsck --rebuild-ledger"));
  }
  return absl::OkStatus();
}

absl::StatusOr<LedgerUpkeep::Rebuilt> LedgerUpkeep::Rebuild(storage::RecordStore* store, Problem problem) const {
  const absl::StatusOr<absl::Time> now = LastWindowTime(*records_);
  if (!now.ok()) return now.status();
  Rebuilt rebuilt;
  absl::StatusOr<LedgerBook> book = AddUp(*now, problem, &rebuilt.uncounted_entries);
  if (!book.ok()) return book.status();
  if (rebuilt.uncounted_entries > 0) {
    return absl::DataLossError(absl::StrCat("egress ledger: ", rebuilt.uncounted_entries,
                                            " entries cannot be counted; it stays as it is, or it would allow more than the budgets"));
  }
  storage::Batch batch;
  batch.Put(Table::kMeta, kLedgerIncompleteKey, "1");
  if (absl::Status marked = store->Commit(std::exchange(batch, {})); !marked.ok()) return marked;
  for (const Table table : kLedgerTables) {
    if (absl::Status dropped = DropRows(table, store); !dropped.ok()) return dropped;
  }
  for (auto& [key, value] : RowsOf(*book, *now)) {
    batch.Put(key.first, key.second, value);
    ++rebuilt.rows;
    if (batch.writes.size() < kBatchRows) continue;
    if (absl::Status committed = store->Commit(std::exchange(batch, {})); !committed.ok()) return committed;
  }
  batch.Delete(Table::kMeta, kLedgerIncompleteKey);
  if (absl::Status committed = store->Commit(batch); !committed.ok()) return committed;
  return rebuilt;
}

}  // namespace otokura::access
