#include "server/access/listen_pace.h"

#include <algorithm>

#include "server/access/error_detail.h"

namespace otokura::access {
namespace {

absl::Duration Lead(const v1::ListenPace& pace) { return absl::Seconds(pace.lead_seconds()); }

}  // namespace

void ListenPaces::Refill(const v1::ListenPace& pace, Bucket* bucket) const {
  const absl::Duration now = clock_->SinceBoot();
  bucket->left = std::min(Lead(pace), bucket->left + (now - bucket->at) * pace.percent() / 100);
  bucket->at = now;
}

// So that memory is bounded by who listened lately: each time only once the map has doubled, for the walk is over all of it.
void ListenPaces::ForgetTheFull(const v1::ListenPace& pace) {
  if (buckets_.size() < forget_at_) return;
  absl::erase_if(buckets_, [&](auto& entry) {
    Refill(pace, &entry.second);
    return entry.second.streams == 0 && entry.second.left == Lead(pace);
  });
  forget_at_ = std::max<size_t>(forget_at_, 2 * buckets_.size());
}

absl::Status ListenPaces::Enter(const std::string& person, const v1::ListenPace& pace) {
  absl::MutexLock lock(&mutex_);
  ForgetTheFull(pace);
  Bucket& bucket = buckets_.try_emplace(person, Bucket{0, absl::ZeroDuration(), start_}).first->second;
  if (bucket.streams >= pace.streams_max()) {
    return LimitReachedError("listen_pace.streams_max", pace.streams_max(), "end what this person listens to already, then ask again");
  }
  ++bucket.streams;
  return absl::OkStatus();
}

void ListenPaces::Leave(const std::string& person) {
  absl::MutexLock lock(&mutex_);
  --buckets_.find(person)->second.streams;
}

absl::Duration ListenPaces::Take(const std::string& person, absl::Duration audio, const v1::ListenPace& pace) {
  absl::MutexLock lock(&mutex_);
  Bucket& bucket = buckets_.find(person)->second;
  Refill(pace, &bucket);
  const absl::Duration missing = std::min(audio, Lead(pace)) - bucket.left;
  if (missing > absl::ZeroDuration()) return missing * 100 / pace.percent() + absl::Nanoseconds(1);
  bucket.left -= audio;
  return absl::ZeroDuration();
}

}  // namespace otokura::access
