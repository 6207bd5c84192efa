// Watches over what the gate decides: raises alarms, and has people told of the incidents that come of them (DESIGN §8).
#ifndef OTOKURA_SERVER_INCIDENTS_WATCH_H_
#define OTOKURA_SERVER_INCIDENTS_WATCH_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "otokura/v1/config.pb.h"
#include "otokura/v1/incident.pb.h"
#include "server/access/directory.h"
#include "server/access/gate_watch.h"
#include "server/access/policy_in_force.h"
#include "server/incidents/alarm.h"
#include "server/incidents/alarm_counts.h"
#include "server/incidents/alert_delivery.h"
#include "server/incidents/canaries.h"
#include "server/incidents/fair_share.h"
#include "server/incidents/incident_book.h"
#include "server/incidents/ladder.h"
#include "server/incidents/observation.h"
#include "server/runtime/clock.h"
#include "server/runtime/event_log.h"

namespace otokura::incidents {

inline constexpr size_t kObservationsMax = 8192;   // not looked at yet, some 500 bytes each; beyond, counted and told to the operator
inline constexpr size_t kAlarmsWaitingMax = 1024;  // that the store did not take yet; likewise

// Thread-safe. Requests only leave observations here; counting, writing and telling is its own thread's.
class Watch : public access::GateWatch {
 public:
  // All borrowed, must outlive this.
  struct Parts {
    IncidentBook* book;
    const Canaries* canaries;
    const access::Directory* directory;
    const access::PolicyInForce* policy;
    runtime::Clock* clock;
    runtime::EventLog* events;
  };
  // RESOURCE_EXHAUSTED where a library gives no handle. `origin`: the log's.
  static absl::StatusOr<std::unique_ptr<Watch>> Create(AlertConfigs alerts, const std::string& origin, Parts parts);
  ~Watch() override;

  void Start();
  // After the last request. Looks at what is left.
  void Stop();
  // Somebody looks after this incident: nobody else needs to be told of it.
  void LookedAfter(const std::string& incident_id);

  Logged Decided(const access::Caller& caller, const access::Ask& ask, const access::Decision& decision) override;
  // What keeps people from being told, under the policy in force.
  std::vector<std::string> Warnings() const { return LadderWarnings(parts_.policy->Get()->incidents(), alerts_); }

 private:
  // Of an alert that was told; from the deliveries' threads.
  struct ToldOf {
    std::string incident_id;
    uint32_t times_told = 0;
    std::string alert;
  };
  // What other threads leave here; they hold it too, because callbacks of commits may come after the watch is gone.
  struct Inbox {
    absl::Mutex mutex;
    absl::CondVar changed;
    bool stopping ABSL_GUARDED_BY(mutex) = false;
    std::deque<Observation> observations ABSL_GUARDED_BY(mutex);
    std::vector<ToldOf> told ABSL_GUARDED_BY(mutex);
    uint64_t lost ABSL_GUARDED_BY(mutex) = 0;
  };

  Watch(AlertConfigs alerts, Parts parts);
  absl::Status AddPlaces(const std::string& origin);
  void Work();
  // False once stopped and nothing is left.
  bool TakeInbox(std::deque<Observation>* observations, std::vector<ToldOf>* told);
  void LookAt(const Observation& observation);
  void Sound(v1::AlarmKind kind, const Observation& observation);
  void RaiseWaiting();
  void ReportLost(uint64_t lost);
  void NoteTold(const std::vector<ToldOf>& told);
  void Climb();
  void Offer(const v1::Incident& incident);
  void TellAgain();

  const AlertConfigs alerts_;
  const Parts parts_;
  const std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::map<std::string, std::unique_ptr<AlertDelivery>> deliveries_;  // by the alert's name; unchanged after Create
  std::thread thread_;

  // The thread's own.
  AlarmCounts counts_;
  FairShare fair_share_;
  std::deque<Alarm> waiting_;
  std::vector<ToldOf> told_waiting_;
  absl::Time retry_at_ = absl::InfinitePast();
  absl::Duration pause_ = absl::ZeroDuration();
};

}  // namespace otokura::incidents

#endif  // OTOKURA_SERVER_INCIDENTS_WATCH_H_
