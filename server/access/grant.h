// A grant as decisions ask about it (DESIGN §8): which recordings a contractor may hear, until when.
#ifndef OTOKURA_SERVER_ACCESS_GRANT_H_
#define OTOKURA_SERVER_ACCESS_GRANT_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "otokura/v1/grant.pb.h"
#include "server/storage/recording_id.h"

namespace otokura::access {

// A UUIDv7, as a recording's id is: in the order in which grants were requested, and it tells nothing else.
using GrantId = storage::RecordingId;

// Immutable: what becomes of a grant is another one.
struct Grant {
  v1::Grant kept;
  std::vector<storage::RecordingId> recordings;
};
// Of what is kept, whose ids were checked when it was requested.
std::shared_ptr<const Grant> MakeGrant(v1::Grant kept);

// What somebody would do under one.
struct GrantUse {
  std::string_view account;
  std::string_view person;
  std::string_view contract;
  std::string_view purpose;
  storage::RecordingId recording;
};
// Whether it is active at that time, and for exactly this.
bool Permits(const Grant& grant, const GrantUse& use, absl::Time now);

// The newest grant of each person: no other can be in force. Thread-safe.
class GrantsInForce {
 public:
  // Null where the person never had one. It may be over, which is to be asked of it.
  std::shared_ptr<const Grant> Of(std::string_view person) const;
  // Takes it in as it is stored now, unless memory has it, or a later one, newer: so that one that was revoked never comes back.
  void Adopt(v1::Grant kept);

 private:
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, std::shared_ptr<const Grant>> by_person_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_GRANT_H_
