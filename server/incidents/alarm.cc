#include "server/incidents/alarm.h"

#include "crypto/random.h"
#include "server/access/refusal_floods.h"

namespace otokura::incidents {
namespace {

constexpr size_t kAlarmIdBytes = 16;

}  // namespace

std::string_view AlarmName(v1::AlarmKind kind) {
  switch (kind) {
    case v1::PERSISTENCE:
      return "persistence";
    case v1::ENUMERATION:
      return "enumeration";
    case v1::CANARY:
      return "canary";
    case v1::RACED:
      return "raced";
    default:
      return "unknown";
  }
}

Alarm MakeAlarm(v1::AlarmKind kind, const access::Caller& caller, std::string_view recording_id, std::optional<uint64_t> sequence,
                absl::Time now) {
  Alarm alarm;
  alarm.who = caller.Describe();
  v1::IncidentAlarm& facts = alarm.facts;
  facts.set_id(crypto::RandomBytes(kAlarmIdBytes));
  facts.set_kind(kind);
  facts.set_time_unix_ms(absl::ToUnixMillis(now));
  facts.set_account(caller.account().name());
  facts.set_role(caller.account().role());
  facts.set_company(caller.account().company());
  facts.set_address(access::HostOf(caller.address));
  facts.set_recording_id(std::string(recording_id));
  if (sequence.has_value() && kind != v1::CANARY) facts.set_of_sequence(*sequence);
  return alarm;
}

}  // namespace otokura::incidents
