#include "server/audit/policy_history.h"

#include <cstdint>
#include <limits>

#include "server/audit/index.h"
#include "server/audit/postings.h"

namespace otokura::audit {

absl::StatusOr<std::optional<std::string>> NewestPolicyDigest(const storage::RecordReader& records, const keys::SiteKeys& keys,
                                                              const Log& log) {
  PostingList loads(&records, IndexPrefix(ActionIs(v1::POLICY_LOAD), keys), 0);
  // Not from the log's head on, which a commit of unknown fate may have left behind.
  for (uint64_t end = std::numeric_limits<uint64_t>::max();;) {
    const absl::StatusOr<std::optional<uint64_t>> newest = loads.NewestBelow(end);
    if (!newest.ok()) return newest.status();
    if (!newest->has_value()) return std::optional<std::string>();
    end = **newest;
    const absl::StatusOr<v1::AuditEntry> leaf = log.Read(end);
    if (!leaf.ok()) return leaf.status();
    if (leaf->action() == v1::POLICY_LOAD && leaf->decision() != v1::DENIED) return std::optional(leaf->policy_sha256());
  }
}

}  // namespace otokura::audit
