#include "server/audit/anchors/acknowledgement_lag.h"

#include <algorithm>

namespace otokura::audit {

void AcknowledgementLag::Observe(uint64_t tree_size, absl::Duration now) {
  if (tree_size <= acknowledged_size_ || (!seen_.empty() && tree_size <= seen_.back().tree_size)) return;
  if (seen_.size() < kSeenMax) {
    seen_.push_back({tree_size, now});
  } else {
    seen_.back().tree_size = tree_size;
  }
}

void AcknowledgementLag::Acknowledge(uint64_t tree_size) {
  acknowledged_ = true;
  acknowledged_size_ = std::max(acknowledged_size_, tree_size);
  while (!seen_.empty() && seen_.front().tree_size <= acknowledged_size_) seen_.pop_front();
}

absl::Duration AcknowledgementLag::Lag(absl::Duration now) const {
  return seen_.empty() ? absl::ZeroDuration() : now - seen_.front().first_seen;
}

}  // namespace otokura::audit
