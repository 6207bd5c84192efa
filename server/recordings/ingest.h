// Calls come in (DESIGN §4): one IngestStream a Record stream, fenced so that one call leg has one writer at a time.
#ifndef OTOKURA_SERVER_RECORDINGS_INGEST_H_
#define OTOKURA_SERVER_RECORDINGS_INGEST_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "otokura/v1/ingest.pb.h"
#include "server/access/caller.h"
#include "server/recordings/site.h"

namespace otokura::recordings {

// What an ingest stream needs of its transport. Called from the executor's threads, never two calls at once for one stream.
class IngestPeer {
 public:
  virtual ~IngestPeer() = default;
  // Deliver one more request (OnRequest), or OnHalfClose. Asked for one at a time: this is the backpressure.
  virtual void ReadNext() = 0;
  // Opened and Sealed in order; of Committed the newest may replace one not yet sent.
  virtual void Send(v1::RecordResponse response) = 0;
  // The last call. The peer delivers what was sent before, then ends the RPC with this status.
  virtual void End(absl::Status status) = 0;
};

// Thread-safe; each call only posts.
class IngestStream {
 public:
  virtual ~IngestStream() = default;
  virtual void OnRequest(v1::RecordRequest request) = 0;
  // The client will send nothing more. Without a Finish before it the recording stays open for its recorder.
  virtual void OnHalfClose() = 0;
  // The stream is dead: cancelled, or the connection lost.
  virtual void OnCancel() = 0;
};

class Ingest {
 public:
  // Reads which calls are live in the store.
  static absl::StatusOr<std::unique_ptr<Ingest>> Create(Site site);
  virtual ~Ingest() = default;

  // The stream asks `peer` for its first request by itself. The peer lives until its End was called.
  virtual std::shared_ptr<IngestStream> Start(access::Caller caller, std::shared_ptr<IngestPeer> peer) = 0;
  // No new calls (UNAVAILABLE); streams in flight get their durable bytes acknowledged and end with UNAVAILABLE "draining; resume". Returns
  // when all have ended.
  virtual void Drain() = 0;
  // Seals calls whose recorder stayed away longer than the limit. Run now and then; returns how many it began to seal.
  virtual absl::StatusOr<int> SealAbandoned() = 0;
  virtual int live_streams() const = 0;
};

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_INGEST_H_
