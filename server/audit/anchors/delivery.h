// Brings checkpoints to one anchor on a thread of its own, so that one that stalls holds up nobody else.
#ifndef OTOKURA_SERVER_AUDIT_ANCHORS_DELIVERY_H_
#define OTOKURA_SERVER_AUDIT_ANCHORS_DELIVERY_H_

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/audit/anchors/anchor.h"

namespace otokura::audit {

// Thread-safe. Keeps the newest checkpoint only: it covers all before it.
class Delivery {
 public:
  // Called on the delivery's thread, one at a time, with no lock held.
  struct Outcome {
    std::function<void(const PublishedCheckpoint& checkpoint, const Acknowledgement& acknowledgement)> acknowledged;
    std::function<void(const absl::Status& status)> failed;
  };
  Delivery(std::unique_ptr<Anchor> anchor, Outcome outcome);
  ~Delivery();

  void Start();
  void Offer(const PublishedCheckpoint& checkpoint);
  // Waits for what was offered, but not for an anchor that fails.
  void Finish(absl::Time deadline);
  // Cuts short what is under way.
  void Stop();

  static constexpr absl::Duration kFirstPause = absl::Milliseconds(250);  // after a failure, doubled after each further one
  static constexpr absl::Duration kLongestPause = absl::Seconds(5);       // how long an anchor that is back may wait to be noticed

 private:
  void Work();
  // Nothing once stopped.
  std::optional<PublishedCheckpoint> Next();
  void Pause(absl::Duration pause);

  const std::unique_ptr<Anchor> anchor_;
  const Outcome outcome_;
  std::atomic<bool> stopping_{false};

  absl::Mutex mutex_;
  absl::CondVar changed_;
  std::optional<PublishedCheckpoint> waiting_ ABSL_GUARDED_BY(mutex_);
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool failing_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_ANCHORS_DELIVERY_H_
