#include "server/recordings/reach.h"

#include <algorithm>
#include <utility>

#include "server/access/gate.h"
#include "server/recordings/resource.h"
#include "server/recordings/rows.h"

namespace otokura::recordings {

std::optional<bool> WouldReach(const storage::RecordReader& records, const keys::KeyHierarchy& keys, v1::Account account,
                               std::shared_ptr<const access::Contract> contract, std::string_view recording_id, v1::Scope scope) {
  const auto id = storage::RecordingId::FromBytes(recording_id);
  if (!id.ok()) return std::nullopt;
  const auto stored = ReadRecord(records, *id);
  if (!stored.ok()) return std::nullopt;
  if (account.scope() != v1::SCOPE_UNSPECIFIED) scope = std::min(scope, account.scope());
  auto enrolled = std::make_shared<access::Enrolled>();
  enrolled->account = std::move(account);
  enrolled->contract = std::move(contract);
  access::Caller caller;
  caller.enrolled = std::move(enrolled);
  return access::InScope(caller, scope, ResourceOf(stored->record, caller, keys));
}

}  // namespace otokura::recordings
