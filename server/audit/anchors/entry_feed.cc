#include "server/audit/anchors/entry_feed.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "otokura/v1/stored.pb.h"
#include "server/audit/commit_and_wait.h"
#include "server/audit/log_rows.h"

namespace otokura::audit {
namespace {

constexpr uint64_t kEntriesAtOnce = 1024;  // about a megabyte of text for one move of the cursor
constexpr uint32_t kCursorVersion = 1;

std::string CursorKey(const std::string& name) { return absl::StrCat("log-sink/", name); }

}  // namespace

absl::Status EntryFeed::LoadCursor() {
  absl::StatusOr<std::optional<std::string>> stored = records_->Get(storage::Table::kMeta, CursorKey(name_));
  if (!stored.ok()) return stored.status();
  v1::SinkCursor cursor;
  if (stored->has_value() && (!cursor.ParseFromString(**stored) || cursor.version() != kCursorVersion)) {
    return absl::DataLossError(absl::StrCat(name_, ": its cursor cannot be read, or is of a newer gateway"));
  }
  cursor_ = cursor.next_sequence();
  return absl::OkStatus();
}

absl::Status EntryFeed::StoreCursor(uint64_t next) {
  v1::SinkCursor cursor;
  cursor.set_version(kCursorVersion);
  cursor.set_next_sequence(next);
  storage::Batch batch;
  batch.Put(storage::Table::kMeta, CursorKey(name_), cursor.SerializeAsString());
  if (absl::Status committed = CommitAndWait(committer_, std::move(batch)); !committed.ok()) return committed;
  cursor_ = next;
  return absl::OkStatus();
}

absl::Status EntryFeed::Step(uint64_t end, Take take) {
  std::vector<v1::AuditEntry> entries;
  const uint64_t first = *cursor_;
  const storage::ScanRange range{SequenceKey(first), SequenceKey(std::min(end, first + kEntriesAtOnce)), false};
  const absl::Status scanned = records_->Scan(storage::Table::kLog, range, [&](std::string_view key, std::string_view leaf) {
    v1::AuditEntry entry;
    if (key != SequenceKey(first + entries.size()) || !entry.ParseFromArray(leaf.data(), static_cast<int>(leaf.size()))) return false;
    entries.push_back(std::move(entry));
    return true;
  });
  if (!scanned.ok()) return scanned;
  if (entries.empty()) return absl::DataLossError(absl::StrCat("entry ", first, " of the log is missing or damaged; run otokurad fsck"));
  if (absl::Status taken = take(entries); !taken.ok()) return taken;
  return StoreCursor(first + entries.size());
}

absl::Status EntryFeed::Run(uint64_t end, const std::atomic<bool>& cancelled, Take take) {
  if (!cursor_.has_value()) {
    if (absl::Status loaded = LoadCursor(); !loaded.ok()) return loaded;
  }
  while (*cursor_ < end) {
    if (cancelled) return absl::CancelledError("the gateway stops");
    if (absl::Status stepped = Step(end, take); !stepped.ok()) return stepped;
  }
  return absl::OkStatus();
}

}  // namespace otokura::audit
