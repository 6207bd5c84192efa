// What the book holds, shared with the callbacks of commits, which may come after it is gone.
#ifndef OTOKURA_SERVER_INCIDENTS_INCIDENT_BOOK_STATE_H_
#define OTOKURA_SERVER_INCIDENTS_INCIDENT_BOOK_STATE_H_

#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/incidents/incident_book.h"
#include "server/incidents/incident_rows.h"

namespace otokura::incidents {

struct IncidentBook::State {
  explicit State(Parts the_parts) : parts(the_parts) {}

  // What is not closed, as the store has it; what is damaged is reported and left out, for calls must be taken in all the same (I11).
  absl::Status Load();
  // Takes the incident in, unless memory has it newer. In the order of commits: from their callbacks.
  void Adopt(const v1::Incident& incident);
  // The incident that the alarm is to be joined to.
  std::optional<std::string> Find(const v1::IncidentAlarm& alarm) const;
  absl::StatusOr<std::optional<StoredIncident>> Read(std::string_view id) const;
  // Puts it in the place of what was stored, with the commit's entries, and waits. Without one stored it is a new one.
  absl::Status CommitAndAdopt(const v1::Incident& incident, std::optional<std::string> stored, storage::RecordCommit commit);

  const Parts parts;
  mutable absl::Mutex mutex;
  std::map<std::string, v1::Incident> unclosed ABSL_GUARDED_BY(mutex);  // by id, which is the order of opening
  bool fate_unknown ABSL_GUARDED_BY(mutex) = false;                     // of some commit: the store may have more than memory
};

}  // namespace otokura::incidents

#endif  // OTOKURA_SERVER_INCIDENTS_INCIDENT_BOOK_STATE_H_
