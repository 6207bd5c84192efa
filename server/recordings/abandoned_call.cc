#include "server/recordings/abandoned_call.h"

#include <algorithm>
#include <utility>

#include "server/recordings/sealing.h"

namespace otokura::recordings {
namespace {

class AbandonedCall : public CallHolder, public std::enable_shared_from_this<AbandonedCall> {
 public:
  AbandonedCall(std::shared_ptr<IngestShared> shared, const v1::RecordingRecord& record, std::function<void()> ended)
      : shared_(std::move(shared)),
        id_(IdOf(record)),
        call_tag_(record.call_tag()),
        ended_(std::move(ended)),
        strand_(shared_->site.executor) {}

  void Claim() {
    shared_->registry.Acquire(call_tag_, shared_from_this(), "", [self = shared_from_this()](absl::Status status, Takeover) {
      self->strand_.Post([self, ok = status.ok()] { ok ? self->Settle() : self->ended_(); });
    });
  }
  // A recorder that returns waits for the moment that sealing takes, and then gets its supplement.
  void Fence(absl::Status) override {}

 private:
  void Settle();
  void DigestStep();
  void Finished();

  const std::shared_ptr<IngestShared> shared_;
  const storage::RecordingId id_;
  const std::string call_tag_;
  const std::function<void()> ended_;
  const runtime::Strand strand_;
  StoredRecord stored_;
  v1::RecordingRecord record_;
  std::optional<Leftover> leftover_;
  std::optional<keys::RecordingSealer> sealer_;
  std::optional<keys::RecordingVerifier> verifier_;
  std::optional<DigestPass> digest_pass_;
};

void AbandonedCall::Settle() {
  const Site& site = shared_->site;
  auto stored = ReadRecord(site.engine->records(), id_);
  if (!stored.ok() || stored->record.state() != v1::LIVE || stored->record.parts().empty()) return Finished();
  stored_ = *std::move(stored);
  record_ = stored_.record;
  shared_->registry.SetToken(call_tag_, this, record_.resume_token_sha256());
  auto epoch = site.keys->Find(record_.epoch_id());
  if (!epoch.ok()) return Finished();
  auto sealer = keys::RecordingSealer::Resume(**epoch, id_, record_.wrapped_data_key());
  auto verifier = keys::RecordingVerifier::Create(**epoch, id_, record_.wrapped_data_key());
  if (!sealer.ok() || !verifier.ok()) return Finished();
  sealer_ = *std::move(sealer);
  verifier_ = *std::move(verifier);
  auto settled = SettleOpenPart(site.engine->audio(), *verifier_, &record_);
  if (!settled.ok()) return Finished();
  leftover_ = settled->leftover;
  record_.set_end_offset(settled->committed);
  record_.set_state(v1::INCOMPLETE);
  record_.set_digest_check(v1::ABSENT);
  digest_pass_.emplace(&site.engine->audio(), &*verifier_, record_, record_.start_offset());
  DigestStep();
}

void AbandonedCall::DigestStep() {
  auto finished = digest_pass_->Step();
  if (!finished.ok()) return Finished();
  if (!*finished) return strand_.Post([self = shared_from_this()] { self->DigestStep(); });
  record_.set_audio_sha256(digest_pass_->whole_digest());
  MarkDamage(digest_pass_->damage(), shared_->site.limits.gaps_max(), &record_);
  Ending ending{record_, stored_.bytes, digest_pass_->damage(), {}};
  CommitEnding(shared_->site, shared_->intake, *sealer_, std::move(ending),
               [self = shared_from_this()](const absl::StatusOr<v1::RecordingRecord>& sealed) {
                 self->strand_.Post([self, ok = sealed.ok()] {
                   if (ok) {
                     self->shared_->intake.CallClosed(self->record_.recorder(), self->id_);
                     if (self->leftover_.has_value()) DropLeftover(self->shared_->site.engine->audio(), *self->leftover_);
                   }
                   self->Finished();
                 });
               });
}

void AbandonedCall::Finished() {
  shared_->registry.Release(call_tag_, this);
  ended_();
}

}  // namespace

bool IsAbandoned(const IngestShared& shared, const v1::RecordingRecord& record) {
  if (record.state() != v1::LIVE || !shared.registry.Idle(record.call_tag())) return false;
  const absl::Time heard =
      std::max({shared.registry.LastReleased(record.call_tag()), absl::FromUnixMillis(record.last_stream_unix_ms()), shared.started});
  return shared.site.clock->Now() - heard >= absl::Hours(shared.site.limits.incomplete_after_hours());
}

void SealAbandonedCall(std::shared_ptr<IngestShared> shared, const v1::RecordingRecord& record, std::function<void()> ended) {
  std::make_shared<AbandonedCall>(std::move(shared), record, std::move(ended))->Claim();
}

}  // namespace otokura::recordings
