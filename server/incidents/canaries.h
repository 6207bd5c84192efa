// Recordings marked as bait (DESIGN §8): no one who works has a reason to ask for them. Which they are lies sealed in the store.
#ifndef OTOKURA_SERVER_INCIDENTS_CANARIES_H_
#define OTOKURA_SERVER_INCIDENTS_CANARIES_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "otokura/v1/incident.pb.h"
#include "server/audit/log.h"
#include "server/keys/site_keys.h"
#include "server/runtime/clock.h"
#include "server/runtime/event_log.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::incidents {

inline constexpr size_t kCanariesMax = 10'000;  // all are in memory, some 100 bytes each

// Thread-safe.
class Canaries {
 public:
  // All borrowed, must outlive this, the committer also its callbacks.
  struct Parts {
    const storage::RecordReader* records;
    storage::Committer* committer;
    const keys::SiteKeys* keys;
    runtime::Clock* clock;
    runtime::EventLog* events;
  };
  // A row that does not open is reported, and left out: calls must be taken in all the same (I11).
  static absl::StatusOr<std::unique_ptr<Canaries>> Open(Parts parts);
  ~Canaries();

  // Of ids as clients write them. Takes as long for one as for another.
  bool Has(std::string_view recording_id) const;
  // By id, after `after`.
  std::vector<v1::Canary> List(std::string_view after, size_t limit) const;

  using Done = std::function<void(absl::StatusOr<v1::Canary>)>;
  // `entry` commits in the same write; its target and subject are set here. Mark: INVALID_ARGUMENT, NOT_FOUND where there is no such
  // recording, ALREADY_EXISTS, RESOURCE_EXHAUSTED. Clear: NOT_FOUND where it is no canary. ABORTED; UNAVAILABLE where the fate is unknown:
  // asking again tells. They read the store. `done` runs on the committer's thread, or before the call returns, and must only hand over.
  void Mark(std::string_view recording_id, std::string_view by, std::unique_ptr<audit::Draft> entry, Done done);
  void Clear(std::string_view recording_id, std::unique_ptr<audit::Draft> entry, Done done);

 private:
  struct State;
  explicit Canaries(std::shared_ptr<State> state);
  void Commit(storage::RecordCommit commit, v1::Canary canary, bool is_marked, Done done);
  const std::shared_ptr<State> state_;
};

}  // namespace otokura::incidents

#endif  // OTOKURA_SERVER_INCIDENTS_CANARIES_H_
