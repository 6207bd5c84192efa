#include "client/call_delivery.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/convert.h"

namespace otokura::client {
namespace {

// Beside the audio itself, its blocks have an overhead that the limit on audio must not trip over.
constexpr size_t WithOverhead(size_t limit) { return limit + limit / 8; }

}  // namespace

CallDelivery::CallDelivery(std::shared_ptr<RecorderContext> context, v1::Open open, bool replayable, std::unique_ptr<CallSpool> leftover)
    : context_(std::move(context)),
      first_open_(std::move(open)),
      replayable_(replayable),
      spools_audio_(context_->folder() != nullptr && !replayable),
      format_(FromProto(first_open_.format())),
      spool_(std::move(leftover)) {
  absl::MutexLock lock(&mutex_);
  progress_at_ = absl::Now();
  if (spool_ != nullptr) resume_token_ = spool_->state().open().resume_token();
}

CallDelivery::CallDelivery(std::shared_ptr<RecorderContext> context, std::unique_ptr<CallSpool> spool)
    : context_(std::move(context)),
      first_open_(spool->state().open()),
      replayable_(false),
      spools_audio_(true),
      format_(FromProto(first_open_.format())),
      spool_(std::move(spool)) {
  absl::MutexLock lock(&mutex_);
  progress_at_ = absl::Now();
  resume_token_ = first_open_.resume_token();
  timeline_base_ = spool_->state().timeline_base();
  committed_ = first_open_.acknowledged_bytes() - std::min<uint64_t>(first_open_.acknowledged_bytes(), timeline_base_);
  memory_.Reset(std::max(spool_->end(), committed_));
  finished_ = true;
  source_gone_ = true;
}

void CallDelivery::Begin() {
  absl::MutexLock lock(&mutex_);
  connect_posted_ = true;
  context_->wire().Post([self = shared_from_this()] { self->Connect(); });
  SaveStateLocked();
}

bool CallDelivery::HasRoom(size_t bytes, size_t limit) const { return memory_.memory_bytes() + bytes <= WithOverhead(limit); }

absl::Status CallDelivery::WritableLocked() const {
  if (result_.has_value() && !result_->ok()) return result_->status();
  if (finished_) return absl::FailedPreconditionError("the call is finished; nothing can be added");
  if (stopped_) return absl::CancelledError("the Recorder is gone");
  return absl::OkStatus();
}

absl::Status CallDelivery::Write(std::string_view audio) {
  const size_t limit = context_->options().memory_bytes_per_call_max;
  if (audio.size() > limit) {
    return absl::InvalidArgumentError(
        absl::StrCat("audio has ", audio.size(), " bytes; one Write takes at most memory_bytes_per_call_max (", limit, ")"));
  }
  absl::MutexLock lock(&mutex_);
  if (absl::Status writable = WritableLocked(); !writable.ok()) return writable;
  if (HasRoom(audio.size(), limit)) {
    memory_.Append(audio);
    dropping_ = false;
    WroteLocked();
    return absl::OkStatus();
  }
  if (replayable_) return absl::FailedPreconditionError("no room: call WaitForRoom before Write; nothing was taken");
  if (!dropping_)
    Report({.kind = RecorderEvent::Kind::kGap, .offset = written(), .length = audio.size(), .gap_reason = GapReason::kSpoolFull});
  dropping_ = true;
  memory_.AppendGap(audio.size(), GapReason::kSpoolFull);
  WroteLocked();
  return absl::ResourceExhaustedError(
      "memory is full and the spool did not take it: these bytes became a gap. Is the gateway away, spool_bytes_max large enough, its disk "
      "fast enough? A source that can wait calls WaitForRoom");
}

absl::Status CallDelivery::ReportGap(uint64_t length, GapReason reason) {
  constexpr uint64_t kGapBytesMax = uint64_t{1} << 32;  // three days of L16 at 16 kHz; more is a mistake in the caller's arithmetic
  if (length == 0 || length > kGapBytesMax)
    return absl::InvalidArgumentError(absl::StrCat("gap length ", length, " must be 1 to ", kGapBytesMax));
  if (reason == GapReason::kUnspecified || reason == GapReason::kGatewayLoss) {
    return absl::InvalidArgumentError("gap reason must be one that a recorder can know");
  }
  absl::MutexLock lock(&mutex_);
  if (absl::Status writable = WritableLocked(); !writable.ok()) return writable;
  Report({.kind = RecorderEvent::Kind::kGap, .offset = written(), .length = length, .gap_reason = reason});
  memory_.AppendGap(length, reason);
  WroteLocked();
  return absl::OkStatus();
}

// The caller's thread hands over and goes: encrypting and sending is the wire thread's work, spilling the disk's.
void CallDelivery::WroteLocked() {
  const bool can_send = (opened_ && !sending_) || already_sealed_.has_value();
  if (can_send && !pump_posted_) {
    pump_posted_ = true;
    context_->wire().Post([self = shared_from_this()] { self->Pump(); });
  }
  MaybeSpillLocked();
}

void CallDelivery::Finish() {
  absl::MutexLock lock(&mutex_);
  if (finished_ || stopped_ || result_.has_value()) return;
  finished_ = true;
  WroteLocked();
  SaveStateLocked();
}

void CallDelivery::Abandon() {
  if (!replayable_) {
    Finish();
    return;
  }
  absl::MutexLock lock(&mutex_);
  if (finished_ || stopped_ || result_.has_value()) return;
  result_ = absl::CancelledError("the call was left unfinished");
  changed_.SignalAll();
  if (stream_ != nullptr) stream_->Cancel();
  context_->disk().Post([self = shared_from_this()] {
    if (self->spool_ == nullptr) return;
    self->CopyStateOnDisk();
    if (self->spool_->Save().ok()) self->context_->KeepReplayable(std::move(self->spool_));
  });
}

absl::StatusOr<SealedCall> CallDelivery::Wait(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  while (!result_.has_value() && !stopped_) {
    if (changed_.WaitWithDeadline(&mutex_, deadline)) break;
  }
  if (result_.has_value()) return *result_;
  if (stopped_) return absl::CancelledError("the Recorder is gone; what was spooled is delivered by the next one");
  return absl::DeadlineExceededError("the call is not sealed yet; its delivery goes on");
}

absl::Status CallDelivery::WaitForRoom(size_t bytes, absl::Time deadline) {
  const size_t limit = context_->options().memory_bytes_per_call_max / 2;
  if (bytes > limit) return absl::InvalidArgumentError(absl::StrCat("room for ", bytes, " bytes cannot be had; at most ", limit));
  absl::MutexLock lock(&mutex_);
  while (!result_.has_value() && !stopped_ && !HasRoom(bytes, limit)) {
    if (changed_.WaitWithDeadline(&mutex_, deadline) && !HasRoom(bytes, limit))
      return absl::DeadlineExceededError("the gateway has not taken what it was given yet");
  }
  return WritableLocked();
}

uint64_t CallDelivery::written_bytes() const {
  absl::MutexLock lock(&mutex_);
  return written();
}

uint64_t CallDelivery::committed_bytes() const {
  absl::MutexLock lock(&mutex_);
  return committed_;
}

std::string CallDelivery::recording_id() const {
  absl::MutexLock lock(&mutex_);
  return recording_id_;
}

bool CallDelivery::ended() const {
  absl::MutexLock lock(&mutex_);
  return result_.has_value();
}

bool CallDelivery::detached() const {
  absl::MutexLock lock(&mutex_);
  return result_.has_value() && stream_ == nullptr;
}

bool CallDelivery::finishing() const {
  absl::MutexLock lock(&mutex_);
  return finished_ || result_.has_value();
}

// `result` is what Wait returns from now on.
void CallDelivery::EndLocked(absl::StatusOr<SealedCall> result) {
  if (result_.has_value()) return;
  result_ = std::move(result);
  changed_.SignalAll();
  const bool sealed = result_->ok();
  Report({.kind = sealed ? RecorderEvent::Kind::kSealed : RecorderEvent::Kind::kFailed, .status = result_->status(), .offset = committed_});
  if (stream_ != nullptr && !sealed) stream_->Cancel();
  memory_.Reset(written());
  readahead_.Reset(0);
  context_->disk().Post([self = shared_from_this(), sealed] { self->CleanUpOnDisk(sealed); });
}

void CallDelivery::Report(RecorderEvent event) const {
  event.call_id = first_open_.metadata().call_id();
  event.leg = static_cast<Leg>(first_open_.leg());
  context_->Report(std::move(event));
}

bool CallDelivery::OwesAcknowledgementLocked() const {
  constexpr uint64_t kUnacknowledgedMax = 2 * kSpillUnitBytes;  // the gateway may gather up to one chunk before it commits
  return sent_ > committed_ + kUnacknowledgedMax;
}

void CallDelivery::Tick() {
  absl::MutexLock lock(&mutex_);
  const bool owes_us = sending_ || finish_sent_ || !opened_ || OwesAcknowledgementLocked();
  if (stream_ != nullptr && owes_us && absl::Now() - progress_at_ > absl::FromChrono(context_->options().stall_timeout)) {
    stream_->Cancel();
  }
  if (result_.has_value() || stopped_) return;
  if (spool_failing_) SaveStateLocked();
  MaybeSpillLocked(/*tick=*/true);
}

void CallDelivery::Stop() {
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
  changed_.SignalAll();
  if (stream_ != nullptr) stream_->Cancel();
  if (result_.has_value() || context_->folder() == nullptr) return;
  context_->disk().Post([self = shared_from_this()] {
    if (self->spools_audio_) self->SpillOnDisk();
    self->SaveOnDisk();
  });
}

}  // namespace otokura::client
