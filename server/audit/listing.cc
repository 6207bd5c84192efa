// Reading the log: one entry, and pages of them. The index by recording only finds entries; what they say comes from the leaves.
#include <algorithm>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "server/audit/commitments.h"
#include "server/audit/log.h"
#include "server/audit/log_rows.h"

namespace otokura::audit {
namespace {

// The smallest number in [first, end) that `reached` is true of, `end` where there is none; once true it must stay true.
absl::StatusOr<uint64_t> SmallestWhere(uint64_t first, uint64_t end, absl::FunctionRef<absl::StatusOr<bool>(uint64_t)> reached) {
  while (first < end) {
    const uint64_t middle = first + (end - first) / 2;
    absl::StatusOr<bool> is_reached = reached(middle);
    if (!is_reached.ok()) return is_reached.status();
    if (*is_reached) {
      end = middle;
    } else {
      first = middle + 1;
    }
  }
  return first;
}

absl::StatusOr<uint64_t> IndexedSequence(const storage::RecordReader& records, std::string_view recording_id, uint64_t access_number) {
  absl::StatusOr<std::optional<std::string>> row = records.Get(storage::Table::kLogByRecording, AccessKey(recording_id, access_number));
  if (!row.ok()) return row.status();
  const std::optional<uint64_t> sequence = row->has_value() ? ParseSequenceKey(**row) : std::nullopt;
  if (!sequence.has_value()) {
    return absl::DataLossError(absl::StrCat("log index: no entry ", access_number, " about this recording; run otokurad fsck"));
  }
  return *sequence;
}

absl::StatusOr<std::vector<uint64_t>> SequencesAbout(const storage::RecordReader& records, std::string_view recording_id, uint64_t end,
                                                     size_t limit) {
  absl::StatusOr<v1::AccessCount> count = ReadAccessCount(records, recording_id);
  if (!count.ok()) return count.status();
  absl::StatusOr<uint64_t> past = SmallestWhere(1, count->count() + 1, [&](uint64_t number) -> absl::StatusOr<bool> {
    absl::StatusOr<uint64_t> sequence = IndexedSequence(records, recording_id, number);
    if (!sequence.ok()) return sequence.status();
    return *sequence >= end;
  });
  if (!past.ok()) return past.status();
  std::vector<uint64_t> sequences;
  for (uint64_t number = *past - 1; number > 0 && sequences.size() < limit; --number) {
    absl::StatusOr<uint64_t> sequence = IndexedSequence(records, recording_id, number);
    if (!sequence.ok()) return sequence.status();
    sequences.push_back(*sequence);
  }
  return sequences;
}

}  // namespace

absl::StatusOr<std::string> Log::ReadLeaf(uint64_t sequence) const {
  absl::StatusOr<std::optional<std::string>> leaf = records_->Get(storage::Table::kLog, SequenceKey(sequence));
  if (!leaf.ok()) return leaf.status();
  if (leaf->has_value()) return **std::move(leaf);
  if (sequence >= head().tree_size) return absl::NotFoundError(absl::StrCat("log entry ", sequence, ": the log is not that long"));
  return absl::DataLossError(absl::StrCat("log entry ", sequence, ": missing; run otokurad fsck"));
}

absl::StatusOr<v1::AuditEntry> Log::Read(uint64_t sequence) const {
  absl::StatusOr<std::string> leaf = ReadLeaf(sequence);
  if (!leaf.ok()) return leaf.status();
  return ParseLeaf(sequence, *leaf);
}

absl::StatusOr<uint64_t> Log::FirstAt(int64_t time_unix_us, uint64_t end) const {
  return SmallestWhere(0, end, [&](uint64_t sequence) -> absl::StatusOr<bool> {
    absl::StatusOr<v1::AuditEntry> entry = Read(sequence);
    if (!entry.ok()) return entry.status();
    return entry->time_unix_us() >= time_unix_us;
  });
}

absl::StatusOr<std::vector<uint64_t>> Log::Candidates(const Query& query, uint64_t end, size_t limit) const {
  if (query.recording.has_value()) return SequencesAbout(*records_, query.recording->bytes(), end, limit);
  std::vector<uint64_t> sequences(std::min<uint64_t>(end, limit));
  for (uint64_t& sequence : sequences) sequence = --end;
  return sequences;
}

absl::StatusOr<Log::Listed> Log::WithDetails(const keys::ReleasePermit& permit, uint64_t sequence, std::string leaf,
                                             const v1::AuditEntry& entry) const {
  Listed listed{sequence, std::move(leaf), std::nullopt};
  absl::StatusOr<std::optional<std::string>> sealed = records_->Get(storage::Table::kLogDetails, SequenceKey(sequence));
  if (!sealed.ok()) return sealed.status();
  if (!sealed->has_value()) return listed;
  absl::StatusOr<std::string> opened = keys_->OpenAuditDetails(permit, sequence, **sealed);
  if (!opened.ok()) return opened.status();
  if (!listed.details.emplace().ParseFromString(*opened)) {
    return absl::DataLossError(absl::StrCat("log entry ", sequence, ": its details do not parse; run otokurad fsck"));
  }
  if (absl::Status status = CheckDetails(entry, *listed.details); !status.ok()) return status;
  return listed;
}

absl::StatusOr<Log::Page> Log::List(const keys::ReleasePermit& permit, const Query& query) const {
  if (!permit.PermitsAuditDetails()) return absl::PermissionDeniedError("permit: not for audit details");
  if (query.limit == 0 || query.limit > kListedMax) return absl::InvalidArgumentError(absl::StrCat("page_size: must be 1 to ", kListedMax));
  uint64_t end = head().tree_size;
  if (query.before != 0) end = std::min(end, query.before);
  if (query.to_unix_us != 0) {
    absl::StatusOr<uint64_t> first_after = FirstAt(query.to_unix_us, end);
    if (!first_after.ok()) return first_after.status();
    end = *first_after;
  }
  // One more than asked for tells whether that was all.
  absl::StatusOr<std::vector<uint64_t>> sequences = Candidates(query, end, query.limit + 1);
  if (!sequences.ok()) return sequences.status();
  Page page;
  for (uint64_t sequence : *sequences) {
    absl::StatusOr<std::string> leaf = ReadLeaf(sequence);
    if (!leaf.ok()) return leaf.status();
    absl::StatusOr<v1::AuditEntry> entry = ParseLeaf(sequence, *leaf);
    if (!entry.ok()) return entry.status();
    if (query.recording.has_value() && entry->recording_id() != query.recording->bytes()) {
      return absl::DataLossError(absl::StrCat("log entry ", sequence, ": the index names it for another recording; run otokurad fsck"));
    }
    if (entry->time_unix_us() < query.from_unix_us) break;
    if (page.entries.size() == query.limit) {
      page.next_before = page.entries.back().sequence;
      break;
    }
    absl::StatusOr<Listed> listed = WithDetails(permit, sequence, *std::move(leaf), *entry);
    if (!listed.ok()) return listed.status();
    page.entries.push_back(*std::move(listed));
  }
  return page;
}

}  // namespace otokura::audit
