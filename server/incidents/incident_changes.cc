#include "server/incidents/incident_changes.h"

#include <algorithm>
#include <utility>

namespace otokura::incidents {
namespace {

using Names = google::protobuf::RepeatedPtrField<std::string>;

bool Has(const Names& names, std::string_view name) { return !name.empty() && std::find(names.begin(), names.end(), name) != names.end(); }

void Add(Names* names, const std::string& name) {
  if (!name.empty() && !Has(*names, name) && names->size() < kConcernedMax) names->Add(std::string(name));
}

v1::Incident Next(v1::Incident incident) {
  incident.set_revision(incident.revision() + 1);
  return incident;
}

v1::Incident With(v1::Incident incident, const v1::IncidentAlarm& alarm) {
  if (incident.alarms_size() < kAlarmsKeptMax) {
    *incident.add_alarms() = alarm;
  } else {
    incident.set_alarms_beyond(incident.alarms_beyond() + 1);
  }
  Add(incident.mutable_accounts(), alarm.account());
  Add(incident.mutable_companies(), alarm.company());
  Add(incident.mutable_addresses(), alarm.address());
  Add(incident.mutable_recordings(), alarm.recording_id());
  return Next(std::move(incident));
}

}  // namespace

bool Concerns(const v1::Incident& incident, const v1::IncidentAlarm& alarm) {
  return Has(incident.accounts(), alarm.account()) || Has(incident.companies(), alarm.company()) ||
         Has(incident.addresses(), alarm.address()) || Has(incident.recordings(), alarm.recording_id());
}

bool Corroborates(const v1::Incident& incident, const v1::IncidentAlarm& canary) {
  if (incident.alarms_beyond() > 0) return Has(incident.accounts(), canary.account());
  const int64_t since = canary.time_unix_ms() - absl::ToInt64Milliseconds(kCorroboratedWithin);
  return std::any_of(incident.alarms().begin(), incident.alarms().end(), [&](const v1::IncidentAlarm& other) {
    return other.account() == canary.account() && other.time_unix_ms() >= since &&
           (other.kind() != v1::CANARY || other.recording_id() != canary.recording_id());
  });
}

v1::Incident Opened(std::string id, const v1::IncidentAlarm& alarm) {
  v1::Incident incident;
  incident.set_id(std::move(id));
  incident.set_state(v1::Incident::OPEN);
  incident.set_level(1);
  incident.set_opened_unix_ms(alarm.time_unix_ms());
  return With(std::move(incident), alarm);
}

v1::Incident Joined(v1::Incident incident, const v1::IncidentAlarm& alarm) {
  if (incident.level() < kLevelMax) {
    incident.set_level(incident.level() + 1);
    incident.set_raised(true);
    incident.set_state(v1::Incident::OPEN);
  }
  return With(std::move(incident), alarm);
}

absl::StatusOr<v1::Incident> Acknowledged(v1::Incident incident, std::string_view note, std::string_view by, absl::Time now) {
  if (incident.state() == v1::Incident::CLOSED) return absl::FailedPreconditionError("id: closed already");
  if (incident.state() != v1::Incident::OPEN) return absl::FailedPreconditionError("id: acknowledged already; look who looks after it");
  incident.set_state(v1::Incident::ACKNOWLEDGED);
  incident.set_acknowledged_by(std::string(by));
  incident.set_acknowledged_unix_ms(absl::ToUnixMillis(now));
  incident.set_note(std::string(note));
  incident.clear_awaiting();
  incident.set_raised(false);
  return Next(std::move(incident));
}

absl::StatusOr<v1::Incident> Closed(v1::Incident incident, std::string_view conclusion, std::string_view by, absl::Time now) {
  if (incident.state() == v1::Incident::CLOSED) return absl::FailedPreconditionError("id: closed already");
  incident.set_state(v1::Incident::CLOSED);
  incident.set_closed_by(std::string(by));
  incident.set_closed_unix_ms(absl::ToUnixMillis(now));
  incident.set_conclusion(std::string(conclusion));
  incident.clear_awaiting();
  incident.set_raised(false);
  return Next(std::move(incident));
}

v1::Incident StepTaken(v1::Incident incident, size_t step, std::string_view name, const std::vector<std::string>& alerts) {
  incident.set_next_step(static_cast<uint32_t>(step + 1));
  incident.set_raised(false);
  if (!alerts.empty()) incident.set_told_step(std::string(name));
  incident.set_times_told(incident.times_told() + 1);
  for (const std::string& alert : alerts) Add(incident.mutable_awaiting(), alert);
  return Next(std::move(incident));
}

v1::Incident Told(v1::Incident incident, uint32_t times_told, std::string_view alert) {
  if (incident.times_told() != times_told) return incident;
  Names* const awaiting = incident.mutable_awaiting();
  const auto found = std::find(awaiting->begin(), awaiting->end(), alert);
  if (found == awaiting->end()) return incident;
  awaiting->erase(found);
  return Next(std::move(incident));
}

}  // namespace otokura::incidents
