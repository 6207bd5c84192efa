#include "server/recordings/resource.h"

#include "crypto/blind_index.h"
#include "server/recordings/rows.h"

namespace otokura::recordings {

access::Resource ResourceOf(const v1::RecordingRecord& record, const access::Caller& caller, const keys::KeyHierarchy& keys) {
  access::Resource resource;
  resource.id = IdOf(record);
  resource.centre = record.centre();
  resource.came_in = absl::FromUnixMillis(record.opened_unix_ms());
  auto epoch = keys.Find(record.epoch_id());
  auto agent = crypto::Normalise(crypto::IndexField::kAgent, caller.account().agent());
  if (epoch.ok() && agent.ok()) {
    resource.own = HasTag(record, crypto::IndexField::kAgent, (*epoch)->index().Tag(crypto::IndexField::kAgent, *agent));
  }
  return resource;
}

}  // namespace otokura::recordings
