#include "server/audit/log_times.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/audit/log_rows.h"

namespace otokura::audit {
namespace {

absl::StatusOr<int64_t> TimeOf(const storage::RecordReader& records, uint64_t sequence) {
  const absl::StatusOr<std::optional<std::string>> leaf = records.Get(storage::Table::kLog, SequenceKey(sequence));
  if (!leaf.ok()) return leaf.status();
  if (!leaf->has_value()) return absl::DataLossError(absl::StrCat("log entry ", sequence, ": missing; run otokurad fsck"));
  const absl::StatusOr<v1::AuditEntry> entry = ParseLeaf(sequence, **leaf);
  if (!entry.ok()) return entry.status();
  return entry->time_unix_us();
}

}  // namespace

absl::StatusOr<uint64_t> FirstAt(const storage::RecordReader& records, int64_t time_unix_us, uint64_t end) {
  uint64_t first = 0;
  while (first < end) {
    const uint64_t middle = first + (end - first) / 2;
    const absl::StatusOr<int64_t> time = TimeOf(records, middle);
    if (!time.ok()) return time.status();
    if (*time >= time_unix_us) {
      end = middle;
    } else {
      first = middle + 1;
    }
  }
  return first;
}

}  // namespace otokura::audit
