#include "server/storage/committer.h"

#include <utility>

#include "server/storage/audio_lane.h"
#include "server/storage/record_lane.h"

namespace otokura::storage {
namespace {

class TwoLaneCommitter : public Committer {
 public:
  TwoLaneCommitter(Engine* engine, LogSequencer* sequencer, const CommitterLimits& limits)
      : records_(&engine->records(), sequencer, limits), audio_(&engine->audio(), limits) {}

  void Commit(RecordCommit commit) override { records_.Commit(std::move(commit)); }
  void Append(AudioAppend append) override { audio_.Append(std::move(append)); }
  void Seal(const AudioObjectId& object, AudioDone done) override { audio_.Seal(object, std::move(done)); }
  uint64_t durable_bytes(const AudioObjectId& object) const override { return audio_.durable_bytes(object); }
  void Forget(const AudioObjectId& object) override { audio_.Forget(object); }
  bool audio_is_crowded() const override { return audio_.is_crowded(); }
  void Drain() override {
    // Audio first: its callbacks submit the records that waited for it.
    audio_.Drain();
    records_.Drain();
  }

 private:
  // In this order, so that the audio lane, whose callbacks may still commit records, ends first.
  RecordLane records_;
  AudioLane audio_;
};

}  // namespace

std::unique_ptr<Committer> Committer::Create(Engine* engine, LogSequencer* sequencer, CommitterLimits limits) {
  return std::make_unique<TwoLaneCommitter>(engine, sequencer, limits);
}

}  // namespace otokura::storage
