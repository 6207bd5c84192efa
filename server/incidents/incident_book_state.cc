#include "server/incidents/incident_book_state.h"

#include <algorithm>
#include <future>
#include <utility>

#include "server/incidents/incident_changes.h"

namespace otokura::incidents {

absl::Status IncidentBook::State::Load() {
  std::map<std::string, v1::Incident> loaded;
  absl::Status damage;
  absl::Status read = ReadIncidents(*parts.records, "", *parts.keys, [&](absl::StatusOr<v1::Incident> incident) {
    if (!incident.ok()) damage = incident.status();
    if (incident.ok() && incident->state() != v1::Incident::CLOSED) {
      const std::string id = incident->id();
      loaded[id] = *std::move(incident);
    }
    return true;
  });
  if (!read.ok()) return read;
  if (!damage.ok()) parts.events->Failure("incident-damaged", damage);
  absl::MutexLock lock(&mutex);
  unclosed = std::move(loaded);
  fate_unknown = false;
  return absl::OkStatus();
}

void IncidentBook::State::Adopt(const v1::Incident& incident) {
  absl::MutexLock lock(&mutex);
  if (incident.state() == v1::Incident::CLOSED) {
    unclosed.erase(incident.id());
    return;
  }
  v1::Incident& held = unclosed[incident.id()];
  if (held.revision() < incident.revision()) held = incident;
}

std::optional<std::string> IncidentBook::State::Find(const v1::IncidentAlarm& alarm) const {
  absl::MutexLock lock(&mutex);
  const auto found = std::find_if(unclosed.rbegin(), unclosed.rend(), [&](const auto& entry) { return Concerns(entry.second, alarm); });
  if (found != unclosed.rend()) return found->first;
  if (unclosed.size() >= kOpenIncidentsMax) return unclosed.rbegin()->first;
  return std::nullopt;
}

absl::StatusOr<std::optional<StoredIncident>> IncidentBook::State::Read(std::string_view id) const {
  return ReadIncident(*parts.records, id, *parts.keys);
}

absl::Status IncidentBook::State::CommitAndAdopt(const v1::Incident& incident, std::optional<std::string> stored,
                                                 storage::RecordCommit commit) {
  absl::Status put = PutIncident(incident, std::move(stored), *parts.keys, &commit.batch);
  if (!put.ok()) return put;
  commit.batch.may_use_reserve = true;
  std::promise<absl::Status> committed;
  commit.done = [this, &incident, &committed](const absl::Status& status, absl::Span<const uint64_t>) {
    if (status.ok()) Adopt(incident);
    committed.set_value(status);
  };
  parts.committer->Commit(std::move(commit));
  const absl::Status status = committed.get_future().get();
  if (status.ok() || absl::IsAborted(status)) return status;
  absl::MutexLock lock(&mutex);
  fate_unknown = true;
  return status;
}

}  // namespace otokura::incidents
