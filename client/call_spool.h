// One call's files in the spool (client/SPOOL.md): its sealed state, and what is spilled of its timeline.
#ifndef OTOKURA_CLIENT_CALL_SPOOL_H_
#define OTOKURA_CLIENT_CALL_SPOOL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/audio_queue.h"
#include "client/posix_file.h"
#include "client/spool_folder.h"
#include "client/spool_state.pb.h"
#include "crypto/cobblestone.h"
#include "crypto/secret.h"

namespace otokura::client {

// Runs of this many bytes are what a segment takes until its last (a full Cobblestone chunk).
inline constexpr size_t kSpillUnitBytes = crypto::kChunkBytes;

// All methods block on the disk; one thread at a time. The folder must outlive the spool.
class CallSpool {
 public:
  // Writes the state file.
  static absl::StatusOr<std::unique_ptr<CallSpool>> Create(SpoolFolder* folder, spool::CallState state);
  // DATA_LOSS where the state file does not open with this recorder's key, or is not one.
  static absl::StatusOr<std::unique_ptr<CallSpool>> Load(SpoolFolder* folder, std::string name);
  ~CallSpool();

  const std::string& name() const { return name_; }
  const spool::CallState& state() const { return state_; }
  spool::CallState* mutable_state() { return &state_; }  // kept by the next Save, or the next Append that begins a segment
  absl::Status Save();

  // Adds audio that begins where the last segment ends, or anywhere after it: then a segment of its own begins. Whole units of
  // kSpillUnitBytes; with `ends_segment` any length. Durable when it returns OK; on an error nothing counts as added. RESOURCE_EXHAUSTED:
  // no budget, or no space.
  absl::Status Append(uint64_t offset, std::string_view audio, bool ends_segment);
  absl::Status AppendGap(const TimelineRun& gap);

  // The run at `offset` < end(), at most `audio_bytes_max` of audio. What the files cannot give (a damaged chunk, a hole that a crash left)
  // is a gap, and `*problem` is set where damage was found on this call. An empty run: the system is short of something, `*problem` says of
  // what; try again later.
  TimelineRun Read(uint64_t offset, size_t audio_bytes_max, absl::Status* problem);

  // Deletes the segments that end at or below `offset` (damaged ones are set aside); true where there were any, which Save should then say.
  bool ReleaseBelow(uint64_t offset);
  void Remove();                                   // everything: the call is delivered
  absl::Status SetAside(std::string_view suffix);  // everything stays, under other names

  bool holds_audio() const { return !segments_.empty(); }
  // After the last byte that the files or the state speak of.
  uint64_t end() const;

 private:
  struct Segment {
    uint32_t number = 0;
    uint64_t offset = 0;
    uint64_t audio_bytes = 0;  // that can be read
    uint64_t file_bytes = 0;   // reserved in the budget
    bool damaged = false;
    uint64_t end() const { return offset + audio_bytes; }
  };
  // Files are open only while they are written or read: a recorder may have more calls in its spool than a process may have open files.
  struct Reader {
    uint32_t number;
    crypto::CobblestoneOpener opener;
  };

  CallSpool(SpoolFolder* folder, std::string name, crypto::SecretBytes key, std::string wrapped_key, spool::CallState state)
      : folder_(folder), name_(std::move(name)), key_(std::move(key)), wrapped_key_(std::move(wrapped_key)), state_(std::move(state)) {}
  void FindSegments();
  uint64_t ReadableBytes(const Segment& segment);
  std::string SegmentContext(const Segment& segment) const;
  absl::Status BeginSegment(uint64_t offset);
  absl::Status WriteChunks(std::string_view audio, bool ends_segment);
  void EndSegment() { sealer_.reset(); }
  absl::StatusOr<std::string> ReadChunk(const Segment& segment, uint64_t index);
  TimelineRun ReadSegment(Segment* segment, uint64_t offset, size_t audio_bytes_max, absl::Status* problem);
  TimelineRun MissingAt(uint64_t offset) const;
  void Discard(const Segment& segment);

  SpoolFolder* const folder_;
  const std::string name_;  // hex of 16 random bytes
  const crypto::SecretBytes key_;
  const std::string wrapped_key_;
  spool::CallState state_;
  std::vector<Segment> segments_;                    // those of state_.segments that have a file, ascending
  std::optional<crypto::CobblestoneSealer> sealer_;  // of the last segment, while it goes on
  std::optional<Reader> reader_;
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_CALL_SPOOL_H_
