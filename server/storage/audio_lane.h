// The committer's lane for audio: a queue, and one thread that appends what is waiting and makes it durable with one sync.
#ifndef OTOKURA_SERVER_STORAGE_AUDIO_LANE_H_
#define OTOKURA_SERVER_STORAGE_AUDIO_LANE_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::storage {

class AudioLane {
 public:
  // Borrowed, outliving the lane.
  AudioLane(AudioStore* store, const CommitterLimits& limits);
  ~AudioLane();  // completes what waits

  void Append(AudioAppend append);
  void Seal(const AudioObjectId& object, AudioDone done);
  uint64_t durable_bytes(const AudioObjectId& object) const;
  void Forget(const AudioObjectId& object);
  bool is_crowded() const;
  void Drain();

 private:
  struct Piece {
    AudioAppend append;
    bool seals = false;
    absl::Status status;
  };
  // What is kept of an object from its first append here until Forget.
  struct Known {
    uint64_t durable = 0;
    absl::Status failure;  // once not OK, for good: what was lost is never passed over by a later success
  };

  void Work();
  bool WaitForPieces(std::vector<Piece>* pieces);
  void Enqueue(Piece piece);
  void AppendAll(std::vector<Piece>& pieces);
  void SyncAll(std::vector<Piece>& pieces);
  void SealAll(std::vector<Piece>& pieces);
  void Complete(std::vector<Piece> pieces);
  absl::Status FailureOf(const AudioObjectId& object) const;
  void Fail(const AudioObjectId& object, const absl::Status& status);

  AudioStore* const store_;
  const CommitterLimits limits_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable progress_;
  // Guarded by mutex_.
  std::deque<Piece> queue_;
  size_t bytes_held_ = 0;  // of pieces not yet completed, those being written included
  uint64_t submitted_ = 0;
  uint64_t completed_ = 0;
  bool stopping_ = false;
  absl::flat_hash_map<AudioObjectId, Known> known_;

  std::thread thread_;
};

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_AUDIO_LANE_H_
