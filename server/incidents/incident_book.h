// All incidents: sealed in the store, the open ones in memory, changed only together with an entry of the log (I3).
#ifndef OTOKURA_SERVER_INCIDENTS_INCIDENT_BOOK_H_
#define OTOKURA_SERVER_INCIDENTS_INCIDENT_BOOK_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "otokura/v1/incident.pb.h"
#include "otokura/v1/policy.pb.h"
#include "server/access/directory.h"
#include "server/audit/log.h"
#include "server/incidents/alarm.h"
#include "server/keys/site_keys.h"
#include "server/runtime/clock.h"
#include "server/runtime/event_log.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::incidents {

inline constexpr size_t kIncidentIdBytes = 16;
inline constexpr size_t kOpenIncidentsMax = 10'000;  // in memory, some 2 KiB each and 40 at most; beyond, alarms join the newest

// Thread-safe.
class IncidentBook {
 public:
  // All borrowed, must outlive this, the committer also its callbacks.
  struct Parts {
    const storage::RecordReader* records;
    storage::Committer* committer;
    const keys::SiteKeys* keys;
    access::Directory* directory;
    runtime::Clock* clock;
    runtime::EventLog* events;
  };
  // A row that does not open is reported, and left out.
  static absl::StatusOr<std::unique_ptr<IncidentBook>> Open(Parts parts);
  ~IncidentBook();

  // ---- the gateway's own. They wait for the disk; UNAVAILABLE where the fate is unknown: asking again is safe.

  // Joins the alarm to the open incident that it concerns, or opens one; where the alarm is reason enough, suspends the account in the same
  // write, unless it is a recorder's (I11) or the last active one of the security role.
  absl::Status Raise(const Alarm& alarm);
  // Takes a step of the ladder, durable with its entry before anybody is told. Gives the incident as it then is; FAILED_PRECONDITION where
  // it is no longer open.
  absl::StatusOr<v1::Incident> TakeStep(const std::string& id, size_t step, const v1::LadderStep& taken,
                                        const std::vector<std::string>& alerts);
  // That alert reached its place.
  absl::Status NoteTold(const std::string& id, uint32_t times_told, const std::string& alert);
  // Of those not closed the ones that this is true of. Called with the book locked.
  std::vector<v1::Incident> Unclosed(absl::FunctionRef<bool(const v1::Incident& incident)> which) const;
  // Whether nobody looks after one of them.
  bool HasOpen() const;

  // ---- people's. NOT_FOUND; FAILED_PRECONDITION where it is not in a state for it; ABORTED where it was changed meanwhile. `entry`
  // commits in the same write; its incident and reason are set here. They read the store: not for a thread that must not wait. `done` runs
  // on the committer's thread, or before the call returns, and must only hand over.

  using Done = std::function<void(absl::StatusOr<v1::Incident>)>;
  void Acknowledge(std::string_view id, std::string_view note, std::string_view by, std::unique_ptr<audit::Draft> entry, Done done);
  void Close(std::string_view id, std::string_view conclusion, std::string_view by, std::unique_ptr<audit::Draft> entry, Done done);

  absl::StatusOr<std::optional<v1::Incident>> Find(std::string_view id) const;
  // Newest first, below the id `before` where it is not empty.
  absl::StatusOr<std::vector<v1::Incident>> List(std::string_view before, size_t limit, bool with_closed) const;

 private:
  struct State;
  explicit IncidentBook(std::shared_ptr<State> state);
  absl::Status RaiseOnce(const Alarm& alarm);
  absl::Status CommitAlarm(const Alarm& alarm, const v1::Incident& before, std::optional<std::string> row);
  using Change = absl::FunctionRef<absl::StatusOr<v1::Incident>(v1::Incident stored)>;
  void Commit(std::string_view id, std::string_view words, std::unique_ptr<audit::Draft> entry, Change change, Done done);

  const std::shared_ptr<State> state_;
};

}  // namespace otokura::incidents

#endif  // OTOKURA_SERVER_INCIDENTS_INCIDENT_BOOK_H_
