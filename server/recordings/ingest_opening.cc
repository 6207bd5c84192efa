// How a Record stream comes to write a call: a new one, one that goes on, one that was sealed before, or the supplement of one that was
// given up.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "server/access/gate.h"
#include "server/recordings/errors.h"
#include "server/recordings/ingest_stream.h"
#include "server/recordings/limits.h"
#include "server/recordings/sealing.h"

namespace otokura::recordings {
namespace {

// Epochs in which the same call can have been opened: a call and its resuming span at most a change of month.
bool MayHoldCall(const keys::Epoch& epoch, absl::Time now) {
  const absl::CivilMonth month = absl::ToCivilMonth(now, absl::UTCTimeZone());
  return epoch.month() == month || epoch.month() == month - 1;
}

std::string_view TakeoverRule(Takeover takeover) { return takeover == Takeover::kSilence ? "silence" : "token"; }

void AddPart(uint32_t number, uint64_t start_offset, v1::RecordingRecord* record) {
  v1::PartRecord* part = record->add_parts();
  part->set_number(number);
  part->set_start_offset(start_offset);
}

}  // namespace

void RecordStream::Refuse(std::string_view rule, const absl::Status& status) {
  site_.gate->Refused(v1::INGEST_REFUSED, rule, access::RoleName(caller_.account().role()), caller_.Describe());
  End(status);
}

void RecordStream::HandleOpen(const v1::Open& open) {
  phase_ = Phase::kOpening;
  const absl::Time now = site_.clock->Now();
  const access::Decision decision =
      access::DecideRecord(*site_.gate->rules(), caller_, {open.centre(), open.queue(), open.retention_class(), open.format()}, now);
  if (!decision.allowed) return Refuse(decision.rule, decision.refusal);
  auto request = CheckOpen(open, caller_.account(), site_.limits, now);
  if (!request.ok()) return End(request.status());
  request_ = *std::move(request);
  Claim();
}

absl::StatusOr<std::optional<StoredRecord>> RecordStream::FindCall(std::string* call_tag) const {
  const absl::Time now = site_.clock->Now();
  auto own_epoch = site_.keys->EpochAt(request_.retention_class, now);
  if (!own_epoch.ok()) return own_epoch.status();
  *call_tag = (*own_epoch)->index().Tag(crypto::IndexField::kCallIdentity, request_.call_identity);
  for (const auto& epoch : site_.keys->Live()) {
    if (!MayHoldCall(*epoch, now)) continue;
    const std::string tag = epoch->index().Tag(crypto::IndexField::kCallIdentity, request_.call_identity);
    auto id_bytes = site_.engine->records().Get(storage::Table::kCalls, tag);
    if (!id_bytes.ok()) return id_bytes.status();
    if (!id_bytes->has_value()) continue;
    auto id = storage::RecordingId::FromBytes(**id_bytes);
    if (!id.ok()) return absl::DataLossError("call index: damaged; run otokurad fsck");
    auto stored = ReadRecord(site_.engine->records(), *id);
    if (!stored.ok()) return stored.status();
    *call_tag = tag;
    return std::optional<StoredRecord>(*std::move(stored));
  }
  return std::optional<StoredRecord>();
}

void RecordStream::Claim() {
  auto found = FindCall(&call_tag_);
  if (!found.ok()) return End(found.status());
  shared_->registry.Acquire(call_tag_, shared_from_this(), request_.token_sha256,
                            [self = shared_from_this()](absl::Status status, Takeover takeover) {
                              self->strand_.Post([self, status = std::move(status), takeover] { self->Granted(status, takeover); });
                            });
}

void RecordStream::Granted(const absl::Status& status, Takeover takeover) {
  if (phase_ != Phase::kOpening) {  // the stream ended while it waited its turn
    if (status.ok()) shared_->registry.Release(call_tag_, this);
    return;
  }
  if (!status.ok()) return Refuse(absl::IsPermissionDenied(status) ? "token" : "call-is-live", status);
  claimed_ = true;
  // What was found before the claim may have changed while we waited.
  std::string tag;
  auto found = FindCall(&tag);
  if (!found.ok()) return End(found.status());
  if (!found->has_value()) return OpenNew(std::nullopt);
  StoredRecord stored = **std::move(found);
  if (absl::Status resumable = CheckResumable(stored, &takeover); !resumable.ok()) {
    if (absl::IsAlreadyExists(resumable)) return End(resumable);
    return Refuse(absl::IsPermissionDenied(resumable) ? "token" : "call-is-live", resumable);
  }
  if (stored.record.state() == v1::SEALED) return AnswerSealed(stored.record);
  if (stored.record.state() == v1::INCOMPLETE) return OpenNew(std::move(stored));
  Resume(std::move(stored), takeover);
}

absl::Status RecordStream::CheckResumable(const StoredRecord& stored, Takeover* takeover) const {
  const v1::RecordingRecord& record = stored.record;
  const bool token_fits = !request_.token_sha256.empty() && request_.token_sha256 == record.resume_token_sha256();
  if (token_fits) {
    *takeover = Takeover::kToken;
    return absl::OkStatus();
  }
  if (record.state() == v1::SEALED) {
    v1::ErrorDetail detail;
    detail.mutable_already_sealed()->set_recording_id(IdOf(record).Text());
    detail.mutable_already_sealed()->set_audio_bytes(record.end_offset() - record.start_offset());
    detail.mutable_already_sealed()->set_audio_sha256(record.audio_sha256());
    detail.mutable_already_sealed()->set_digest_check(record.digest_check());
    return WithDetail(absl::AlreadyExistsError("call: sealed before under this call_id and leg; give another call its own call_id"),
                      detail);
  }
  if (!request_.token_sha256.empty()) return absl::PermissionDeniedError("resume_token: not the token of this call");
  if (record.state() == v1::INCOMPLETE || *takeover == Takeover::kSilence) {
    *takeover = Takeover::kSilence;
    return absl::OkStatus();
  }
  // Whatever this process did not hear itself counts from its start: a restart must not shorten a silence.
  const absl::Time heard =
      std::max({shared_->registry.LastReleased(call_tag_), absl::FromUnixMillis(record.last_stream_unix_ms()), shared_->started});
  const absl::Time takeover_at = heard + absl::Seconds(site_.limits.takeover_silence_seconds());
  if (site_.clock->Now() < takeover_at) return CallIsLiveError(takeover_at);
  *takeover = Takeover::kSilence;
  return absl::OkStatus();
}

void RecordStream::OpenNew(std::optional<StoredRecord> abandoned) {
  auto free = site_.engine->audio().Free();
  if (!free.ok()) return End(free.status());
  const v1::Account& account = caller_.account();
  const absl::Time now = site_.clock->Now();
  const auto id = storage::RecordingId::Make(now, crypto::RandomBytes(10));
  if (absl::Status room = shared_->intake.OpenCall(account.name(), id, account.recorder(), *free); !room.ok()) return Refuse("limit", room);
  counted_open_ = id;
  auto epoch = site_.keys->EpochAt(request_.retention_class, now);
  if (!epoch.ok()) return End(epoch.status());
  epoch_ = *std::move(epoch);
  auto sealer = keys::RecordingSealer::CreateNew(*epoch_, id);
  if (!sealer.ok()) return End(sealer.status());
  sealer_ = *std::move(sealer);
  auto metadata = sealer_->SealMetadata(request_.open.metadata());
  if (!metadata.ok()) return End(metadata.status());
  resume_token_ = crypto::RandomBytes(kResumeTokenBytes);

  v1::RecordingRecord& record = stored_.record;
  record.set_version(kRecordVersion);
  record.set_id(std::string(id.bytes()));
  record.set_state(v1::LIVE);
  record.set_recorder(account.name());
  record.set_centre(request_.open.centre());
  record.set_queue(request_.open.queue());
  record.set_leg(request_.open.leg());
  *record.mutable_format() = request_.open.format();
  record.set_retention_class(request_.retention_class);
  record.set_epoch_id(epoch_->id());
  record.set_wrapped_data_key(sealer_->wrapped_data_key());
  record.set_opened_unix_ms(absl::ToUnixMillis(now));
  record.set_last_stream_unix_ms(absl::ToUnixMillis(now));
  record.set_recorder_start_unix_ms(request_.open.recorder_start_unix_ms());
  record.set_resume_token_sha256(crypto::Sha256(resume_token_));
  record.set_call_tag(epoch_->index().Tag(crypto::IndexField::kCallIdentity, request_.call_identity));
  for (const auto& [field, value] : request_.index_values) record.add_index_tags(TagPrefix(field, epoch_->index().Tag(field, value)));

  storage::RecordCommit commit;
  std::optional<std::string> previous;
  if (abandoned.has_value()) {
    record.set_supplement_of(abandoned->record.id());
    record.set_start_offset(abandoned->record.end_offset());
    if (abandoned->record.call_tag() == record.call_tag()) previous = abandoned->record.id();
    // The old epoch's row must lead here too, or a resume at the turn of a month would find the given-up recording again.
    commit.batch.Put(storage::Table::kCalls, abandoned->record.call_tag(), record.id());
  }
  AddPart(0, record.start_offset(), &record);
  commit.batch.Put(storage::Table::kMetadata, record.id(), *std::move(metadata));
  commit.batch.preconditions.push_back({storage::Table::kCalls, record.call_tag(), previous});
  commit.entries.push_back(RecordingEntry(v1::RECORDING_OPENED, record, abandoned.has_value() ? "supplement" : "new", caller_.Describe()));
  std::optional<v1::AudioGap> lost = BeginAt(record.start_offset(), &record, &commit);
  if (Fail(shared_->intake.TakeBytes(account.name(), account.recorder(), pending_silence_))) return;
  PutNew(record, &commit.batch);
  CommitOpening(std::move(commit), std::move(lost));
}

// Acknowledged bytes that are not there, because the store was damaged or set back, are said and filled, never passed over (I4). No limit
// on gaps holds here.
std::optional<v1::AudioGap> RecordStream::BeginAt(uint64_t committed, v1::RecordingRecord* record, storage::RecordCommit* commit) {
  durable_ = position_ = committed;
  begin_ = std::max(committed, request_.open.acknowledged_bytes());
  pending_silence_ = begin_ - committed;
  if (begin_ == committed) return std::nullopt;
  v1::AudioGap lost;
  lost.set_offset(committed);
  lost.set_length(begin_ - committed);
  lost.set_reason(v1::AudioGap::GATEWAY_LOSS);
  *record->add_gaps() = lost;
  commit->entries.push_back(RecordingEntry(v1::RECORDING_DATA_LOSS, *record, "acknowledged-missing", caller_.Describe()));
  return lost;
}

void RecordStream::Resume(StoredRecord stored, Takeover takeover) {
  auto epoch = site_.keys->Find(stored.record.epoch_id());
  if (!epoch.ok()) return End(absl::DataLossError("call: its epoch key is gone; it cannot go on"));
  epoch_ = *std::move(epoch);
  const storage::RecordingId id = IdOf(stored.record);
  auto sealer = keys::RecordingSealer::Resume(*epoch_, id, stored.record.wrapped_data_key());
  if (!sealer.ok()) return End(sealer.status());
  auto verifier = keys::RecordingVerifier::Create(*epoch_, id, stored.record.wrapped_data_key());
  if (!verifier.ok()) return End(verifier.status());
  sealer_ = *std::move(sealer);
  verifier_ = *std::move(verifier);
  // Counted already, unless it was not known whether its opening was stored.
  shared_->intake.SeedLive(caller_.account().name(), id);

  v1::RecordingRecord record = stored.record;
  if (static_cast<uint32_t>(record.parts_size()) >= site_.limits.parts_max()) {
    return Refuse("limit", LimitReachedError("parts_max", site_.limits.parts_max(),
                                             "the call was interrupted too often; record on under a new call_id"));
  }
  const uint32_t next_part = record.parts().rbegin()->number() + 1;
  // A failed write that could not be cut off when its stream ended.
  object_ = {id, record.parts().rbegin()->number()};
  if (site_.committer->durable_bytes(object_) > 0) CutToDurable();
  auto settled = SettleOpenPart(site_.engine->audio(), *verifier_, &record);
  if (Fail(settled.status())) return;
  const uint64_t committed = settled->committed;
  leftover_ = settled->leftover;

  storage::RecordCommit commit;
  std::optional<v1::AudioGap> lost = BeginAt(committed, &record, &commit);
  if (Fail(shared_->intake.TakeBytes(caller_.account().name(), caller_.account().recorder(), pending_silence_))) return;
  if (takeover == Takeover::kSilence) {
    resume_token_ = crypto::RandomBytes(kResumeTokenBytes);
    record.set_resume_token_sha256(crypto::Sha256(resume_token_));
  } else {
    resume_token_ = request_.open.resume_token();
  }
  AddPart(next_part, committed, &record);
  record.set_last_stream_unix_ms(absl::ToUnixMillis(site_.clock->Now()));
  commit.batch.preconditions.push_back({storage::Table::kRecordings, record.id(), std::move(stored.bytes)});
  commit.batch.Put(storage::Table::kRecordings, record.id(), record.SerializeAsString());
  commit.entries.push_back(RecordingEntry(v1::RECORDING_RESUMED, record, TakeoverRule(takeover), caller_.Describe()));
  stored_.record = std::move(record);
  CommitOpening(std::move(commit), std::move(lost));
}

void RecordStream::CommitOpening(storage::RecordCommit commit, std::optional<v1::AudioGap> lost) {
  commit.batch.may_use_reserve =
      stored_.record.parts_size() > 1;  // a call that goes on may be finished on a full disk, a new one may not begin
  stored_.bytes = stored_.record.SerializeAsString();
  committing_ = true;
  commit.done = [self = shared_from_this(), lost = std::move(lost)](const absl::Status& status, absl::Span<const uint64_t>) {
    self->strand_.Post([self, status, lost] { self->Opened(status, lost); });
  };
  site_.committer->Commit(std::move(commit));
}

void RecordStream::Opened(const absl::Status& status, const std::optional<v1::AudioGap>& lost) {
  committing_ = false;
  if (phase_ == Phase::kEnding) return EndWhenQuiet();
  if (absl::IsAborted(status)) return End(absl::UnavailableError("call: it changed meanwhile; try again"));
  if (Fail(status)) return;
  counted_open_.reset();  // from here on the live record speaks for itself
  const v1::PartRecord& part = *stored_.record.parts().rbegin();
  auto sealer = sealer_->StartPart(part.number());
  if (Fail(sealer.status())) return;
  part_ = *std::move(sealer);
  object_ = {IdOf(stored_.record), part.number()};
  if (leftover_.has_value()) DropLeftover(site_.engine->audio(), *leftover_);
  shared_->registry.SetToken(call_tag_, this, stored_.record.resume_token_sha256());
  phase_ = Phase::kStreaming;
  v1::RecordResponse response;
  v1::Opened& opened = *response.mutable_opened();
  opened.set_recording_id(object_.recording.Text());
  opened.set_resume_token(resume_token_);
  opened.set_committed_bytes(begin_);
  if (lost.has_value()) *opened.mutable_lost() = *lost;
  opened.set_supplement_of(Summarise(stored_.record).supplement_of());
  opened.set_message_bytes_max(kAudioMessageBytesMax);
  peer_->Send(std::move(response));
  FillSilence();
  WantNext();
}

void RecordStream::AnswerSealed(const v1::RecordingRecord& record) {
  shared_->intake.CallClosed(record.recorder(), IdOf(record));  // again, where it was not known whether its sealing was stored
  v1::RecordResponse opened;
  opened.mutable_opened()->set_recording_id(IdOf(record).Text());
  opened.mutable_opened()->set_resume_token(request_.open.resume_token());
  opened.mutable_opened()->set_committed_bytes(record.end_offset());
  opened.mutable_opened()->set_message_bytes_max(kAudioMessageBytesMax);
  peer_->Send(std::move(opened));
  v1::RecordResponse sealed;
  sealed.mutable_sealed()->set_recording_id(IdOf(record).Text());
  sealed.mutable_sealed()->set_audio_bytes(record.end_offset() - record.start_offset());
  sealed.mutable_sealed()->set_audio_sha256(record.audio_sha256());
  sealed.mutable_sealed()->set_digest_check(record.digest_check());
  peer_->Send(std::move(sealed));
  End(absl::OkStatus());
}

}  // namespace otokura::recordings
