#include "server/recordings/recorder_intake.h"

#include "server/recordings/errors.h"

namespace otokura::recordings {

RecorderIntake::RecorderIntake(runtime::Clock* clock, const v1::LimitsConfig& limits)
    : clock_(clock),
      live_calls_max_(limits.live_calls_max()),
      free_fair_bytes_(limits.free_space_fair_bytes()),
      free_min_bytes_(limits.free_space_min_bytes()) {}

int64_t RecorderIntake::Today() const { return absl::ToUnixSeconds(clock_->Now()) / 86400; }

void RecorderIntake::SeedLive(const std::string& recorder, const storage::RecordingId& id) {
  absl::MutexLock lock(&mutex_);
  if (recorders_[recorder].open_calls.insert(id).second) ++live_calls_;
}

void RecorderIntake::SeedDay(const std::string& recorder, const v1::IntakeDay& day) {
  absl::MutexLock lock(&mutex_);
  if (day.day() == Today()) recorders_[recorder].day = day;
}

bool RecorderIntake::OverShare(const Recorder& recorder) const {
  const int64_t today = Today();
  uint64_t sum = 0;
  uint64_t count = 0;
  for (const auto& [name, other] : recorders_) {
    if (other.day.day() != today) continue;
    sum += other.day.bytes();
    ++count;
  }
  return recorder.day.day() == today && count > 0 && recorder.day.bytes() * count > sum;
}

absl::Status RecorderIntake::OpenCall(const std::string& recorder, const storage::RecordingId& id, const v1::RecorderLimits& limits,
                                      const storage::FreeSpace& free) {
  const absl::Time now = clock_->Now();
  absl::MutexLock lock(&mutex_);
  Recorder& state = recorders_[recorder];
  if (free.available_bytes < free_min_bytes_)
    return LimitReachedError("free_space_min_bytes", free_min_bytes_, "free space is below it; add disk");
  if (free.available_bytes < free_fair_bytes_ && OverShare(state)) {
    return LimitReachedError("free_space_fair_bytes", free_fair_bytes_,
                             "free space is below it and this recorder has sent its share today; add disk");
  }
  if (live_calls_ >= live_calls_max_) return LimitReachedError("live_calls_max", live_calls_max_, "finish calls first");
  if (state.open_calls.size() >= limits.open_calls_max()) {
    return LimitReachedError("open_calls_max", limits.open_calls_max(), "finish or resume this recorder's open calls first");
  }
  while (!state.opens.empty() && now - state.opens.front() >= absl::Minutes(1)) state.opens.pop_front();
  if (state.opens.size() >= limits.opens_per_minute_max()) {
    return LimitReachedError("opens_per_minute_max", limits.opens_per_minute_max(), "wait", state.opens.front() + absl::Minutes(1));
  }
  state.opens.push_back(now);
  state.open_calls.insert(id);
  ++live_calls_;
  return absl::OkStatus();
}

void RecorderIntake::CallClosed(const std::string& recorder, const storage::RecordingId& id) {
  absl::MutexLock lock(&mutex_);
  if (recorders_[recorder].open_calls.erase(id) > 0) --live_calls_;
}

absl::Status RecorderIntake::TakeBytes(const std::string& recorder, const v1::RecorderLimits& limits, uint64_t bytes) {
  const int64_t today = Today();
  absl::MutexLock lock(&mutex_);
  v1::IntakeDay& day = recorders_[recorder].day;
  if (day.day() != today) {
    day.set_day(today);
    day.set_bytes(0);
  }
  if (day.bytes() + bytes > limits.day_bytes_max()) {
    return LimitReachedError("day_bytes_max", limits.day_bytes_max(), "wait for the next day (UTC)",
                             absl::FromUnixSeconds((today + 1) * 86400));
  }
  day.set_bytes(day.bytes() + bytes);
  return absl::OkStatus();
}

v1::IntakeDay RecorderIntake::Day(const std::string& recorder) const {
  absl::MutexLock lock(&mutex_);
  const auto found = recorders_.find(recorder);
  return found == recorders_.end() ? v1::IntakeDay() : found->second.day;
}

}  // namespace otokura::recordings
