// How a Record stream ends a call: the last chunk, the digest, the manifest.
#include <utility>

#include "server/recordings/errors.h"
#include "server/recordings/ingest_stream.h"
#include "server/recordings/limits.h"
#include "server/recordings/sealing.h"

namespace otokura::recordings {

void RecordStream::HandleFinish(const v1::Finish& finish) {
  if (finish.total_bytes() != position_) return End(OffsetMismatchError("finish.total_bytes", position_, finish.total_bytes()));
  if (finish.sha256().size() != crypto::kSha256Bytes) return End(absl::InvalidArgumentError("finish.sha256: must be 32 bytes"));
  if (finish.digest_start() != 0 && finish.digest_start() != begin_) {
    return End(OffsetMismatchError("finish.digest_start", begin_, finish.digest_start()));
  }
  finish_ = finish;
  phase_ = Phase::kFinishing;
  end_status_ = absl::OkStatus();
  if (in_flight_ == 0) SealFinalChunk();
}

void RecordStream::SealFinalChunk() {
  v1::PartRecord& part = *stored_.record.mutable_parts(stored_.record.parts_size() - 1);
  part.set_ended(true);
  part.set_terminated(true);
  part.set_chunks(part_->chunks_sealed());
  part.set_tail_bytes(static_cast<uint32_t>(buffer_.size()));
  part.set_salt(part_->header().substr(0, crypto::kSaltBytes));
  part.set_commitment(part_->header().substr(crypto::kSaltBytes));
  std::string sealed;
  if (object_bytes_ == 0) sealed = part_->header();
  const absl::Status status = part_->SealFinal(buffer_, &sealed);
  part_.reset();
  if (Fail(status)) return;
  Submit(std::move(sealed), buffer_.size());
  buffer_.clear();
}

void RecordStream::EndParts() {
  v1::RecordingRecord& record = stored_.record;
  record.set_end_offset(position_);
  record.set_state(v1::SEALED);
  if (record.parts_size() == 1 && begin_ == record.start_offset()) {
    record.set_audio_sha256(digest_.Digest());
    return CommitSeal();
  }
  // Nobody holds the hash of what came before the interruption, and reading it all back shows that it can be read.
  if (!verifier_.has_value()) {
    auto verifier = keys::RecordingVerifier::Create(*epoch_, IdOf(record), record.wrapped_data_key());
    if (Fail(verifier.status())) return;
    verifier_ = *std::move(verifier);
  }
  digest_pass_.emplace(&site_.engine->audio(), &*verifier_, record, finish_.digest_start());
  DigestStep();
}

void RecordStream::DigestStep() {
  auto finished = digest_pass_->Step();
  if (!finished.ok()) return End(absl::UnavailableError("storage: cannot be read for now; resume"));
  if (!*finished) return Post(&RecordStream::DigestStep);
  stored_.record.set_audio_sha256(digest_pass_->whole_digest());
  CommitSeal();
}

void RecordStream::CommitSeal() {
  v1::RecordingRecord& record = stored_.record;
  const bool whole = finish_.digest_start() == record.start_offset();
  if (finish_.digest_start() < record.start_offset()) {
    record.set_digest_check(v1::ABSENT);  // a supplement: the digest covers bytes that are another recording's
  } else {
    const std::string kept = whole ? record.audio_sha256() : digest_pass_.has_value() ? digest_pass_->tail_digest() : digest_.Digest();
    record.set_digest_check(kept != finish_.sha256() ? v1::MISMATCHED : whole ? v1::MATCHED : v1::MATCHED_TAIL);
  }
  Ending ending;
  if (digest_pass_.has_value()) ending.damage = digest_pass_->damage();
  MarkDamage(ending.damage, site_.limits.gaps_max(), &record);
  ending.record = record;
  ending.expected_bytes = stored_.bytes;
  ending.particulars = caller_.Describe();
  committing_ = true;
  CommitEnding(site_, shared_->intake, *sealer_, std::move(ending),
               [self = shared_from_this()](absl::StatusOr<v1::RecordingRecord> sealed) {
                 self->strand_.Post([self, sealed = std::move(sealed)] { self->SealCommitted(sealed); });
               });
}

void RecordStream::SealCommitted(const absl::StatusOr<v1::RecordingRecord>& record) {
  committing_ = false;
  if (!record.ok()) {
    return End(absl::IsAborted(record.status()) ? absl::AbortedError("call: somebody else changed it; resume") : record.status());
  }
  shared_->intake.CallClosed(caller_.account().name(), IdOf(*record));
  // Before the recorder hears of it: whoever asks for the call next must find it sealed, not live.
  if (std::exchange(claimed_, false)) shared_->registry.Release(call_tag_, this);
  v1::RecordResponse response;
  v1::Sealed& sealed = *response.mutable_sealed();
  sealed.set_recording_id(IdOf(*record).Text());
  sealed.set_audio_bytes(record->end_offset() - record->start_offset());
  sealed.set_audio_sha256(record->audio_sha256());
  sealed.set_digest_check(record->digest_check());
  peer_->Send(std::move(response));
  End(end_status_);
}

}  // namespace otokura::recordings
