#include "server/keys/release_permit.h"

#include <utility>

namespace otokura::keys {

ReleasePermit::ReleasePermit(ReleasePermit&& other) noexcept
    : what_(other.what_), recording_(other.recording_), sequence_(other.sequence_), valid_(std::exchange(other.valid_, false)) {}

ReleasePermit& ReleasePermit::operator=(ReleasePermit&& other) noexcept {
  what_ = other.what_;
  recording_ = other.recording_;
  sequence_ = other.sequence_;
  valid_ = std::exchange(other.valid_, false);
  return *this;
}

}  // namespace otokura::keys
