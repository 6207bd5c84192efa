// What becomes of an incident: pure functions from what it is to what it will be (FORMAT.md). Whoever may ask for a change is decided
// before.
#ifndef OTOKURA_SERVER_INCIDENTS_INCIDENT_CHANGES_H_
#define OTOKURA_SERVER_INCIDENTS_INCIDENT_CHANGES_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "otokura/v1/incident.pb.h"

namespace otokura::incidents {

inline constexpr int kAlarmsKeptMax = 100;  // an incident's, some 300 bytes each
inline constexpr int kConcernedMax = 256;   // accounts, companies, addresses, recordings: each
inline constexpr uint32_t kLevelMax = 2;    // one alarm; more than one
inline constexpr absl::Duration kCorroboratedWithin = absl::Hours(24);
inline constexpr size_t kWordsBytesMax = 256;  // a note, a conclusion: as long as the log keeps a reason

// Whether the alarm is of the same matter: an account, a company, an address or a recording in common.
bool Concerns(const v1::Incident& incident, const v1::IncidentAlarm& alarm);
// Whether something else speaks against the account that touched this canary: another canary, or another alarm, of the last 24 hours.
bool Corroborates(const v1::Incident& incident, const v1::IncidentAlarm& canary);

v1::Incident Opened(std::string id, const v1::IncidentAlarm& alarm);
// The second alarm raises the level, and begins the next step of the ladder at once, whoever looks after it already.
v1::Incident Joined(v1::Incident incident, const v1::IncidentAlarm& alarm);

// FAILED_PRECONDITION with why not.
absl::StatusOr<v1::Incident> Acknowledged(v1::Incident incident, std::string_view note, std::string_view by, absl::Time now);
absl::StatusOr<v1::Incident> Closed(v1::Incident incident, std::string_view conclusion, std::string_view by, absl::Time now);

// The step is taken: these alerts wait to be told, and those that still did.
v1::Incident StepTaken(v1::Incident incident, size_t step, std::string_view name, const std::vector<std::string>& alerts);
// One of them was told what was so when `times_told` was this. The same incident where it waits for something newer, or not at all.
v1::Incident Told(v1::Incident incident, uint32_t times_told, std::string_view alert);

}  // namespace otokura::incidents

#endif  // OTOKURA_SERVER_INCIDENTS_INCIDENT_CHANGES_H_
