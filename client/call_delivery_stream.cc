// The network half of CallDelivery: connecting, sending, and what the gateway answers.
#include <algorithm>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/call_delivery.h"
#include "client/retry.h"
#include "client/rpc_status.h"

namespace otokura::client {
namespace {

constexpr size_t kMessageAudioBytesMax = 64 * 1024;  // ingest.proto: Audio.data
constexpr uint64_t kMessageGapBytesMax = 8 << 20;    // recording.proto: AudioGap.length

double Jitter() {
  thread_local absl::BitGen generator;
  return absl::Uniform(generator, 0.0, 1.0);
}

}  // namespace

void CallDelivery::FillOpenLocked(v1::Open* open) const {
  *open = first_open_;
  open->set_resume_token(resume_token_);
  open->set_acknowledged_bytes(resume_token_.empty() ? 0 : timeline_base_ + committed_);
}

void CallDelivery::Connect() {
  {
    absl::MutexLock lock(&mutex_);
    connect_posted_ = false;
    if (stopped_ || result_.has_value() || stream_ != nullptr) return;
  }
  auto channel = context_->channels().Get();
  RecordStream* stream = nullptr;
  {
    absl::MutexLock lock(&mutex_);
    if (stopped_ || result_.has_value()) return;
    if (!channel.ok()) {
      RetryLocked(channel.status(), absl::FromChrono(context_->options().backoff.refused));
      return;
    }
    stream = stream_ = new RecordStream(shared_from_this(), *std::move(channel));
    opened_ = reads_ended_ = finish_sent_ = false;
    sending_ = true;
    progress_at_ = absl::Now();
    FillOpenLocked(stream->request()->mutable_open());
    context_->StreamBegan();
  }
  stream->Start();
}

void CallDelivery::RetryLocked(const absl::Status& status, absl::Duration wait) {
  Report(
      {.kind = RecorderEvent::Kind::kDisconnected, .status = status, .retry_in = absl::ToChronoMilliseconds(wait), .offset = committed_});
  if (connect_posted_) return;
  connect_posted_ = true;
  context_->wire().PostAfter(wait, [self = shared_from_this()] { self->Connect(); });
}

// Sends what there is, one message at a time: the next one goes when gRPC has taken this one, which is what makes its flow control ours.
// Any thread.
void CallDelivery::Pump() {
  for (;;) {
    RecordStream* stream = nullptr;
    TimelineRun run;
    uint64_t hashed_before = 0;
    Step step = Step::kNothing;
    {
      absl::MutexLock lock(&mutex_);
      pump_posted_ = false;
      if (sending_ || reads_ended_ || stopped_ || result_.has_value()) return;
      if (offline() && !already_sealed_.has_value()) return;
      stream = stream_;
      hashed_before = hashed_;
      step = NextStepLocked(stream == nullptr ? nullptr : stream->request(), &run);
      if (step == Step::kNothing) return;
      sending_ = true;
      hashed_ = std::max(hashed_, run.end());
    }
    Hash(run, hashed_before);
    if (step == Step::kSend) return stream->Write();
    if (step == Step::kSendLast) {
      stream->request()->mutable_finish()->set_sha256(Digest());
      return stream->WriteLast();
    }
    bool release = false;
    {
      absl::MutexLock lock(&mutex_);
      sending_ = false;
      ReleaseCommittedLocked();
      release = reads_ended_;
    }
    if (release) return stream->Release();
  }
}

CallDelivery::Step CallDelivery::NextStepLocked(v1::RecordRequest* request, TimelineRun* run) {
  if (!OwesAcknowledgementLocked()) progress_at_ = absl::Now();
  if (hashed_ < sent_) return CatchUpLocked(run);
  if (already_sealed_.has_value()) {
    CompareWithSealedLocked();
    return Step::kNothing;
  }
  if (sent_ < lost_until_) {
    *run = {.offset = sent_, .length = std::min(lost_until_ - sent_, kMessageGapBytesMax), .gap_reason = GapReason::kRecorderRestart};
  } else if (sent_ < written()) {
    std::optional<TimelineRun> held = HeldRunLocked();
    if (!held.has_value()) return Step::kNothing;
    *run = *std::move(held);
  } else if (finished_ && !finish_sent_) {
    finish_sent_ = true;
    run->offset = sent_;
    request->mutable_finish()->set_total_bytes(timeline_base_ + written());
    request->mutable_finish()->set_digest_start(timeline_base_ + DigestStart());
    return Step::kSendLast;
  } else {
    return Step::kNothing;
  }
  if (run->is_gap()) {
    v1::AudioGap* gap = request->mutable_gap();
    gap->set_offset(timeline_base_ + run->offset);
    gap->set_length(run->length);
    gap->set_reason(static_cast<v1::AudioGap::Reason>(run->gap_reason));
  } else {
    request->mutable_audio()->set_offset(timeline_base_ + run->offset);
    request->mutable_audio()->set_data(run->audio);
  }
  sent_ = run->end();
  return Step::kSend;
}

// A source that begins again from its first byte: what the gateway has already is hashed and let go.
CallDelivery::Step CallDelivery::CatchUpLocked(TimelineRun* run) {
  if (hashed_ < written()) {
    const uint64_t missing = sent_ - hashed_;
    *run = memory_.Read(hashed_, std::min<uint64_t>(kMessageAudioBytesMax, missing), std::min(kMessageGapBytesMax, missing));
    return Step::kHashOnly;
  }
  if (finished_) {
    EndLocked(absl::FailedPreconditionError(
        absl::StrCat("the source ends at byte ", written(), " but the gateway has ", sent_, " bytes of this call; is it the same one?")));
  }
  return Step::kNothing;
}

std::optional<TimelineRun> CallDelivery::HeldRunLocked() {
  if (sent_ >= memory_.begin()) return memory_.Read(sent_, message_bytes_max_, kMessageGapBytesMax);
  if (sent_ < readahead_.begin() || sent_ >= readahead_.end()) readahead_.Reset(sent_);
  readahead_.ReleaseBelow(sent_);
  std::optional<TimelineRun> run;
  if (!readahead_.empty()) run = readahead_.Read(sent_, message_bytes_max_, kMessageGapBytesMax);
  if (readahead_.end() - sent_ < kMessageAudioBytesMax && readahead_.end() < memory_.begin()) FetchLocked();
  return run;
}

void CallDelivery::Hash(const TimelineRun& run, uint64_t hashed_before) {
  absl::MutexLock lock(&digest_mutex_);
  const uint64_t from = std::max({run.offset, hashed_before, digest_.start});
  if (from >= run.end()) return;
  if (!run.is_gap()) {
    digest_.sha256.Update(std::string_view(run.audio).substr(from - run.offset));
    return;
  }
  const std::string silence(kSpillUnitBytes, format_.silence());
  for (uint64_t rest = run.end() - from; rest > 0; rest -= std::min<uint64_t>(rest, silence.size())) {
    digest_.sha256.Update(std::string_view(silence).substr(0, rest));
  }
}

std::string CallDelivery::Digest() const {
  absl::MutexLock lock(&digest_mutex_);
  return digest_.sha256.Digest();
}

uint64_t CallDelivery::DigestStart() const {
  absl::MutexLock lock(&digest_mutex_);
  return digest_.start;
}

void CallDelivery::RestartDigest(uint64_t start) {
  absl::MutexLock lock(&digest_mutex_);
  digest_ = {.sha256 = {}, .start = start};
}

void CallDelivery::OnResponse(RecordStream* stream, const v1::RecordResponse& response) {
  {
    absl::MutexLock lock(&mutex_);
    progress_at_ = absl::Now();
    if (result_.has_value() || stopped_) return;
    const bool expected =
        response.has_opened() ? !opened_ : opened_ && (response.has_committed() || (response.has_sealed() && finish_sent_));
    if (!expected) {
      EndLocked(absl::InternalError("the gateway's answer does not belong here; are client and gateway of compatible versions?"));
    } else if (response.has_opened()) {
      AcceptOpenedLocked(response.opened());
    } else if (response.has_committed()) {
      AcceptCommittedLocked(response.committed().bytes());
    } else {
      const v1::Sealed& sealed = response.sealed();
      committed_ = written();
      EndLocked(SealedCall{.recording_id = sealed.recording_id(),
                           .audio_bytes = sealed.audio_bytes(),
                           .audio_sha256 = sealed.audio_sha256(),
                           .digest_check = static_cast<DigestCheck>(sealed.digest_check()),
                           .supplement_of = supplement_of_});
    }
  }
  Pump();
}

void CallDelivery::AcceptOpenedLocked(const v1::Opened& opened) {
  // A recorder that lost its memory of a live call, and meets it again under the same call id: what comes now follows what the gateway has.
  const bool first = recording_id_.empty() && resume_token_.empty();
  if (first && !replayable_ && !source_gone_) timeline_base_ = opened.committed_bytes();
  if (opened.committed_bytes() < timeline_base_) {
    EndLocked(absl::DataLossError("the gateway has lost what came before this call's first byte; start it under another call id"));
    return;
  }
  recording_id_ = opened.recording_id();
  resume_token_ = opened.resume_token();
  supplement_of_ = opened.supplement_of();
  message_bytes_max_ =
      opened.message_bytes_max() == 0 ? kMessageAudioBytesMax : std::min<size_t>(opened.message_bytes_max(), kMessageAudioBytesMax);
  opened_ = true;
  PlaceTimelineLocked(opened);
  if (result_.has_value()) return;
  Report({.kind = RecorderEvent::Kind::kConnected, .offset = sent_});
  SaveStateLocked();
}

// Where the stream continues, and whether the digest can still be of the whole call.
void CallDelivery::PlaceTimelineLocked(const v1::Opened& opened) {
  const uint64_t at = opened.committed_bytes() - timeline_base_;
  const bool forgotten = at < committed_;
  if (at > written() && source_gone_) {
    memory_.Reset(at);
    changed_.SignalAll();
  }
  if (at > written() && !replayable_) {
    EndLocked(absl::InternalError(
        absl::StrCat("the gateway has ", at, " bytes of this call, more than the ", written(), " there are; is the call id used twice?")));
    return;
  }
  if (opened.has_lost()) {
    Report({.kind = RecorderEvent::Kind::kDataLoss, .offset = opened.lost().offset(), .length = opened.lost().length()});
  } else if (forgotten) {
    Report({.kind = RecorderEvent::Kind::kDataLoss, .offset = at, .length = committed_ - at});
  }
  if (forgotten) lost_until_ = committed_;
  const bool digest_is_lost = !replayable_ && hashed_ < at;  // hashed by a process that is gone
  if (DigestStart() > 0 || digest_is_lost || forgotten || opened.has_lost() || !opened.supplement_of().empty()) {
    RestartDigest(at);
    hashed_ = replayable_ ? std::min(hashed_, at) : at;
  }
  sent_ = at;
  committed_ = std::max(committed_, at);
  ReleaseCommittedLocked();
}

void CallDelivery::AcceptCommittedLocked(uint64_t committed) {
  if (committed < timeline_base_ || committed - timeline_base_ > sent_) {
    EndLocked(absl::InternalError("the gateway acknowledged bytes that it was not sent; are client and gateway of compatible versions?"));
    return;
  }
  if (committed - timeline_base_ <= committed_) return;
  committed_ = committed - timeline_base_;
  failures_ = 0;
  ReleaseCommittedLocked();
}

void CallDelivery::ReleaseCommittedLocked() {
  const uint64_t done_with = std::min(committed_, hashed_);
  const bool spooled = memory_.begin() > 0 && spools_audio_;
  if (done_with > memory_.begin()) {
    memory_.ReleaseBelow(std::min(done_with, written()));
    changed_.SignalAll();
  }
  if (spooled && !release_posted_) {
    release_posted_ = true;
    context_->disk().Post([self = shared_from_this()] { self->ReleaseOnDisk(); });
  }
}

void CallDelivery::OnWritten(RecordStream* stream) {
  bool release = false;
  {
    absl::MutexLock lock(&mutex_);
    sending_ = false;
    release = reads_ended_;
  }
  if (release) {
    stream->Release();
  } else {
    Pump();
  }
}

void CallDelivery::OnReadsEnded(RecordStream* stream) {
  bool release = false;
  {
    absl::MutexLock lock(&mutex_);
    reads_ended_ = true;
    release = !sending_;
  }
  if (release) stream->Release();
}

void CallDelivery::OnStreamEnded(const grpc::Status& status) {
  {
    absl::MutexLock lock(&mutex_);
    stream_ = nullptr;
    opened_ = sending_ = reads_ended_ = false;
    if (!result_.has_value() && !stopped_) {
      StreamErrorLocked(status.ok() ? absl::UnavailableError("the gateway ended the stream before the call was sealed") : FromGrpc(status));
    }
  }
  Pump();
}

void CallDelivery::StreamErrorLocked(const absl::Status& status) {
  ++failures_;
  const std::optional<v1::ErrorDetail> detail = DetailOf(status);
  if (status.code() == absl::StatusCode::kAlreadyExists && detail.has_value() && detail->has_already_sealed()) {
    AlreadySealedLocked(status, detail->already_sealed());
    return;
  }
  const std::optional<absl::Duration> wait = RetryAfter(status, failures_, context_->options().backoff, absl::Now(), Jitter());
  if (wait.has_value()) {
    RetryLocked(status, *wait);
  } else {
    EndLocked(status);
  }
}

// The gateway has this call sealed. That is what we want where it has just what we hold: our Finish got through and its answer did not, or
// a file is offered a second time.
void CallDelivery::AlreadySealedLocked(const absl::Status& status, const v1::AlreadySealed& sealed) {
  if (replayable_) {
    already_sealed_ = sealed;
    sent_ = sealed.audio_bytes();
    committed_ = std::max(committed_, sent_);
    return;
  }
  const uint64_t end = timeline_base_ + written();
  const bool covered = source_gone_ ? end <= sealed.audio_bytes() : finished_ && end == sealed.audio_bytes();
  const bool whole_digest = !source_gone_ && timeline_base_ == 0 && DigestStart() == 0 && hashed_ == written();
  if (covered && (!whole_digest || Digest() == sealed.audio_sha256())) {
    committed_ = written();
    EndLocked(SealedCall{.recording_id = sealed.recording_id(),
                         .audio_bytes = sealed.audio_bytes(),
                         .audio_sha256 = sealed.audio_sha256(),
                         .digest_check = static_cast<DigestCheck>(sealed.digest_check()),
                         .supplement_of = supplement_of_});
  } else {
    EndLocked(status);
  }
}

void CallDelivery::CompareWithSealedLocked() {
  const bool too_long = written() > already_sealed_->audio_bytes();
  if (!finished_ && !too_long) return;
  if (!too_long && Digest() == already_sealed_->audio_sha256()) {
    EndLocked(SealedCall{.recording_id = already_sealed_->recording_id(),
                         .audio_bytes = already_sealed_->audio_bytes(),
                         .audio_sha256 = already_sealed_->audio_sha256(),
                         .digest_check = DigestCheck::kMatched,
                         .supplement_of = {}});
    return;
  }
  EndLocked(absl::AlreadyExistsError(absl::StrCat("recording ", already_sealed_->recording_id(),
                                                  " is sealed under this call id with other audio; give this one another call id")));
}

}  // namespace otokura::client
