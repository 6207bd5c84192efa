// How the policy in force lies in the store (FORMAT.md).
#ifndef OTOKURA_SERVER_ACCESS_POLICY_ROWS_H_
#define OTOKURA_SERVER_ACCESS_POLICY_ROWS_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/policy/rules.h"
#include "server/audit/log.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::access {

inline constexpr std::string_view kPolicyKey = "policy";  // in Table::kMeta

struct StoredPolicy {
  std::optional<std::string> row;  // as it lies there; absent on a site that was made before there was one: the shipped policy
  std::string document;            // a signed note; as init made it, the text alone
  std::shared_ptr<const policy::Rules> rules;
  std::vector<std::string> signed_by;  // names; as init made it, none
};

// The policy in force, verified: its signatures, and against the newest digest in the log; `records` must stand still, as a snapshot does,
// or nothing be committed meanwhile. DATA_LOSS where any of that is not so,
// FAILED_PRECONDITION where it is from a newer version.
absl::StatusOr<StoredPolicy> ReadPolicy(const storage::RecordReader& records, const keys::SiteKeys& keys, const audit::Log& log);

// `otokurad init`: `note`, signed by two of these signers; where it is empty, the shipped policy, with these as signers of the next one.
// Gives the entry that goes into the same write. As CheckSignatures and CompileNext.
absl::StatusOr<std::unique_ptr<audit::Draft>> PutFirstPolicy(const std::string& note, const std::vector<std::string>& signers,
                                                             storage::Batch* batch);

// Puts `document`, which two signers of `before` signed, in the place of that, which must still be there.
void ReplacePolicy(const StoredPolicy& before, std::string document, storage::Batch* batch);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_POLICY_ROWS_H_
