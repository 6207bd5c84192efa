#include "server/recordings/ingest_stream.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/recordings/errors.h"
#include "server/recordings/formats.h"
#include "server/recordings/limits.h"
#include "server/recordings/sealing.h"

namespace otokura::recordings {

using crypto::kChunkBytes;

RecordStream::RecordStream(std::shared_ptr<IngestShared> shared, access::Caller caller, std::shared_ptr<IngestPeer> peer,
                           std::function<void()> ended)
    : shared_(std::move(shared)),
      site_(shared_->site),
      caller_(std::move(caller)),
      peer_(std::move(peer)),
      ended_(std::move(ended)),
      strand_(site_.executor) {}

void RecordStream::Post(void (RecordStream::*step)()) {
  strand_.Post([self = shared_from_this(), step] { ((*self).*step)(); });
}

void RecordStream::Start() { Post(&RecordStream::WantNext); }

void RecordStream::OnRequest(v1::RecordRequest request) {
  strand_.Post([self = shared_from_this(), request = std::move(request)]() mutable {
    self->reading_ = false;
    self->Handle(std::move(request));
    self->WantNext();
  });
}

void RecordStream::OnHalfClose() {
  strand_.Post([self = shared_from_this()] {
    if (self->phase_ == Phase::kAwaitingOpen) return self->End(absl::InvalidArgumentError("open: must be the first request"));
    if (self->phase_ == Phase::kStreaming) self->End(absl::OkStatus());
  });
}

void RecordStream::OnCancel() {
  strand_.Post([self = shared_from_this()] {
    // A Finish that was heard is carried through; its recorder may ask again.
    if (self->phase_ != Phase::kFinishing) self->End(absl::CancelledError("record: the stream was cancelled"));
  });
}

void RecordStream::Fence(absl::Status reason) {
  strand_.Post([self = shared_from_this(), reason = std::move(reason)] {
    if (self->phase_ != Phase::kFinishing) self->End(reason);
  });
}

size_t RecordStream::InFlightMax() const { return site_.committer->audio_is_crowded() ? kChunksInFlightCrowded : kChunksInFlightMax; }

void RecordStream::WantNext() {
  if (reading_ || phase_ == Phase::kOpening || phase_ == Phase::kEnding || phase_ == Phase::kEnded) return;
  if (phase_ == Phase::kStreaming && (committing_ || pending_silence_ > 0 || in_flight_ >= InFlightMax())) return;
  reading_ = true;
  peer_->ReadNext();
}

void RecordStream::Handle(v1::RecordRequest request) {
  if (phase_ == Phase::kEnding || phase_ == Phase::kEnded) return;
  // Before all else: a Finish that was heard is carried through, whatever comes after it.
  if (phase_ == Phase::kFinishing) {
    end_status_ = absl::FailedPreconditionError("request: nothing may follow finish; the call is sealed as it was at finish");
    return;
  }
  if (Fail(caller_.StillWelcome(site_.clock->Now()))) return;
  if (phase_ == Phase::kAwaitingOpen) {
    if (!request.has_open()) return End(absl::InvalidArgumentError("open: must be the first request"));
    return HandleOpen(request.open());
  }
  shared_->registry.Heard(call_tag_, this);
  switch (request.step_case()) {
    case v1::RecordRequest::kAudio:
      return HandleAudio(std::move(*request.mutable_audio()));
    case v1::RecordRequest::kGap:
      return HandleGap(request.gap());
    case v1::RecordRequest::kFinish:
      return HandleFinish(request.finish());
    case v1::RecordRequest::kOpen:
      return End(absl::FailedPreconditionError("open: the call is open already; one stream carries one call leg"));
    case v1::RecordRequest::STEP_NOT_SET:
      return End(absl::InvalidArgumentError("request: one of audio, gap and finish must be set"));
  }
}

absl::Status RecordStream::CheckRoom(uint64_t bytes) {
  const v1::RecorderLimits& limits = caller_.account().recorder();
  if (position_ + bytes > limits.call_bytes_max()) {
    return LimitReachedError("call_bytes_max", limits.call_bytes_max(), "finish this call; what follows belongs to another");
  }
  return shared_->intake.TakeBytes(caller_.account().name(), limits, bytes);
}

void RecordStream::HandleAudio(v1::Audio audio) {
  if (audio.data().empty() || audio.data().size() > kAudioMessageBytesMax) {
    return End(absl::InvalidArgumentError(absl::StrCat("audio.data: ", audio.data().size(), " bytes; send 1 to ", kAudioMessageBytesMax)));
  }
  if (audio.offset() != position_) return End(OffsetMismatchError("audio.offset", position_, audio.offset()));
  if (Fail(CheckRoom(audio.data().size()))) return;
  Take(audio.data());
}

void RecordStream::HandleGap(const v1::AudioGap& gap) {
  if (gap.length() == 0 || gap.length() > kGapBytesMax) {
    return End(
        absl::InvalidArgumentError(absl::StrCat("gap.length: ", gap.length(), "; send 1 to ", kGapBytesMax, ", longer gaps as several")));
  }
  if (gap.reason() != v1::AudioGap::SPOOL_FULL && gap.reason() != v1::AudioGap::PACKET_LOSS &&
      gap.reason() != v1::AudioGap::RECORDER_RESTART) {
    return End(absl::InvalidArgumentError("gap.reason: not one a recorder can give"));
  }
  if (gap.offset() != position_) return End(OffsetMismatchError("gap.offset", position_, gap.offset()));
  if (static_cast<uint32_t>(stored_.record.gaps_size()) >= site_.limits.gaps_max()) {
    return End(LimitReachedError("gaps_max", site_.limits.gaps_max(), "finish this call"));
  }
  if (Fail(CheckRoom(gap.length()))) return;
  // Durable before the silence that stands in for it, or a crash would leave silence that nobody owned up to.
  *stored_.record.add_gaps() = gap;
  storage::RecordCommit commit;
  commit.batch.preconditions.push_back({storage::Table::kRecordings, stored_.record.id(), std::move(stored_.bytes)});
  stored_.bytes = stored_.record.SerializeAsString();
  commit.batch.Put(storage::Table::kRecordings, stored_.record.id(), stored_.bytes);
  commit.entries.push_back(RecordingEntry(v1::RECORDING_GAP, stored_.record, v1::AudioGap::Reason_Name(gap.reason()), caller_.Describe()));
  committing_ = true;
  commit.done = [self = shared_from_this(), length = gap.length()](const absl::Status& status, absl::Span<const uint64_t>) {
    self->strand_.Post([self, status, length] { self->GapCommitted(status, length); });
  };
  site_.committer->Commit(std::move(commit));
}

void RecordStream::GapCommitted(const absl::Status& status, uint64_t length) {
  committing_ = false;
  if (phase_ == Phase::kEnding) return EndWhenQuiet();
  if (absl::IsAborted(status)) return End(absl::UnavailableError("call: it changed meanwhile; resume"));
  if (Fail(status)) return;
  pending_silence_ = length;
  FillSilence();
  WantNext();
}

void RecordStream::FillSilence() {
  const char silence = SilenceByte(stored_.record.format());
  while (pending_silence_ > 0 && in_flight_ < InFlightMax() && phase_ == Phase::kStreaming) {
    const uint64_t piece = std::min<uint64_t>(pending_silence_, kChunkBytes - buffer_.size());
    pending_silence_ -= piece;
    Take(std::string(piece, silence));
  }
}

void RecordStream::Take(std::string_view audio) {
  if (position_ >= begin_) digest_.Update(audio);
  position_ += audio.size();
  while (!audio.empty() && phase_ == Phase::kStreaming) {
    if (buffer_.empty() && audio.size() >= kChunkBytes) {
      SealChunk(audio.substr(0, kChunkBytes));
      audio.remove_prefix(kChunkBytes);
      continue;
    }
    const size_t piece = std::min(kChunkBytes - buffer_.size(), audio.size());
    buffer_.append(audio.substr(0, piece));
    audio.remove_prefix(piece);
    if (buffer_.size() == kChunkBytes) {
      SealChunk(buffer_);
      buffer_.clear();
    }
  }
}

void RecordStream::SealChunk(std::string_view chunk) {
  std::string sealed;
  sealed.reserve(crypto::kHeaderBytes + crypto::kSealedChunkBytes);
  if (object_bytes_ == 0) sealed = part_->header();
  if (Fail(part_->SealNext(chunk, &sealed))) return;
  Submit(std::move(sealed), chunk.size());
}

void RecordStream::Submit(std::string sealed, uint64_t plaintext_bytes) {
  storage::AudioAppend append;
  append.object = object_;
  append.offset = object_bytes_;
  object_bytes_ += sealed.size();
  append.bytes = std::move(sealed);
  append.done = [self = shared_from_this(), plaintext_bytes](const absl::Status& status) {
    self->strand_.Post([self, status, plaintext_bytes] { self->AppendDone(status, plaintext_bytes); });
  };
  ++in_flight_;
  site_.committer->Append(std::move(append));
}

void RecordStream::AppendDone(const absl::Status& status, uint64_t plaintext_bytes) {
  --in_flight_;
  if (status.ok()) {
    durable_ += plaintext_bytes;
    // The final, short chunk counts only once the record says so: Sealed acknowledges it.
    if (durable_ > begin_ && part_.has_value()) {
      v1::RecordResponse response;
      response.mutable_committed()->set_bytes(durable_);
      peer_->Send(std::move(response));
    }
  } else if (append_failed_ = true; absl::IsResourceExhausted(status)) {
    End(LimitReachedError("free_space", 0, "the disk is full; keep what was not acknowledged and resume",
                          site_.clock->Now() + absl::Seconds(10)));
  } else {
    End(absl::UnavailableError("storage: a write failed; resume from the committed offset"));
  }
  if (phase_ == Phase::kStreaming) {
    FillSilence();
    WantNext();
  } else if (phase_ == Phase::kFinishing && in_flight_ == 0) {
    if (part_.has_value()) {
      SealFinalChunk();
    } else {
      EndParts();
    }
  } else if (phase_ == Phase::kEnding) {
    EndWhenQuiet();
  }
}

bool RecordStream::Fail(const absl::Status& status) {
  if (status.ok()) return false;
  End(status);
  return true;
}

void RecordStream::End(absl::Status status) {
  if (phase_ == Phase::kEnding || phase_ == Phase::kEnded) return;
  phase_ = Phase::kEnding;
  end_status_ = std::move(status);
  EndWhenQuiet();
}

// Bytes past the last good sync may read back now and be gone after a power cut. Nobody was told that they are kept, so they go.
void RecordStream::CutToDurable() {
  const absl::Status cut = site_.engine->audio().Truncate(object_, site_.committer->durable_bytes(object_));
  // Until it can be cut, the store refuses to vouch for the object, and a resume is answered UNAVAILABLE.
  if (cut.ok() || absl::IsNotFound(cut)) site_.committer->Forget(object_);
}

void RecordStream::EndWhenQuiet() {
  if (in_flight_ > 0 || committing_ || phase_ != Phase::kEnding) return;
  phase_ = Phase::kEnded;
  if (append_failed_) {
    CutToDurable();
  } else if (object_bytes_ > 0) {
    site_.committer->Seal(object_, [committer = site_.committer, object = object_](const absl::Status&) { committer->Forget(object); });
  }
  if (counted_open_.has_value()) shared_->intake.CallClosed(caller_.account().name(), *counted_open_);
  if (claimed_) shared_->registry.Release(call_tag_, this);
  peer_->End(end_status_);
  peer_.reset();
  if (ended_) std::exchange(ended_, nullptr)();
}

}  // namespace otokura::recordings
