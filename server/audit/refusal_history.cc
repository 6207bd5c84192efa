#include "server/audit/refusal_history.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/audit/commitments.h"
#include "server/audit/index.h"
#include "server/audit/log_rows.h"
#include "server/audit/postings.h"

namespace otokura::audit {

absl::StatusOr<v1::AuditDetails> RefusalHistory::OpenDetails(const v1::AuditEntry& leaf) const {
  v1::AuditDetails details;
  absl::StatusOr<std::optional<std::string>> sealed = records_->Get(storage::Table::kLogDetails, SequenceKey(leaf.sequence()));
  if (!sealed.ok()) return sealed.status();
  if (!sealed->has_value()) return details;  // pruned
  absl::StatusOr<std::string> opened = keys_->OpenAuditDetails(keys::IndexingPass(), CommitmentsDigest(leaf), **sealed);
  if (!opened.ok()) return opened.status();
  if (details.ParseFromString(*opened)) return details;
  return absl::DataLossError(absl::StrCat("log entry ", leaf.sequence(), ": its details do not parse; run otokurad fsck"));
}

absl::Status RefusalHistory::Since(absl::Time since, Refusal refusal) const {
  PostingList refusals(records_, IndexPrefix(DecisionIs(v1::DENIED), *keys_), 0);
  for (uint64_t end = log_->head().tree_size;;) {
    absl::StatusOr<std::optional<uint64_t>> newest = refusals.NewestBelow(end);
    if (!newest.ok()) return newest.status();
    if (!newest->has_value()) return absl::OkStatus();
    end = **newest;
    absl::StatusOr<v1::AuditEntry> leaf = log_->Read(end);
    if (!leaf.ok()) return leaf.status();
    if (absl::FromUnixMicros(leaf->time_unix_us()) < since) return absl::OkStatus();
    absl::StatusOr<v1::AuditDetails> details = OpenDetails(*leaf);
    if (!details.ok()) return details.status();
    if (!refusal(*leaf, *details)) return absl::OkStatus();
  }
}

}  // namespace otokura::audit
