// Whether recordings may be granted or exported (DESIGN §8): looked at when somebody approves, who may know of them.
#ifndef OTOKURA_SERVER_RECORDINGS_APPROVABLE_H_
#define OTOKURA_SERVER_RECORDINGS_APPROVABLE_H_

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "server/access/caller.h"
#include "server/access/contract.h"
#include "server/keys/key_hierarchy.h"
#include "server/storage/storage.h"

namespace otokura::recordings {

// FAILED_PRECONDITION naming the first that is not there or not within the approver's reach, which answer alike; that is live still; or
// whose centre the contract does not permit. `scope`: of the approver. `contract`: null where it is for nobody under one.
absl::Status CheckApprovable(const storage::RecordReader& records, const keys::KeyHierarchy& keys, const access::Caller& approver,
                             v1::Scope scope, const access::Contract* contract,
                             const google::protobuf::RepeatedPtrField<std::string>& recording_ids);

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_APPROVABLE_H_
