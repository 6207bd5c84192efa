#include "server/incidents/watch.h"

#include <pthread.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace otokura::incidents {
namespace {

constexpr absl::Duration kLookInterval =
    absl::Milliseconds(200);  // at the ladder, while there is an incident, and at what is to be tried again
constexpr absl::Duration kFirstPause = absl::Milliseconds(250);  // after a write that failed, doubled after each further one
constexpr absl::Duration kLongestPause = absl::Seconds(5);       // the store is reopened once a second

}  // namespace

Watch::Watch(AlertConfigs alerts, Parts parts) : alerts_(std::move(alerts)), parts_(parts), fair_share_(parts.directory) {}

Watch::~Watch() { Stop(); }

absl::StatusOr<std::unique_ptr<Watch>> Watch::Create(AlertConfigs alerts, const std::string& origin, Parts parts) {
  std::unique_ptr<Watch> watch(new Watch(std::move(alerts), parts));
  if (absl::Status added = watch->AddPlaces(origin); !added.ok()) return added;
  return watch;
}

absl::Status Watch::AddPlaces(const std::string& origin) {
  for (const v1::AlertConfig& alert : alerts_) {
    auto place = MakeAlertPlace(alert, origin);
    if (!place.ok()) return place.status();
    AlertDelivery::Outcome outcome;
    outcome.told = [inbox = inbox_, name = alert.name()](const std::string& incident_id, uint32_t times_told) {
      absl::MutexLock lock(&inbox->mutex);
      inbox->told.push_back({incident_id, times_told, name});
      inbox->changed.Signal();
    };
    outcome.failed = [events = parts_.events, name = alert.name()](const absl::Status& status) {
      events->Warning("alert-not-told", {{"alert", std::string_view(name)}, {"status", std::string_view(status.ToString())}});
    };
    deliveries_[alert.name()] = std::make_unique<AlertDelivery>(*std::move(place), std::move(outcome));
  }
  return absl::OkStatus();
}

void Watch::Start() {
  for (const auto& [name, delivery] : deliveries_) delivery->Start();
  TellAgain();
  thread_ = std::thread([this] { Work(); });
  pthread_setname_np(thread_.native_handle(), "incidents");
}

void Watch::Stop() {
  for (const auto& [name, delivery] : deliveries_) delivery->Stop();  // first, so that what they told is noted and not told again
  {
    absl::MutexLock lock(&inbox_->mutex);
    inbox_->stopping = true;
    inbox_->changed.Signal();
  }
  if (thread_.joinable()) thread_.join();
}

void Watch::LookedAfter(const std::string& incident_id) {
  for (const auto& [name, delivery] : deliveries_) delivery->Withdraw(incident_id);
}

access::GateWatch::Logged Watch::Decided(const access::Caller& caller, const access::Ask& ask, const access::Decision& decision) {
  std::optional<Observation> observation = Observe(caller, ask, decision, parts_.canaries->Has(TouchedRecording(ask)));
  if (!observation.has_value()) return nullptr;
  return [inbox = inbox_, observation = *std::move(observation)](std::optional<uint64_t> sequence) mutable {
    absl::MutexLock lock(&inbox->mutex);
    if (inbox->observations.size() >= kObservationsMax) {
      ++inbox->lost;
      return;
    }
    observation.sequence = sequence;
    inbox->observations.push_back(std::move(observation));
    inbox->changed.Signal();
  };
}

// ---- the watch's own thread

bool Watch::TakeInbox(std::deque<Observation>* observations, std::vector<ToldOf>* told) {
  const bool has_work = !waiting_.empty() || !told_waiting_.empty() || parts_.book->HasOpen();
  uint64_t lost = 0;
  bool stopping = false;
  {
    absl::MutexLock lock(&inbox_->mutex);
    const absl::Time look_at = has_work ? absl::Now() + kLookInterval : absl::InfiniteFuture();
    while (inbox_->observations.empty() && inbox_->told.empty() && !inbox_->stopping) {
      if (inbox_->changed.WaitWithDeadline(&inbox_->mutex, look_at)) break;
    }
    observations->swap(inbox_->observations);
    told->swap(inbox_->told);
    lost = std::exchange(inbox_->lost, 0);
    stopping = inbox_->stopping;
  }
  ReportLost(lost + counts_.TakeUncounted());
  return !stopping || !observations->empty() || !told->empty();
}

void Watch::Work() {
  std::deque<Observation> observations;
  std::vector<ToldOf> told;
  while (TakeInbox(&observations, &told)) {
    for (const Observation& observation : observations) LookAt(observation);
    observations.clear();
    RaiseWaiting();
    NoteTold(told);
    told.clear();
    Climb();
  }
  retry_at_ = absl::InfinitePast();
  RaiseWaiting();
}

void Watch::ReportLost(uint64_t lost) {
  if (lost > 0) parts_.events->Warning("decisions-not-watched", {{"count", lost}});
}

void Watch::LookAt(const Observation& observation) {
  const std::shared_ptr<const policy::Rules> rules = parts_.policy->Get();
  const v1::IncidentRule& rule = rules->incidents();
  const std::string& account = observation.caller.account().name();
  const absl::Duration now = parts_.clock->SinceBoot();
  if (!observation.canary.empty() && counts_.TouchedCanary(account, observation.canary, now)) Sound(v1::CANARY, observation);
  if (!observation.out_of_reach.empty() &&
      counts_.AskedOutOfReach(account, observation.out_of_reach, rule.unreachable_ids_per_hour_max(), now)) {
    Sound(v1::ENUMERATION, observation);
  }
  if (!observation.budget.has_value()) return;
  if (observation.budget->raced && counts_.Raced(account, now)) Sound(v1::RACED, observation);
  if (fair_share_.IsExceeded(*observation.budget, now) && counts_.RefusedByBudget(account, rule.budget_refusals_per_hour_max(), now)) {
    Sound(v1::PERSISTENCE, observation);
  }
}

void Watch::Sound(v1::AlarmKind kind, const Observation& observation) {
  parts_.events->Warning("alarm", {{"alarm", AlarmName(kind)}});
  if (waiting_.size() >= kAlarmsWaitingMax) return ReportLost(1);
  const std::string recording = kind == v1::CANARY ? observation.canary : "";
  waiting_.push_back(MakeAlarm(kind, observation.caller, recording, observation.sequence, parts_.clock->Now()));
}

// In their order. What the store does not take is tried again, until it does.
void Watch::RaiseWaiting() {
  while (!waiting_.empty() && absl::Now() >= retry_at_) {
    if (const absl::Status raised = parts_.book->Raise(waiting_.front()); !raised.ok()) {
      parts_.events->Failure("alarm-not-written", raised);
      pause_ = std::clamp(2 * pause_, kFirstPause, kLongestPause);
      retry_at_ = absl::Now() + pause_;
      return;
    }
    waiting_.pop_front();
    pause_ = absl::ZeroDuration();
  }
}

void Watch::NoteTold(const std::vector<ToldOf>& told) {
  told_waiting_.insert(told_waiting_.end(), told.begin(), told.end());
  std::erase_if(told_waiting_, [this](const ToldOf& one) {
    const absl::Status noted = parts_.book->NoteTold(one.incident_id, one.times_told, one.alert);
    return noted.ok() || absl::IsNotFound(noted);
  });
}

void Watch::Climb() {
  const std::vector<v1::LadderStep> steps = StepsOf(parts_.policy->Get()->incidents(), alerts_);
  const absl::Time now = parts_.clock->Now();
  for (const v1::Incident& incident :
       parts_.book->Unclosed([&](const v1::Incident& one) { return DueStep(one, steps, now).has_value(); })) {
    const size_t due = *DueStep(incident, steps, now);
    const auto taken = parts_.book->TakeStep(incident.id(), due, steps[due], AlertsOf(steps[due], alerts_));
    if (taken.ok()) Offer(*taken);  // else looked after meanwhile, or looked at again soon
  }
}

void Watch::Offer(const v1::Incident& incident) {
  for (const std::string& alert : incident.awaiting()) {
    if (const auto delivery = deliveries_.find(alert); delivery != deliveries_.end()) delivery->second->Offer(incident);
  }
}

// What was to be told when the gateway stopped, or was killed.
void Watch::TellAgain() {
  const auto waits = [](const v1::Incident& incident) { return !incident.awaiting().empty(); };
  for (const v1::Incident& incident : parts_.book->Unclosed(waits)) Offer(incident);
}

}  // namespace otokura::incidents
