// A stretch of one call's timeline in memory: audio and gaps, without holes.
#ifndef OTOKURA_CLIENT_AUDIO_QUEUE_H_
#define OTOKURA_CLIENT_AUDIO_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "otokura/recording.h"

namespace otokura::client {

// A run of the timeline that is one or the other: audio (`gap_reason` unspecified, `audio.size()` == `length`), or a gap.
struct TimelineRun {
  uint64_t offset = 0;
  uint64_t length = 0;
  std::string audio{};
  GapReason gap_reason = GapReason::kUnspecified;

  bool is_gap() const { return gap_reason != GapReason::kUnspecified; }
  uint64_t end() const { return offset + length; }
};

// A value type; one thread at a time.
class AudioQueue {
 public:
  // Empties the queue; what comes next begins at `offset`.
  void Reset(uint64_t offset);
  void Append(std::string_view audio);
  void AppendGap(uint64_t length, GapReason reason);  // joined with a gap of the same reason that it follows
  void Append(const TimelineRun& run);

  // Copies the run at `offset`, which must lie in [begin, end); at most `audio_bytes_max` bytes of audio, or `gap_bytes_max` of a gap.
  TimelineRun Read(uint64_t offset, size_t audio_bytes_max, uint64_t gap_bytes_max) const;
  void ReleaseBelow(uint64_t offset);  // beyond the end: empties the queue and begins there

  uint64_t begin() const { return begin_; }
  uint64_t end() const { return end_; }
  bool empty() const { return begin_ == end_; }
  size_t memory_bytes() const { return memory_bytes_; }  // what the runs take, with their own overhead: many small gaps are not free

 private:
  // Small enough that one that is only partly acknowledged wastes little.
  static constexpr size_t kBlockBytes = 16 * 1024;
  static constexpr size_t kRunOverheadBytes = sizeof(TimelineRun);

  uint64_t begin_ = 0;
  uint64_t end_ = 0;
  size_t memory_bytes_ = 0;
  std::deque<TimelineRun> runs_;  // the first may begin before begin_
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_AUDIO_QUEUE_H_
