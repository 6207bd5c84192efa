// The one way in which anything is written (DESIGN §4): folds what is waiting into batches. Two lanes that never wait for each other:
// records (with their log entries, one atomic synced write a batch) and audio (pieces appended, one sync a batch). What depends on audio is
// submitted when its audio is done.
#ifndef OTOKURA_SERVER_STORAGE_COMMITTER_H_
#define OTOKURA_SERVER_STORAGE_COMMITTER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "server/storage/storage.h"

namespace otokura::storage {

// An entry that wants a place in the log. `audit` defines what is in it; the committer only carries it.
class LogDraft {
 public:
  virtual ~LogDraft() = default;
};

// Gives entries their places, in the order of commit. But for Prepare, called on the record lane's thread only.
class LogSequencer {
 public:
  virtual ~LogSequencer() = default;
  // Does what needs no place, once for each entry, on the thread that commits it: places are given on one thread, one after another.
  virtual void Prepare(LogDraft& draft) const = 0;
  // Adds the writes of these entries to `*batch` and appends their sequence numbers to `*sequences`. An error refuses the whole commit;
  // nothing is kept of it.
  virtual absl::Status Sequence(absl::Span<const std::unique_ptr<LogDraft>> drafts, Batch* batch, std::vector<uint64_t>* sequences) = 0;
  // Adds what is written once for all that was sequenced since the last Committed, after it and in the same write.
  virtual void Conclude(Batch* batch) const = 0;  // rows that nobody states a precondition on
  // All sequenced since the last call is durable.
  virtual void Committed() = 0;
  // The fate of what was sequenced since the last Committed is unknown or it was not stored: go back to what the store says.
  virtual absl::Status Reload() = 0;
};

// `sequences`: the log indices of the commit's entries, in order. Callbacks run on a lane's thread (what a full queue refuses: on the
// caller's, before the call returns), with no lock of the committer held, and must only hand over.
using RecordsDone = absl::AnyInvocable<void(const absl::Status& status, absl::Span<const uint64_t> sequences)>;
using AudioDone = absl::AnyInvocable<void(const absl::Status& status)>;

struct RecordCommit {
  Batch batch;
  std::vector<std::unique_ptr<LogDraft>> entries;
  // Writes that need the entries' sequence numbers; called on the record lane after sequencing, may be null. Called again where a folded
  // write was refused and the commit is sequenced anew, so it must not use itself up.
  absl::AnyInvocable<void(absl::Span<const uint64_t> sequences, Batch* batch)> with_sequences;
  RecordsDone done;
};

struct AudioAppend {
  AudioObjectId object;
  uint64_t offset = 0;  // in the object
  std::string bytes;
  AudioDone done;
};

struct CommitterLimits {
  size_t batch_commits_max = 4096;                   // commits folded into one write: so many take some 20 times as long as their sync
  size_t batch_audio_pieces_max = 1024;              // pieces of audio written before one sync, each perhaps to a file of its own
  size_t batch_audio_bytes_max = size_t{16} << 20;   // audio written before one sync
  size_t queue_commits_max = 65536;                  // waiting; beyond: RESOURCE_EXHAUSTED at once
  size_t queue_audio_bytes_high = size_t{64} << 20;  // above this `audio_is_crowded` asks producers to slow down
  size_t queue_audio_bytes_max = size_t{256} << 20;  // for those who did not: beyond, RESOURCE_EXHAUSTED at once and the object fails
};

// Thread-safe. Destruction drains both lanes. After an UNAVAILABLE commit every commit that was folded with it completes as UNAVAILABLE,
// the store is reopened (once a second until it succeeds; meanwhile commits fail at once as UNAVAILABLE) and the sequencer reloaded. One
// object's write error fails that object's waiters only, and all later appends to it, until Forget; a failed sync fails every object of
// that sync in the same way.
class Committer {
 public:
  // All borrowed; must outlive the committer. `sequencer` may be null where no entries are ever committed.
  static std::unique_ptr<Committer> Create(Engine* engine, LogSequencer* sequencer, CommitterLimits limits = {});
  virtual ~Committer() = default;

  // A precondition that does not hold, also one that an earlier commit of the same batch broke, is ABORTED for this commit alone.
  virtual void Commit(RecordCommit commit) = 0;
  virtual void Append(AudioAppend append) = 0;
  // After the object's appends so far: no more will come. Trims it.
  virtual void Seal(const AudioObjectId& object, AudioDone done) = 0;
  // Bytes of this object known to be durable: the end of its last good sync here; 0 where unknown.
  virtual uint64_t durable_bytes(const AudioObjectId& object) const = 0;
  // Drops what is kept about the object (its failure, its durable length) once nobody appends to it any more.
  virtual void Forget(const AudioObjectId& object) = 0;
  virtual bool audio_is_crowded() const = 0;
  // Returns when all that was submitted before is done, callbacks included. Never from a callback.
  virtual void Drain() = 0;
};

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_COMMITTER_H_
