#include "server/audit/queries.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "server/audit/commitments.h"
#include "server/audit/log_rows.h"
#include "server/audit/log_times.h"

namespace otokura::audit {
namespace {

const Condition* FirstUnmet(const std::vector<Condition>& conditions, const v1::AuditEntry& leaf, const Listed& listed) {
  const auto unmet = std::find_if(conditions.begin(), conditions.end(), [&](const Condition& condition) {
    return IndexValue(condition.field, leaf, listed.details.has_value() ? *listed.details : v1::AuditDetails()) != condition.value;
  });
  return unmet == conditions.end() ? nullptr : &*unmet;
}

absl::Status LeftOut(uint64_t sequence) {
  return absl::DataLossError(
      absl::StrCat("log index: leaves out an entry about this recording beside entry ", sequence, "; run otokurad fsck"));
}

}  // namespace

absl::Status Queries::CheckReady(const keys::ReleasePermit& permit) const {
  if (!permit.PermitsAuditDetails()) return absl::PermissionDeniedError("permit: not for audit details");
  absl::StatusOr<std::optional<std::string>> incomplete = records_->Get(storage::Table::kMeta, kIndexIncompleteKey);
  if (!incomplete.ok()) return incomplete.status();
  if (!incomplete->has_value()) return absl::OkStatus();
  return absl::FailedPreconditionError("log index: its rebuilding was interrupted; run otokurad fsck --rebuild-index");
}

absl::StatusOr<Queries::Entry> Queries::Read(uint64_t sequence) const {
  absl::StatusOr<std::optional<std::string>> leaf = records_->Get(storage::Table::kLog, SequenceKey(sequence));
  if (!leaf.ok()) return leaf.status();
  if (!leaf->has_value()) return absl::DataLossError(absl::StrCat("log entry ", sequence, ": missing; run otokurad fsck"));
  absl::StatusOr<v1::AuditEntry> parsed = ParseLeaf(sequence, **leaf);
  if (!parsed.ok()) return parsed.status();
  return Entry{{sequence, **std::move(leaf), std::nullopt}, *std::move(parsed)};
}

absl::Status Queries::OpenDetails(const keys::ReleasePermit& permit, Entry* entry) const {
  const uint64_t sequence = entry->listed.sequence;
  absl::StatusOr<std::optional<std::string>> sealed = records_->Get(storage::Table::kLogDetails, SequenceKey(sequence));
  if (!sealed.ok() || !sealed->has_value()) return sealed.status();
  absl::StatusOr<std::string> opened = keys_->OpenAuditDetails(permit, CommitmentsDigest(entry->leaf), **sealed);
  if (!opened.ok()) return opened.status();
  if (!entry->listed.details.emplace().ParseFromString(*opened)) {
    return absl::DataLossError(absl::StrCat("log entry ", sequence, ": its details do not parse; run otokurad fsck"));
  }
  return CheckDetails(entry->leaf, *entry->listed.details);
}

absl::StatusOr<std::optional<Queries::Entry>> Queries::Confirm(const keys::ReleasePermit& permit, uint64_t sequence,
                                                               const std::vector<Condition>& conditions, bool with_details) const {
  absl::StatusOr<Entry> entry = Read(sequence);
  if (!entry.ok()) return entry.status();
  if (with_details) {
    if (absl::Status status = OpenDetails(permit, &*entry); !status.ok()) return status;
  }
  const Condition* const unmet = FirstUnmet(conditions, entry->leaf, entry->listed);
  if (unmet == nullptr) return std::optional<Entry>(*std::move(entry));
  absl::StatusOr<std::optional<uint64_t>> still = PostingList(records_, IndexPrefix(*unmet, *keys_), sequence).NewestBelow(sequence + 1);
  if (!still.ok()) return still.status();
  if (!still->has_value()) return std::optional<Entry>();
  return absl::DataLossError(
      absl::StrCat("log entry ", sequence, ": the index says of it what the entry does not; run otokurad fsck --rebuild-index"));
}

absl::StatusOr<uint64_t> Queries::FirstAt(int64_t time_unix_us, uint64_t end) const { return audit::FirstAt(*records_, time_unix_us, end); }

absl::StatusOr<Queries::Course> Queries::Plan(const Query& query) const {
  uint64_t end = log_->head().tree_size;
  if (query.tree_size != 0) end = std::min(end, query.tree_size);
  if (query.before != 0) end = std::min(end, query.before);
  if (query.to_unix_us != 0) {
    absl::StatusOr<uint64_t> first_after = FirstAt(query.to_unix_us, end);
    if (!first_after.ok()) return first_after.status();
    end = *first_after;
  }
  uint64_t first = 0;
  if (query.from_unix_us > 0) {
    absl::StatusOr<uint64_t> first_in = FirstAt(query.from_unix_us, end);
    if (!first_in.ok()) return first_in.status();
    first = *first_in;
  }
  std::vector<PostingList> lists;
  for (const Condition& condition : query.conditions) lists.emplace_back(records_, IndexPrefix(condition, *keys_), first);
  return Course{first, end, Intersection(std::move(lists), first)};
}

absl::StatusOr<Page> Queries::List(const keys::ReleasePermit& permit, const Query& query, size_t limit) const {
  if (absl::Status status = CheckReady(permit); !status.ok()) return status;
  if (limit == 0 || limit > kListedMax) return absl::InvalidArgumentError(absl::StrCat("page_size: must be 1 to ", kListedMax));
  absl::StatusOr<Course> course = Plan(query);
  if (!course.ok()) return course.status();
  std::vector<Entry> entries;
  uint64_t next_before = 0;
  for (uint64_t end = course->end;;) {
    absl::StatusOr<Intersection::Found> found = course->entries.NewestBelow(end, kIndexRowsMax);
    if (!found.ok()) return found.status();
    if (found->gave_up) next_before = found->below;
    if (!found->entry.has_value()) break;
    if (entries.size() == limit) {
      next_before = entries.back().listed.sequence;
      break;
    }
    end = *found->entry;
    absl::StatusOr<std::optional<Entry>> entry = Confirm(permit, end, query.conditions, /*with_details=*/true);
    if (!entry.ok()) return entry.status();
    if (entry->has_value()) entries.push_back(**std::move(entry));
  }
  if (absl::Status whole = CheckWhole(query, course->end, entries, next_before == 0); !whole.ok()) return whole;
  Page page{{}, next_before};
  for (Entry& entry : entries) page.entries.push_back(std::move(entry.listed));
  return page;
}

absl::Status Queries::CheckWhole(const Query& query, uint64_t end, const std::vector<Entry>& entries, bool to_the_oldest) const {
  if (query.conditions.size() != 1 || query.conditions.front().field != IndexField::kRecording) return absl::OkStatus();
  for (size_t i = 1; i < entries.size(); ++i) {
    const v1::AuditEntry& newer = entries[i - 1].leaf;
    const v1::AuditEntry& older = entries[i].leaf;
    if (newer.previous_sequence() != older.sequence() || newer.access_number() != older.access_number() + 1) {
      return LeftOut(newer.sequence());
    }
  }
  if (to_the_oldest && query.from_unix_us == 0 && !entries.empty() && entries.back().leaf.access_number() != 1) {
    return LeftOut(entries.back().leaf.sequence());
  }
  if (query.before != 0 || query.to_unix_us != 0 || query.from_unix_us != 0) return absl::OkStatus();
  absl::StatusOr<v1::AccessCount> count = ReadAccessCount(*records_, query.conditions.front().value);
  if (!count.ok()) return count.status();
  const bool newest_is_known = count->count() > 0 && count->last_sequence() < end;  // else more was appended meanwhile
  if (!newest_is_known || (!entries.empty() && entries.front().leaf.sequence() == count->last_sequence())) return absl::OkStatus();
  return LeftOut(count->last_sequence());
}

absl::StatusOr<Listed> Queries::Show(const keys::ReleasePermit& permit, uint64_t sequence) const {
  if (!permit.PermitsAuditDetails()) return absl::PermissionDeniedError("permit: not for audit details");
  const uint64_t tree_size = log_->head().tree_size;
  if (sequence >= tree_size) return absl::NotFoundError(absl::StrCat("log entry ", sequence, ": the log has ", tree_size, " entries"));
  absl::StatusOr<Entry> entry = Read(sequence);
  if (!entry.ok()) return entry.status();
  if (absl::Status status = OpenDetails(permit, &*entry); !status.ok()) return status;
  return std::move(entry->listed);
}

absl::StatusOr<Queries::Appended> Queries::Since(const keys::ReleasePermit& permit, const std::vector<Condition>& conditions, uint64_t from,
                                                 size_t scanned_max) const {
  if (!permit.PermitsAuditDetails()) return absl::PermissionDeniedError("permit: not for audit details");
  const uint64_t tree_size = log_->head().tree_size;
  Appended appended{{}, from};
  for (; appended.next < tree_size && scanned_max > 0; ++appended.next, --scanned_max) {
    absl::StatusOr<Entry> entry = Read(appended.next);
    if (!entry.ok()) return entry.status();
    if (absl::Status status = OpenDetails(permit, &*entry); !status.ok()) return status;
    if (FirstUnmet(conditions, entry->leaf, entry->listed) == nullptr) appended.entries.push_back(std::move(entry->listed));
  }
  return appended;
}

}  // namespace otokura::audit
