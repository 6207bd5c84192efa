// One Record stream: a state machine on its own strand. Opening → Streaming → Finishing → Ended; every exit waits for what is in flight, so
// that a part has one writer and everything acknowledged is durable.
#ifndef OTOKURA_SERVER_RECORDINGS_INGEST_STREAM_H_
#define OTOKURA_SERVER_RECORDINGS_INGEST_STREAM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "crypto/cobblestone.h"
#include "crypto/sha256.h"
#include "server/access/caller.h"
#include "server/keys/recording_keys.h"
#include "server/recordings/call_registry.h"
#include "server/recordings/ingest.h"
#include "server/recordings/open_request.h"
#include "server/recordings/parts.h"
#include "server/recordings/recorder_intake.h"
#include "server/recordings/rows.h"
#include "server/recordings/site.h"

namespace otokura::recordings {

// What all streams of a gateway share.
struct IngestShared {
  Site site;
  CallRegistry registry;
  RecorderIntake intake;
  absl::Time started;
  IngestShared(const Site& s)
      : site(s),
        registry(s.clock, absl::Seconds(s.limits.takeover_silence_seconds())),
        intake(s.clock, s.limits),
        started(s.clock->Now()) {}
};

class RecordStream : public IngestStream, public CallHolder, public std::enable_shared_from_this<RecordStream> {
 public:
  // `ended` runs once, after the peer's End.
  RecordStream(std::shared_ptr<IngestShared> shared, access::Caller caller, std::shared_ptr<IngestPeer> peer, std::function<void()> ended);

  void Start();
  void OnRequest(v1::RecordRequest request) override;
  void OnHalfClose() override;
  void OnCancel() override;
  void Fence(absl::Status reason) override;  // also from Drain

 private:
  enum class Phase { kAwaitingOpen, kOpening, kStreaming, kFinishing, kEnding, kEnded };

  void Post(void (RecordStream::*step)());
  void Handle(v1::RecordRequest request);
  void WantNext();

  // Opening, in the order in which it happens.
  void HandleOpen(const v1::Open& open);
  void Claim();
  void Granted(const absl::Status& status, Takeover takeover);
  absl::StatusOr<std::optional<StoredRecord>> FindCall(std::string* call_tag) const;
  void OpenNew(std::optional<StoredRecord> abandoned);
  void Resume(StoredRecord stored, Takeover takeover);
  absl::Status CheckResumable(const StoredRecord& stored, Takeover* takeover) const;
  std::optional<v1::AudioGap> BeginAt(uint64_t committed, v1::RecordingRecord* record, storage::RecordCommit* commit);
  void CommitOpening(storage::RecordCommit commit, std::optional<v1::AudioGap> lost);
  void Opened(const absl::Status& status, const std::optional<v1::AudioGap>& lost);
  void AnswerSealed(const v1::RecordingRecord& record);
  void Refuse(std::string_view rule, const absl::Status& status);

  // Streaming.
  void HandleAudio(v1::Audio audio);
  void HandleGap(const v1::AudioGap& gap);
  void GapCommitted(const absl::Status& status, uint64_t length);
  absl::Status CheckRoom(uint64_t bytes);
  void Take(std::string_view audio);
  void SealChunk(std::string_view chunk);
  void Submit(std::string sealed, uint64_t plaintext_bytes);
  void AppendDone(const absl::Status& status, uint64_t plaintext_bytes);
  void FillSilence();
  size_t InFlightMax() const;
  bool Fail(const absl::Status& status);  // true where status is not OK

  // Finishing.
  void HandleFinish(const v1::Finish& finish);
  void SealFinalChunk();
  void EndParts();
  void DigestStep();
  void CommitSeal();
  void SealCommitted(const absl::StatusOr<v1::RecordingRecord>& record);

  // Ending.
  void End(absl::Status status);
  void EndWhenQuiet();
  void CutToDurable();

  const std::shared_ptr<IngestShared> shared_;
  const Site& site_;
  const access::Caller caller_;
  std::shared_ptr<IngestPeer> peer_;
  std::function<void()> ended_;
  const runtime::Strand strand_;

  Phase phase_ = Phase::kAwaitingOpen;
  absl::Status end_status_;
  bool reading_ = false;                              // a ReadNext is outstanding
  bool claimed_ = false;                              // the registry counts this stream as holder or waiter
  bool append_failed_ = false;                        // what was appended last is of unknown fate
  bool committing_ = false;                           // a record commit is outstanding
  std::optional<storage::RecordingId> counted_open_;  // intake counts a call that no record speaks for yet
  OpenRequest request_;
  std::string call_tag_;
  std::string resume_token_;  // set when a new one was made
  StoredRecord stored_;       // as committed last
  std::shared_ptr<const keys::Epoch> epoch_;
  std::optional<keys::RecordingSealer> sealer_;

  std::optional<crypto::CobblestoneSealer> part_;  // of the part being written
  storage::AudioObjectId object_;
  uint64_t object_bytes_ = 0;     // submitted
  uint64_t begin_ = 0;            // timeline byte at which this stream began
  uint64_t position_ = 0;         // timeline byte that comes next
  uint64_t durable_ = 0;          // every timeline byte below is durable
  uint64_t pending_silence_ = 0;  // still to be stored for a gap
  std::string buffer_;            // not yet a chunk
  size_t in_flight_ = 0;
  std::optional<Leftover> leftover_;
  crypto::Sha256Stream digest_;  // of this stream's bytes, from begin_
  v1::Finish finish_;
  std::optional<keys::RecordingVerifier> verifier_;
  std::optional<DigestPass> digest_pass_;
};

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_INGEST_STREAM_H_
