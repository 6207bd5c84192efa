// An alarm: somebody, proven by the key of a certificate, did what nobody does who works (FORMAT.md).
#ifndef OTOKURA_SERVER_INCIDENTS_ALARM_H_
#define OTOKURA_SERVER_INCIDENTS_ALARM_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "otokura/v1/incident.pb.h"
#include "server/access/caller.h"
#include "server/audit/log.h"

namespace otokura::incidents {

// Its word in the log, in alerts and on the command line.
std::string_view AlarmName(v1::AlarmKind kind);

struct Alarm {
  v1::IncidentAlarm facts;  // all but `suspended`
  audit::Particulars who;   // as the gate logs the caller
};

// `recording_id`: of a canary. `sequence`: the entry that raised it; left out where it would name the bait.
Alarm MakeAlarm(v1::AlarmKind kind, const access::Caller& caller, std::string_view recording_id, std::optional<uint64_t> sequence,
                absl::Time now);

}  // namespace otokura::incidents

#endif  // OTOKURA_SERVER_INCIDENTS_ALARM_H_
