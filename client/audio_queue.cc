#include "client/audio_queue.h"

#include <algorithm>

namespace otokura::client {

void AudioQueue::Reset(uint64_t offset) {
  runs_.clear();
  begin_ = end_ = offset;
  memory_bytes_ = 0;
}

void AudioQueue::Append(std::string_view audio) {
  while (!audio.empty()) {
    if (runs_.empty() || runs_.back().is_gap() || runs_.back().audio.size() >= kBlockBytes) {
      runs_.push_back({.offset = end_});
      memory_bytes_ += kRunOverheadBytes;
    }
    TimelineRun& block = runs_.back();
    const std::string_view part = audio.substr(0, kBlockBytes - block.audio.size());
    block.audio.append(part);
    block.length = block.audio.size();
    end_ += part.size();
    memory_bytes_ += part.size();
    audio.remove_prefix(part.size());
  }
}

void AudioQueue::AppendGap(uint64_t length, GapReason reason) {
  if (length == 0) return;
  if (runs_.empty() || runs_.back().gap_reason != reason) {
    runs_.push_back({.offset = end_, .gap_reason = reason});
    memory_bytes_ += kRunOverheadBytes;
  }
  runs_.back().length += length;
  end_ += length;
}

void AudioQueue::Append(const TimelineRun& run) {
  if (run.is_gap()) {
    AppendGap(run.length, run.gap_reason);
  } else {
    Append(run.audio);
  }
}

TimelineRun AudioQueue::Read(uint64_t offset, size_t audio_bytes_max, uint64_t gap_bytes_max) const {
  auto run = std::upper_bound(runs_.begin(), runs_.end(), offset, [](uint64_t at, const TimelineRun& r) { return at < r.end(); });
  TimelineRun result{.offset = offset, .gap_reason = run->gap_reason};
  if (run->is_gap()) {
    result.length = std::min(run->end() - offset, gap_bytes_max);
    return result;
  }
  while (run != runs_.end() && !run->is_gap() && result.audio.size() < audio_bytes_max) {
    const uint64_t from = offset + result.audio.size() - run->offset;
    result.audio.append(run->audio, from, audio_bytes_max - result.audio.size());
    ++run;
  }
  result.length = result.audio.size();
  return result;
}

void AudioQueue::ReleaseBelow(uint64_t offset) {
  if (offset >= end_) {
    Reset(std::max(offset, end_));
    return;
  }
  while (!runs_.empty() && runs_.front().end() <= offset) {
    memory_bytes_ -= runs_.front().audio.size() + kRunOverheadBytes;
    runs_.pop_front();
  }
  begin_ = std::max(begin_, offset);
}

}  // namespace otokura::client
