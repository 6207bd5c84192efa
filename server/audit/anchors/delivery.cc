#include "server/audit/anchors/delivery.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

namespace otokura::audit {

Delivery::Delivery(std::unique_ptr<Anchor> anchor, Outcome outcome) : anchor_(std::move(anchor)), outcome_(std::move(outcome)) {}

Delivery::~Delivery() { Stop(); }

void Delivery::Start() {
  thread_ = std::thread([this] { Work(); });
  pthread_setname_np(thread_.native_handle(), "anchor-log");
}

void Delivery::Offer(const PublishedCheckpoint& checkpoint) {
  absl::MutexLock lock(&mutex_);
  waiting_ = checkpoint;
  changed_.SignalAll();
}

std::optional<PublishedCheckpoint> Delivery::Next() {
  absl::MutexLock lock(&mutex_);
  busy_ = false;
  changed_.SignalAll();
  while (!waiting_.has_value() && !stopping_) changed_.Wait(&mutex_);
  if (stopping_) return std::nullopt;
  busy_ = true;
  return std::exchange(waiting_, std::nullopt);
}

void Delivery::Pause(absl::Duration pause) {
  absl::MutexLock lock(&mutex_);
  const absl::Time end = absl::Now() + pause;
  while (!stopping_ && !changed_.WaitWithDeadline(&mutex_, end)) continue;
}

void Delivery::Work() {
  absl::Duration pause = kFirstPause;
  while (const std::optional<PublishedCheckpoint> checkpoint = Next()) {
    const absl::StatusOr<Acknowledgement> acknowledgement = anchor_->Deliver(*checkpoint, stopping_);
    if (stopping_ && !acknowledgement.ok()) return;
    {
      absl::MutexLock lock(&mutex_);
      failing_ = !acknowledgement.ok();
      // Again, unless there is a newer one by now.
      if (failing_ && !waiting_.has_value()) waiting_ = checkpoint;
      changed_.SignalAll();
    }
    if (acknowledgement.ok()) {
      outcome_.acknowledged(*checkpoint, *acknowledgement);
      pause = kFirstPause;
      continue;
    }
    outcome_.failed(acknowledgement.status());
    Pause(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
}

void Delivery::Finish(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  while ((waiting_.has_value() || busy_) && !failing_ && !stopping_) {
    if (changed_.WaitWithDeadline(&mutex_, deadline)) return;
  }
}

void Delivery::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace otokura::audit
