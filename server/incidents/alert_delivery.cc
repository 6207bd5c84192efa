#include "server/incidents/alert_delivery.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

namespace otokura::incidents {

AlertDelivery::AlertDelivery(std::unique_ptr<AlertPlace> place, Outcome outcome) : place_(std::move(place)), outcome_(std::move(outcome)) {}

AlertDelivery::~AlertDelivery() { Stop(); }

void AlertDelivery::Start() {
  thread_ = std::thread([this] { Work(); });
  pthread_setname_np(thread_.native_handle(), "alert");
}

void AlertDelivery::Offer(const v1::Incident& incident) {
  absl::MutexLock lock(&mutex_);
  waiting_[incident.id()] = incident;
  changed_.SignalAll();
}

void AlertDelivery::Withdraw(const std::string& incident_id) {
  absl::MutexLock lock(&mutex_);
  waiting_.erase(incident_id);
}

std::optional<v1::Incident> AlertDelivery::Next() {
  absl::MutexLock lock(&mutex_);
  while (waiting_.empty() && !stopping_) changed_.Wait(&mutex_);
  if (stopping_) return std::nullopt;
  return waiting_.rbegin()->second;  // the newest incident first
}

void AlertDelivery::Pause(absl::Duration pause) {
  absl::MutexLock lock(&mutex_);
  const absl::Time end = absl::Now() + pause;
  while (!stopping_ && !changed_.WaitWithDeadline(&mutex_, end)) continue;
}

void AlertDelivery::Work() {
  absl::Duration pause = kFirstPause;
  while (const std::optional<v1::Incident> incident = Next()) {
    const absl::Status told = place_->Tell(*incident, stopping_);
    if (stopping_ && !told.ok()) return;
    if (!told.ok()) {
      outcome_.failed(told);
      Pause(pause);
      pause = std::min(2 * pause, kLongestPause);
      continue;
    }
    pause = kFirstPause;
    {
      absl::MutexLock lock(&mutex_);
      const auto found = waiting_.find(incident->id());
      if (found != waiting_.end() && found->second.times_told() == incident->times_told()) waiting_.erase(found);
    }
    outcome_.told(incident->id(), incident->times_told());
  }
}

void AlertDelivery::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace otokura::incidents
