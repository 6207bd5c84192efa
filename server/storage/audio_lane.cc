#include "server/storage/audio_lane.h"

#include <pthread.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace otokura::storage {

AudioLane::AudioLane(AudioStore* store, const CommitterLimits& limits) : store_(store), limits_(limits), thread_([this] { Work(); }) {
  pthread_setname_np(thread_.native_handle(), "commit-audio");
}

AudioLane::~AudioLane() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void AudioLane::Append(AudioAppend append) {
  absl::Status refusal;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (bytes_held_ + append.bytes.size() <= limits_.queue_audio_bytes_max) {
      known_.try_emplace(append.object);
      bytes_held_ += append.bytes.size();
      queue_.push_back(Piece{.append = std::move(append), .status = {}});
      ++submitted_;
      wake_.notify_one();
      return;
    }
    refusal =
        absl::ResourceExhaustedError(absl::StrCat("audio: ", bytes_held_, " bytes are waiting for the disk already: try again later"));
    // A hole in the object: nothing may follow it.
    known_[append.object].failure.Update(refusal);
  }
  if (append.done) append.done(refusal);
}

void AudioLane::Seal(const AudioObjectId& object, AudioDone done) {
  std::lock_guard<std::mutex> lock(mutex_);
  queue_.push_back(Piece{.append = {.object = object, .bytes = {}, .done = std::move(done)}, .seals = true, .status = {}});
  ++submitted_;
  wake_.notify_one();
}

uint64_t AudioLane::durable_bytes(const AudioObjectId& object) const {
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = known_.find(object);
  return found == known_.end() ? 0 : found->second.durable;
}

void AudioLane::Forget(const AudioObjectId& object) {
  std::lock_guard<std::mutex> lock(mutex_);
  known_.erase(object);
}

bool AudioLane::is_crowded() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return bytes_held_ > limits_.queue_audio_bytes_high;
}

void AudioLane::Drain() {
  std::unique_lock<std::mutex> lock(mutex_);
  const uint64_t target = submitted_;
  progress_.wait(lock, [&] { return completed_ >= target; });
}

void AudioLane::Work() {
  std::vector<Piece> pieces;
  while (WaitForPieces(&pieces)) {
    AppendAll(pieces);
    SyncAll(pieces);
    SealAll(pieces);
    Complete(std::exchange(pieces, {}));
  }
}

bool AudioLane::WaitForPieces(std::vector<Piece>* pieces) {
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait(lock, [&] { return !queue_.empty() || stopping_; });
  size_t bytes = 0;
  while (!queue_.empty() && pieces->size() < limits_.batch_audio_pieces_max && bytes < limits_.batch_audio_bytes_max) {
    bytes += queue_.front().append.bytes.size();
    pieces->push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return !pieces->empty();
}

void AudioLane::AppendAll(std::vector<Piece>& pieces) {
  for (Piece& piece : pieces) {
    if (piece.seals) continue;
    const AudioAppend& append = piece.append;
    piece.status = FailureOf(append.object);
    if (!piece.status.ok()) continue;
    piece.status = store_->Append(append.object, append.offset, append.bytes);
    if (!piece.status.ok()) Fail(append.object, piece.status);
  }
}

// An object whose last append failed is synced all the same: what was appended before that has waiters of its own.
void AudioLane::SyncAll(std::vector<Piece>& pieces) {
  absl::flat_hash_map<AudioObjectId, size_t> places;
  std::vector<AudioObjectId> objects;
  for (const Piece& piece : pieces) {
    if (piece.seals || !piece.status.ok()) continue;
    if (places.try_emplace(piece.append.object, objects.size()).second) objects.push_back(piece.append.object);
  }
  if (objects.empty()) return;
  const std::vector<absl::Status> synced = store_->Sync(objects);
  for (Piece& piece : pieces) {
    if (piece.seals || !piece.status.ok()) continue;
    const AudioAppend& append = piece.append;
    piece.status = synced[places[append.object]];
    if (!piece.status.ok()) {
      Fail(append.object, piece.status);
      continue;
    }
    std::lock_guard<std::mutex> lock(mutex_);
    auto known = known_.find(append.object);
    if (known != known_.end()) known->second.durable = append.offset + append.bytes.size();
  }
}

void AudioLane::SealAll(std::vector<Piece>& pieces) {
  for (Piece& piece : pieces) {
    if (!piece.seals) continue;
    piece.status = FailureOf(piece.append.object);
    if (piece.status.ok()) piece.status = store_->Seal(piece.append.object);
  }
}

void AudioLane::Complete(std::vector<Piece> pieces) {
  size_t bytes = 0;
  for (Piece& piece : pieces) bytes += piece.append.bytes.size();
  {
    // Before the callbacks: a producer woken by one sees the room that it made.
    std::lock_guard<std::mutex> lock(mutex_);
    bytes_held_ -= bytes;
  }
  for (Piece& piece : pieces) {
    if (piece.append.done) piece.append.done(piece.status);
  }
  const size_t count = pieces.size();
  pieces.clear();  // what the callbacks own is gone before Drain returns
  std::lock_guard<std::mutex> lock(mutex_);
  completed_ += count;
  progress_.notify_all();
}

absl::Status AudioLane::FailureOf(const AudioObjectId& object) const {
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = known_.find(object);
  return found == known_.end() ? absl::OkStatus() : found->second.failure;
}

void AudioLane::Fail(const AudioObjectId& object, const absl::Status& status) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = known_.find(object);
  if (found != known_.end()) found->second.failure.Update(status);
}

}  // namespace otokura::storage
