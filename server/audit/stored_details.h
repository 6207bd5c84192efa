// What is sealed beside a leaf, opened.
#ifndef OTOKURA_SERVER_AUDIT_STORED_DETAILS_H_
#define OTOKURA_SERVER_AUDIT_STORED_DETAILS_H_

#include <optional>

#include "absl/status/statusor.h"
#include "otokura/v1/audit.pb.h"
#include "server/keys/release_permit.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::audit {

// For the gateway's own ends. Nothing where they were pruned. DATA_LOSS where they do not open or parse; whether the leaf commits to them
// is for the caller to check.
absl::StatusOr<std::optional<v1::AuditDetails>> OpenStoredDetails(const storage::RecordReader& records, const keys::SiteKeys& keys,
                                                                  const keys::IndexingPass& pass, const v1::AuditEntry& leaf);
// For somebody. PERMISSION_DENIED where the permit is not for audit details.
absl::StatusOr<std::optional<v1::AuditDetails>> OpenStoredDetails(const storage::RecordReader& records, const keys::SiteKeys& keys,
                                                                  const keys::ReleasePermit& permit, const v1::AuditEntry& leaf);

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_STORED_DETAILS_H_
