#include "client/recorder_context.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/call_delivery.h"
#include "client/call_info.h"

namespace otokura::client {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);
// The gateway has long sealed a call that nobody continued for so long (24 hours); its state is of no use to anybody.
constexpr absl::Duration kReplayableStateAgeMax = absl::Hours(7 * 24);

}  // namespace

RecorderContext::RecorderContext(RecorderOptions options, std::unique_ptr<SpoolFolder> folder)
    : options_(std::move(options)), channels_(options_.connection), folder_(std::move(folder)) {}

void RecorderContext::Report(RecorderEvent event) {
  if (!options_.on_event) return;
  wire_.Post([self = shared_from_this(), event = std::move(event)] { self->options_.on_event(event); });
}

absl::Status RecorderContext::ResumeLeftovers() {
  ScheduleTick();
  if (folder_ == nullptr) return absl::OkStatus();
  auto names = folder_->Calls();
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) LoadLeftover(name);
  for (const std::shared_ptr<CallDelivery>& delivery : Deliveries()) delivery->Begin();
  return absl::OkStatus();
}

// A file that cannot be read is kept under another name for a person to look at: it may hold the only copy of a call.
void RecorderContext::LoadLeftover(const std::string& name) {
  auto spool = CallSpool::Load(folder_.get(), name);
  if (!spool.ok()) {
    absl::Status aside = folder_->SetAside(name, "damaged");
    Report({.kind = RecorderEvent::Kind::kSpoolProblem,
            .status = absl::Status(spool.status().code(),
                                   absl::StrCat(spool.status().message(), aside.ok() ? "; set aside as .damaged" : aside.message()))});
    return;
  }
  const spool::CallState& state = (*spool)->state();
  const CallKey key{state.open().metadata().call_id(), static_cast<Leg>(state.open().leg())};
  absl::MutexLock lock(&mutex_);
  if (!state.replayable()) {
    Report({.kind = RecorderEvent::Kind::kLeftoverFound, .call_id = key.first, .leg = key.second, .length = (*spool)->end()});
    deliveries_[key] = std::make_shared<CallDelivery>(shared_from_this(), *std::move(spool));
  } else if (absl::Now() - absl::FromUnixMillis(state.saved_unix_ms()) > kReplayableStateAgeMax) {
    (*spool)->Remove();
  } else {
    replayable_leftovers_[key] = *std::move(spool);
  }
}

void RecorderContext::KeepReplayable(std::unique_ptr<CallSpool> spool) {
  const v1::Open& open = spool->state().open();
  const CallKey key{open.metadata().call_id(), static_cast<Leg>(open.leg())};
  absl::MutexLock lock(&mutex_);
  replayable_leftovers_[key] = std::move(spool);
}

std::vector<std::shared_ptr<CallDelivery>> RecorderContext::Deliveries() {
  absl::MutexLock lock(&mutex_);
  std::vector<std::shared_ptr<CallDelivery>> all;
  all.reserve(deliveries_.size());
  for (const auto& [key, delivery] : deliveries_) all.push_back(delivery);
  return all;
}

void RecorderContext::ScheduleTick() {
  wire_.PostAfter(kTick, [self = shared_from_this()] {
    self->Tick();
    self->ScheduleTick();
  });
}

void RecorderContext::Tick() {
  std::vector<std::shared_ptr<CallDelivery>> over;
  for (const std::shared_ptr<CallDelivery>& delivery : Deliveries()) {
    delivery->Tick();
    if (delivery->detached()) over.push_back(delivery);
  }
  absl::MutexLock lock(&mutex_);
  for (auto it = deliveries_.begin(); it != deliveries_.end();) {
    const bool gone = std::find(over.begin(), over.end(), it->second) != over.end();
    it = gone ? deliveries_.erase(it) : std::next(it);
  }
}

absl::StatusOr<std::shared_ptr<CallDelivery>> RecorderContext::StartCall(CallInfo info) {
  if (absl::Status fit = CheckCallInfo(info); !fit.ok()) return fit;
  const CallKey key{info.personal.call_id, info.leg};
  std::shared_ptr<CallDelivery> delivery;
  {
    absl::MutexLock lock(&mutex_);
    if (stopped_) return absl::CancelledError("the Recorder is gone");
    const auto known = deliveries_.find(key);
    if (known != deliveries_.end() && !known->second->ended()) {
      return absl::AlreadyExistsError("a call of this id and leg is still being delivered; wait for it, or use another call id");
    }
    if (known == deliveries_.end() && deliveries_.size() >= options_.open_calls_max) {
      return absl::ResourceExhaustedError(absl::StrCat(deliveries_.size(), " calls are open; open_calls_max allows no more"));
    }
    std::unique_ptr<CallSpool> leftover;
    if (const auto found = replayable_leftovers_.find(key); found != replayable_leftovers_.end()) {
      leftover = std::move(found->second);
      replayable_leftovers_.erase(found);
    }
    delivery = std::make_shared<CallDelivery>(shared_from_this(), OpenOf(info), info.replayable, std::move(leftover));
    deliveries_[key] = delivery;
  }
  delivery->Begin();
  return delivery;
}

absl::Status RecorderContext::Drain(Time deadline) {
  for (const std::shared_ptr<CallDelivery>& delivery : Deliveries()) {
    if (!delivery->finishing()) continue;
    const absl::Status sealed = delivery->Wait(absl::FromChrono(deadline)).status();
    if (absl::IsDeadlineExceeded(sealed) && !delivery->ended()) return sealed;
  }
  return absl::OkStatus();
}

void RecorderContext::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    if (stopped_) return;
    stopped_ = true;
  }
  for (const std::shared_ptr<CallDelivery>& delivery : Deliveries()) delivery->Stop();
  disk_.Stop();
  {
    absl::MutexLock lock(&streams_mutex_);
    while (streams_ > 0) stream_ended_.Wait(&streams_mutex_);
  }
  wire_.Stop();
  channels_.Close();
  absl::MutexLock lock(&mutex_);
  deliveries_.clear();
  replayable_leftovers_.clear();
}

void RecorderContext::StreamBegan() {
  absl::MutexLock lock(&streams_mutex_);
  ++streams_;
}

void RecorderContext::StreamEnded() {
  absl::MutexLock lock(&streams_mutex_);
  if (--streams_ == 0) stream_ended_.SignalAll();
}

}  // namespace otokura::client
