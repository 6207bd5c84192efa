// What is sealed beside a leaf, opened for the gateway's own ends.
#ifndef OTOKURA_SERVER_AUDIT_STORED_DETAILS_H_
#define OTOKURA_SERVER_AUDIT_STORED_DETAILS_H_

#include <optional>

#include "absl/status/statusor.h"
#include "otokura/v1/audit.pb.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::audit {

// Nothing where they were pruned. DATA_LOSS where they do not open or parse; whether the leaf commits to them is for the caller to check.
absl::StatusOr<std::optional<v1::AuditDetails>> OpenStoredDetails(const storage::RecordReader& records, const keys::SiteKeys& keys,
                                                                  const keys::IndexingPass& pass, const v1::AuditEntry& leaf);

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_STORED_DETAILS_H_
