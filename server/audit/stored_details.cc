#include "server/audit/stored_details.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "server/audit/commitments.h"
#include "server/audit/log_rows.h"

namespace otokura::audit {
namespace {

template <typename Right>
absl::StatusOr<std::optional<v1::AuditDetails>> Open(const storage::RecordReader& records, const keys::SiteKeys& keys, const Right& right,
                                                     const v1::AuditEntry& leaf) {
  absl::StatusOr<std::optional<std::string>> sealed = records.Get(storage::Table::kLogDetails, SequenceKey(leaf.sequence()));
  if (!sealed.ok()) return sealed.status();
  if (!sealed->has_value()) return std::nullopt;
  absl::StatusOr<std::string> opened = keys.OpenAuditDetails(right, CommitmentsDigest(leaf), **sealed);
  if (!opened.ok()) return absl::DataLossError(absl::StrCat("log entry ", leaf.sequence(), ": its details do not open"));
  v1::AuditDetails details;
  if (details.ParseFromString(*opened)) return details;
  return absl::DataLossError(absl::StrCat("log entry ", leaf.sequence(), ": its details do not parse; run otokurad fsck"));
}

}  // namespace

absl::StatusOr<std::optional<v1::AuditDetails>> OpenStoredDetails(const storage::RecordReader& records, const keys::SiteKeys& keys,
                                                                  const keys::IndexingPass& pass, const v1::AuditEntry& leaf) {
  return Open(records, keys, pass, leaf);
}

absl::StatusOr<std::optional<v1::AuditDetails>> OpenStoredDetails(const storage::RecordReader& records, const keys::SiteKeys& keys,
                                                                  const keys::ReleasePermit& permit, const v1::AuditEntry& leaf) {
  return Open(records, keys, permit, leaf);
}

}  // namespace otokura::audit
