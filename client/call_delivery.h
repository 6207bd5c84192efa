// One call's way to the gateway: what Write was given, until the gateway has acknowledged it.
//
//   timeline   0 ......... committed ......... spool end ......... written
//                released  |   in segment files   |   in memory   |
//
// Bytes enter memory; the oldest of it is spilled to the spool when memory grows, or while there is no stream. The stream sends from
// wherever the bytes are. Nothing below `committed` is kept, nothing above it is let go.
#ifndef OTOKURA_CLIENT_CALL_DELIVERY_H_
#define OTOKURA_CLIENT_CALL_DELIVERY_H_

#include <grpcpp/support/status.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/audio_queue.h"
#include "client/call_spool.h"
#include "client/record_stream.h"
#include "client/recorder_context.h"
#include "crypto/sha256.h"
#include "otokura/recorder.h"
#include "otokura/v1/errors.pb.h"
#include "otokura/v1/ingest.pb.h"

namespace otokura::client {

class CallDelivery : public std::enable_shared_from_this<CallDelivery> {
 public:
  // A new call, or a replayable one with the spool state that an earlier process left of it (else null).
  CallDelivery(std::shared_ptr<RecorderContext> context, v1::Open open, bool replayable, std::unique_ptr<CallSpool> leftover);
  // A call whose source is gone: what `spool` holds is all there is.
  CallDelivery(std::shared_ptr<RecorderContext> context, std::unique_ptr<CallSpool> spool);
  void Begin();
  const std::shared_ptr<RecorderContext>& context() const { return context_; }

  // The methods of Call and Recorder (recorder.h).
  absl::Status Write(std::string_view audio);
  absl::Status ReportGap(uint64_t length, GapReason reason);
  void Finish();
  void Abandon();  // the Call was destroyed
  absl::StatusOr<SealedCall> Wait(absl::Time deadline);
  absl::Status WaitForRoom(size_t bytes, absl::Time deadline);
  uint64_t written_bytes() const;
  uint64_t committed_bytes() const;
  std::string recording_id() const;
  bool ended() const;      // Wait has its answer
  bool detached() const;   // and no stream is left
  bool finishing() const;  // finished or ended: Drain waits for it

  void Tick();  // once a second, from the wire thread
  void Stop();  // no more streams; the rest into the spool

  // From the stream.
  void OnResponse(RecordStream* stream, const v1::RecordResponse& response);
  void OnWritten(RecordStream* stream);
  void OnReadsEnded(RecordStream* stream);
  void OnStreamEnded(const grpc::Status& status);

 private:
  // The digest of what was sent, each timeline byte once.
  struct RunningDigest {
    crypto::Sha256Stream sha256;
    uint64_t start = 0;
  };

  // call_delivery.cc
  uint64_t written() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return memory_.end(); }
  bool offline() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stream_ == nullptr || !opened_; }
  bool HasRoom(size_t bytes, size_t limit) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status WritableLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool OwesAcknowledgementLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WroteLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndLocked(absl::StatusOr<SealedCall> result) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Report(RecorderEvent event) const;

  // call_delivery_stream.cc
  void Connect();
  void RetryLocked(const absl::Status& status, absl::Duration wait) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FillOpenLocked(v1::Open* open) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Pump();
  enum class Step { kNothing, kHashOnly, kSend, kSendLast };
  Step NextStepLocked(v1::RecordRequest* request, TimelineRun* run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Step CatchUpLocked(TimelineRun* run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<TimelineRun> HeldRunLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Hash(const TimelineRun& run, uint64_t hashed_before);
  std::string Digest() const;
  uint64_t DigestStart() const;
  void RestartDigest(uint64_t start);
  void AcceptOpenedLocked(const v1::Opened& opened) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PlaceTimelineLocked(const v1::Opened& opened) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AcceptCommittedLocked(uint64_t committed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReleaseCommittedLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StreamErrorLocked(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AlreadySealedLocked(const absl::Status& status, const v1::AlreadySealed& sealed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CompareWithSealedLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // call_delivery_spool.cc: those that end in OnDisk run on the disk thread
  void MaybeSpillLocked(bool tick = false) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SaveStateLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FetchLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status EnsureSpoolOnDisk();
  void CopyStateOnDisk();
  void FillStateLocked(spool::CallState* state) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SaveOnDisk();
  void SpillOnDisk();
  bool NextSpillLocked(TimelineRun* run, bool* ends_segment) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SpoolWorksLocked(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FetchOnDisk(uint64_t offset);
  void FetchLater(const absl::Status& problem);
  void ReleaseOnDisk();
  void CleanUpOnDisk(bool sealed);

  const std::shared_ptr<RecorderContext> context_;
  const v1::Open first_open_;
  const bool replayable_;
  const bool spools_audio_;  // has a spool folder, and a source that cannot be asked again
  const AudioFormat format_;

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;  // result_, stopped_, or the room in memory_
  AudioQueue memory_ ABSL_GUARDED_BY(mutex_);
  AudioQueue readahead_ ABSL_GUARDED_BY(mutex_);  // of what is in the spool
  uint64_t committed_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t sent_ ABSL_GUARDED_BY(mutex_) = 0;    // on the present stream
  uint64_t hashed_ ABSL_GUARDED_BY(mutex_) = 0;  // on any stream
  uint64_t lost_until_ ABSL_GUARDED_BY(mutex_) =
      0;  // bytes below, from committed_ of the gateway on, were acknowledged and are nowhere any more
  uint64_t timeline_base_ ABSL_GUARDED_BY(mutex_) = 0;  // the gateway's offset of our byte 0
  std::string recording_id_ ABSL_GUARDED_BY(mutex_);
  std::string resume_token_ ABSL_GUARDED_BY(mutex_);
  std::string supplement_of_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool source_gone_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<v1::AlreadySealed> already_sealed_ ABSL_GUARDED_BY(mutex_);  // a replayable call that the gateway has: only compared
  std::optional<absl::StatusOr<SealedCall>> result_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;

  RecordStream* stream_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool opened_ ABSL_GUARDED_BY(mutex_) = false;
  bool sending_ ABSL_GUARDED_BY(mutex_) = false;  // somebody is in Pump, or a message is under way: at most one
  bool reads_ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool finish_sent_ ABSL_GUARDED_BY(mutex_) = false;
  bool connect_posted_ ABSL_GUARDED_BY(mutex_) = false;
  bool pump_posted_ ABSL_GUARDED_BY(mutex_) = false;
  size_t message_bytes_max_ ABSL_GUARDED_BY(mutex_) = 0;
  int failures_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time progress_at_ ABSL_GUARDED_BY(mutex_);

  // Apart from mutex_, which Write needs: hashing eight megabytes of silence takes a while. Comes after mutex_; only one thread at a time
  // sends.
  mutable absl::Mutex digest_mutex_;
  RunningDigest digest_ ABSL_GUARDED_BY(digest_mutex_);

  bool spilling_ ABSL_GUARDED_BY(mutex_) = false;
  bool fetching_ ABSL_GUARDED_BY(mutex_) = false;
  bool save_posted_ ABSL_GUARDED_BY(mutex_) = false;
  bool release_posted_ ABSL_GUARDED_BY(mutex_) = false;
  bool spool_failing_ ABSL_GUARDED_BY(mutex_) = false;
  bool dropping_ ABSL_GUARDED_BY(mutex_) = false;  // the last Write became a gap
  absl::Time spill_not_before_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  std::unique_ptr<CallSpool> spool_;  // the disk thread's (until Begin: the constructor's)
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_CALL_DELIVERY_H_
