#include "server/audit/log_rows.h"

#include "absl/strings/str_cat.h"

namespace otokura::audit {
namespace {

constexpr size_t kSequenceBytes = 8;

}  // namespace

std::string SequenceKey(uint64_t sequence) {
  std::string key(kSequenceBytes, '\0');
  for (size_t i = 0; i < kSequenceBytes; ++i) key[i] = static_cast<char>(sequence >> (8 * (kSequenceBytes - 1 - i)));
  return key;
}

std::optional<uint64_t> ParseSequenceKey(std::string_view key) {
  if (key.size() != kSequenceBytes) return std::nullopt;
  uint64_t sequence = 0;
  for (char byte : key) sequence = sequence << 8 | static_cast<unsigned char>(byte);
  return sequence;
}

absl::StatusOr<v1::AuditEntry> ParseLeaf(uint64_t sequence, std::string_view leaf) {
  v1::AuditEntry entry;
  if (!entry.ParseFromArray(leaf.data(), static_cast<int>(leaf.size()))) {
    return absl::DataLossError(absl::StrCat("log entry ", sequence, ": its leaf is damaged; run otokurad fsck"));
  }
  if (entry.version() > kEntryVersion) {
    return absl::FailedPreconditionError(absl::StrCat("log entry ", sequence, ": version ", entry.version(), ", this gateway reads up to ",
                                                      kEntryVersion, "; use a newer gateway"));
  }
  if (entry.version() == 0 || entry.sequence() != sequence) {
    return absl::DataLossError(
        absl::StrCat("log entry ", sequence, ": the leaf in its place says it is entry ", entry.sequence(), "; run otokurad fsck"));
  }
  return entry;
}

absl::StatusOr<v1::LogHead> ReadHead(const storage::RecordReader& records) {
  absl::StatusOr<std::optional<std::string>> stored = records.Get(storage::Table::kMeta, kHeadKey);
  if (!stored.ok()) return stored.status();
  v1::LogHead head;
  if (!stored->has_value()) {
    head.set_version(kHeadVersion);
    return head;
  }
  if (!head.ParseFromString(**stored) || head.version() == 0) return absl::DataLossError("log head: damaged; run otokurad fsck");
  if (head.version() > kHeadVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("log head: version ", head.version(), ", this gateway reads up to ", kHeadVersion, "; use a newer gateway"));
  }
  return head;
}

absl::StatusOr<uint64_t> ReadPrunedEnd(const storage::RecordReader& records) {
  absl::StatusOr<std::optional<std::string>> stored = records.Get(storage::Table::kMeta, kPrunedEndKey);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) return 0;
  const std::optional<uint64_t> end = ParseSequenceKey(**stored);
  if (!end.has_value()) return absl::DataLossError("log details: the mark of what was pruned is damaged; run otokurad fsck");
  return *end;
}

absl::StatusOr<v1::AccessCount> ReadAccessCount(const storage::RecordReader& records, std::string_view recording_id) {
  absl::StatusOr<std::optional<std::string>> stored = records.Get(storage::Table::kAccessCounts, recording_id);
  if (!stored.ok()) return stored.status();
  v1::AccessCount count;
  if (stored->has_value() && !count.ParseFromString(**stored)) return absl::DataLossError("access count: damaged; run otokurad fsck");
  return count;
}

}  // namespace otokura::audit
