// Whether an account would reach a recording, asked of what both are now: for a rehearsal, not for a decision.
#ifndef OTOKURA_SERVER_RECORDINGS_REACH_H_
#define OTOKURA_SERVER_RECORDINGS_REACH_H_

#include <memory>
#include <optional>
#include <string_view>

#include "otokura/v1/admin.pb.h"
#include "server/access/contract.h"
#include "server/keys/key_hierarchy.h"
#include "server/storage/storage.h"

namespace otokura::recordings {

// In that scope, narrowed by the account's own. `contract`: under which the account is, if under one. Nothing where the recording, 16
// bytes, cannot be read any more.
std::optional<bool> WouldReach(const storage::RecordReader& records, const keys::KeyHierarchy& keys, v1::Account account,
                               std::shared_ptr<const access::Contract> contract, std::string_view recording_id, v1::Scope scope);

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_REACH_H_
