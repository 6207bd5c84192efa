// How long the oldest entry that an anchor has not acknowledged has been there.
#ifndef OTOKURA_SERVER_AUDIT_ANCHORS_ACKNOWLEDGEMENT_LAG_H_
#define OTOKURA_SERVER_AUDIT_ANCHORS_ACKNOWLEDGEMENT_LAG_H_

#include <cstddef>
#include <cstdint>
#include <deque>

#include "absl/time/time.h"

namespace otokura::audit {

// Times are any that only go forward. Not thread-safe.
class AcknowledgementLag {
 public:
  // The log has this many entries now.
  void Observe(uint64_t tree_size, absl::Duration now);
  // The anchor holds a checkpoint over so many.
  void Acknowledge(uint64_t tree_size);
  // False until the first acknowledgement.
  bool acknowledged() const { return acknowledged_; }
  // Zero where everything that was observed is acknowledged.
  absl::Duration Lag(absl::Duration now) const;

 private:
  struct Seen {
    uint64_t tree_size;
    absl::Duration first_seen;
  };
  // Ascending, none acknowledged. Once full, what comes later counts as seen with the last: the lag is never understated.
  static constexpr size_t kSeenMax = 64;
  std::deque<Seen> seen_;
  uint64_t acknowledged_size_ = 0;
  bool acknowledged_ = false;
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_ANCHORS_ACKNOWLEDGEMENT_LAG_H_
