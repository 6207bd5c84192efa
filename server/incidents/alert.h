// What the places that are told of incidents are told: enough to get up and look, and nothing of any caller (FORMAT.md).
#ifndef OTOKURA_SERVER_INCIDENTS_ALERT_H_
#define OTOKURA_SERVER_INCIDENTS_ALERT_H_

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "otokura/v1/config.pb.h"
#include "otokura/v1/incident.pb.h"

namespace otokura::incidents {

inline constexpr int kAlertAlarmsMax = 10;  // told of: the newest

// Names of accounts only `with_accounts`: where the way there is encrypted and its end proven.
std::string AlertJson(const v1::Incident& incident, const std::string& origin, bool with_accounts);

// A place that is told. One thread at a time.
class AlertPlace {
 public:
  virtual ~AlertPlace() = default;
  // Returns once it was taken over there; less once `cancelled`.
  virtual absl::Status Tell(const v1::Incident& incident, const std::atomic<bool>& cancelled) = 0;
};

// RESOURCE_EXHAUSTED where a library gives no handle. `origin`: the log's, which tells one gateway from another.
absl::StatusOr<std::unique_ptr<AlertPlace>> MakeAlertPlace(const v1::AlertConfig& config, const std::string& origin);

}  // namespace otokura::incidents

#endif  // OTOKURA_SERVER_INCIDENTS_ALERT_H_
