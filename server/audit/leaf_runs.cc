#include "server/audit/leaf_runs.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "crypto/tlog/entry_bundle.h"
#include "crypto/tlog/tile.h"
#include "server/audit/commitments.h"
#include "server/audit/log_rows.h"

namespace otokura::audit {

absl::StatusOr<v1::AuditDetails> LeafRuns::OpenDetails(const keys::ReleasePermit& permit, uint64_t sequence, std::string_view leaf) const {
  v1::AuditDetails details;
  absl::StatusOr<std::optional<std::string>> sealed = records_->Get(storage::Table::kLogDetails, SequenceKey(sequence));
  if (!sealed.ok()) return sealed.status();
  if (!sealed->has_value()) return details;
  absl::StatusOr<v1::AuditEntry> entry = ParseLeaf(sequence, leaf);
  if (!entry.ok()) return entry.status();
  absl::StatusOr<std::string> opened = keys_->OpenAuditDetails(permit, CommitmentsDigest(*entry), **sealed);
  if (!opened.ok()) return opened.status();
  if (!details.ParseFromString(*opened)) {
    return absl::DataLossError(absl::StrCat("log entry ", sequence, ": its details do not parse; run otokurad fsck"));
  }
  if (absl::Status status = CheckDetails(*entry, details); !status.ok()) return status;
  return details;
}

absl::StatusOr<LeafRun> LeafRuns::Read(const keys::ReleasePermit& permit, uint64_t first, uint64_t end, bool with_details) const {
  if (!permit.PermitsAuditDetails()) return absl::PermissionDeniedError("permit: not for the audit log");
  end = std::min(end, (first / crypto::kTileHashes + 1) * crypto::kTileHashes);
  LeafRun result;
  v1::LeafRun& run = result.message;
  run.set_first_sequence(first);
  uint64_t next = first;
  size_t bytes = 0;
  absl::Status broken;
  absl::Status scanned =
      records_->Scan(storage::Table::kLog, {SequenceKey(first), SequenceKey(end), false}, [&](std::string_view key, std::string_view leaf) {
        if (key != SequenceKey(next)) return false;
        broken = crypto::AppendEntry(leaf, run.mutable_bundle());
        bytes += leaf.size();
        if (broken.ok() && with_details) {
          absl::StatusOr<v1::AuditDetails> details = OpenDetails(permit, next, leaf);
          broken = details.status();
          if (broken.ok()) bytes += details->ByteSizeLong();
          if (broken.ok()) *run.add_details() = *std::move(details);
        }
        ++next;
        return broken.ok() && bytes < kRunBytesMax;
      });
  if (!scanned.ok()) return scanned;
  if (!broken.ok()) return broken;
  result.leaves = next - first;
  if (next == end || bytes >= kRunBytesMax) return result;
  return absl::DataLossError(absl::StrCat("log entry ", next, ": missing; run otokurad fsck"));
}

}  // namespace otokura::audit
