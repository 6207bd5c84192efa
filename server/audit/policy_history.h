// Which policy the log says is in force.
#ifndef OTOKURA_SERVER_AUDIT_POLICY_HISTORY_H_
#define OTOKURA_SERVER_AUDIT_POLICY_HISTORY_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/audit/log.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::audit {

// The digest in the newest entry POLICY_LOAD that is no refusal, found by the index of these records, which may be a snapshot, and read
// from the leaf; nothing where there is none.
absl::StatusOr<std::optional<std::string>> NewestPolicyDigest(const storage::RecordReader& records, const keys::SiteKeys& keys,
                                                              const Log& log);

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_POLICY_HISTORY_H_
