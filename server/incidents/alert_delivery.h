// Tells one place of incidents, on a thread of its own, so that one that stalls holds up nobody else.
#ifndef OTOKURA_SERVER_INCIDENTS_ALERT_DELIVERY_H_
#define OTOKURA_SERVER_INCIDENTS_ALERT_DELIVERY_H_

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "otokura/v1/incident.pb.h"
#include "server/incidents/alert.h"

namespace otokura::incidents {

// Thread-safe. Of each incident only the newest is told; there are as many as may be open.
class AlertDelivery {
 public:
  // Called on the delivery's thread, with no lock held.
  struct Outcome {
    std::function<void(const std::string& incident_id, uint32_t times_told)> told;
    std::function<void(const absl::Status& status)> failed;
  };
  AlertDelivery(std::unique_ptr<AlertPlace> place, Outcome outcome);
  ~AlertDelivery();

  void Start();
  void Offer(const v1::Incident& incident);
  // Somebody looks after it.
  void Withdraw(const std::string& incident_id);
  // Cuts short what is under way; what was not told waits in the store.
  void Stop();

  static constexpr absl::Duration kFirstPause = absl::Milliseconds(250);  // after a failure, doubled after each further one
  static constexpr absl::Duration kLongestPause = absl::Seconds(30);      // how long a place that is back may wait to be told

 private:
  void Work();
  // Nothing once stopped.
  std::optional<v1::Incident> Next();
  void Pause(absl::Duration pause);

  const std::unique_ptr<AlertPlace> place_;
  const Outcome outcome_;
  std::atomic<bool> stopping_{false};

  absl::Mutex mutex_;
  absl::CondVar changed_;
  std::map<std::string, v1::Incident> waiting_ ABSL_GUARDED_BY(mutex_);  // by id
  std::thread thread_;
};

}  // namespace otokura::incidents

#endif  // OTOKURA_SERVER_INCIDENTS_ALERT_DELIVERY_H_
