// Alarms, for tests.
#ifndef OTOKURA_TESTS_UNIT_INCIDENTS_INCIDENT_SITE_H_
#define OTOKURA_TESTS_UNIT_INCIDENTS_INCIDENT_SITE_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "otokura/v1/incident.pb.h"

namespace otokura::incidents {

inline const absl::Time kFirstAlarm = absl::FromUnixSeconds(1'700'000'000);

// With nothing in common with the alarm of another account.
inline v1::IncidentAlarm AlarmForTest(v1::AlarmKind kind, const std::string& account, absl::Time time = kFirstAlarm) {
  static int number = 0;
  v1::IncidentAlarm alarm;
  alarm.set_id(absl::StrCat("alarm-", ++number));
  alarm.set_kind(kind);
  alarm.set_time_unix_ms(absl::ToUnixMillis(time));
  alarm.set_account(account);
  alarm.set_role(v1::OPERATOR);
  alarm.set_address(absl::StrCat("host-of-", account));
  return alarm;
}

inline v1::IncidentAlarm CanaryForTest(const std::string& account, const std::string& recording, absl::Time time = kFirstAlarm) {
  v1::IncidentAlarm alarm = AlarmForTest(v1::CANARY, account, time);
  alarm.set_recording_id(recording);
  return alarm;
}

}  // namespace otokura::incidents

#endif  // OTOKURA_TESTS_UNIT_INCIDENTS_INCIDENT_SITE_H_
