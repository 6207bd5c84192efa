#include "server/audit/refusal_history.h"

#include <optional>
#include <string>

#include "server/audit/index.h"
#include "server/audit/log_rows.h"
#include "server/audit/postings.h"
#include "server/audit/stored_details.h"

namespace otokura::audit {

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
    absl::StatusOr<std::optional<v1::AuditDetails>> details = OpenStoredDetails(*records_, *keys_, keys::IndexingPass(), *leaf);
    if (!details.ok()) return details.status();
    if (!refusal(*leaf, details->value_or(v1::AuditDetails()))) return absl::OkStatus();
  }
}

}  // namespace otokura::audit
