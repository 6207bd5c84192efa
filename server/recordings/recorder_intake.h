// What each recorder may still send (DESIGN §4): open calls, opens a minute, bytes a day, and its share of scarce space.
#ifndef OTOKURA_SERVER_RECORDINGS_RECORDER_INTAKE_H_
#define OTOKURA_SERVER_RECORDINGS_RECORDER_INTAKE_H_

#include <cstdint>
#include <deque>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "otokura/v1/admin.pb.h"
#include "otokura/v1/config.pb.h"
#include "otokura/v1/stored.pb.h"
#include "server/runtime/clock.h"
#include "server/storage/storage.h"

namespace otokura::recordings {

// Thread-safe. In memory, seeded from the store at start; what a recorder sent of a day is written with its recordings.
class RecorderIntake {
 public:
  RecorderIntake(runtime::Clock* clock, const v1::LimitsConfig& limits);

  // From the store: a live recording of this recorder, and what it sent on which day.
  void SeedLive(const std::string& recorder, const storage::RecordingId& id);
  void SeedDay(const std::string& recorder, const v1::IntakeDay& day);

  // RESOURCE_EXHAUSTED with detail LimitReached, or OK and the call counts as open until CallClosed.
  absl::Status OpenCall(const std::string& recorder, const storage::RecordingId& id, const v1::RecorderLimits& limits,
                        const storage::FreeSpace& free);
  // Nothing where it does not count as open.
  void CallClosed(const std::string& recorder, const storage::RecordingId& id);
  // OK and counted, or RESOURCE_EXHAUSTED and not counted.
  absl::Status TakeBytes(const std::string& recorder, const v1::RecorderLimits& limits, uint64_t bytes);
  v1::IntakeDay Day(const std::string& recorder) const;

 private:
  struct Recorder {
    absl::flat_hash_set<storage::RecordingId>
        open_calls;                // by name: after a commit of unknown fate the same call is opened or closed twice
    std::deque<absl::Time> opens;  // of the last minute, at most opens_per_minute_max
    v1::IntakeDay day;
  };
  int64_t Today() const;
  bool OverShare(const Recorder& recorder) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  runtime::Clock* const clock_;
  const uint64_t live_calls_max_;
  const uint64_t free_fair_bytes_;
  const uint64_t free_min_bytes_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Recorder> recorders_ ABSL_GUARDED_BY(mutex_);
  uint64_t live_calls_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_RECORDER_INTAKE_H_
