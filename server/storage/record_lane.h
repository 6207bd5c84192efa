// The committer's lane for records: a queue, and one thread that folds what is waiting into one atomic write after another.
#ifndef OTOKURA_SERVER_STORAGE_RECORD_LANE_H_
#define OTOKURA_SERVER_STORAGE_RECORD_LANE_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::storage {

class RecordLane {
 public:
  // Borrowed, outliving the lane; `sequencer` may be null.
  RecordLane(RecordStore* store, LogSequencer* sequencer, const CommitterLimits& limits);
  ~RecordLane();  // completes what waits

  void Commit(RecordCommit commit);
  void Drain();

 private:
  struct Slot {
    RecordCommit commit;
    absl::Status status;
    std::vector<uint64_t> sequences;
    bool folded = false;
  };

  void Work();
  bool WaitForCommits(std::vector<Slot>* slots);
  void Write(absl::Span<Slot> slots);
  size_t WriteFold(absl::Span<Slot> slots);
  void WriteAgain(absl::Span<Slot> taken);
  void Break(absl::Span<Slot> taken);
  void TryReopen();
  bool ReloadSequencer();
  void Complete(std::vector<Slot> slots);

  RecordStore* const store_;
  LogSequencer* const sequencer_;
  const CommitterLimits limits_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable progress_;
  // Guarded by mutex_.
  std::deque<RecordCommit> queue_;
  uint64_t submitted_ = 0;
  uint64_t completed_ = 0;
  bool stopping_ = false;

  // The lane's thread only. Broken: the store's last answer was UNAVAILABLE and it has not been reopened yet.
  bool broken_ = false;
  std::chrono::steady_clock::time_point reopen_due_;

  std::thread thread_;
};

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_RECORD_LANE_H_
