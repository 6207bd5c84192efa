// From a leaf and what was opened beside it to an entry that people read: nothing of it is passed on that the leaf does not say or commit
// to.
#ifndef OTOKURA_CLIENT_AUDIT_ENTRY_H_
#define OTOKURA_CLIENT_AUDIT_ENTRY_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "otokura/audit_log.h"
#include "otokura/v1/audit.pb.h"

namespace otokura::client {

// DATA_LOSS where the leaf cannot be read or a value does not open the leaf's commitment to it; FAILED_PRECONDITION for a newer version.
absl::StatusOr<AuditEntry> ReadAuditEntry(std::string_view leaf_bytes, const v1::AuditDetails& details);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_AUDIT_ENTRY_H_
