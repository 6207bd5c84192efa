#include "server/recordings/retrieval.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "server/access/listen_pace.h"
#include "server/recordings/audio_reader.h"
#include "server/recordings/errors.h"
#include "server/recordings/export_object.h"
#include "server/recordings/formats.h"
#include "server/recordings/limits.h"
#include "server/recordings/pseudonyms.h"
#include "server/recordings/resource.h"
#include "server/recordings/rows.h"
#include "server/recordings/sealing.h"

namespace otokura::recordings {
namespace {

class Stream;

// What all retrievals share: how many there are, in all and an account.
struct RetrievalShared {
  explicit RetrievalShared(const Site& s) : site(s), paces(s.clock) {}
  const Site site;
  access::ListenPaces paces;
  absl::Mutex mutex;
  absl::CondVar ended_one;
  bool draining ABSL_GUARDED_BY(mutex) = false;
  uint64_t next_number ABSL_GUARDED_BY(mutex) = 0;
  absl::flat_hash_map<uint64_t, std::shared_ptr<Stream>> running ABSL_GUARDED_BY(mutex);
  uint32_t admitted ABSL_GUARDED_BY(mutex) = 0;
  absl::flat_hash_map<std::string, uint32_t> per_account ABSL_GUARDED_BY(mutex);
};

// One retrieval: a state machine on its own strand. One message is on its way while the next is read and opened.
class Stream : public RetrievalStream, public std::enable_shared_from_this<Stream> {
 public:
  Stream(std::shared_ptr<RetrievalShared> shared, uint64_t number, access::Caller caller, access::Action action,
         v1::RetrieveRequest request, std::string export_id, std::shared_ptr<RetrievalPeer> peer)
      : shared_(std::move(shared)),
        site_(shared_->site),
        number_(number),
        caller_(std::move(caller)),
        action_(action),
        request_(std::move(request)),
        export_id_(std::move(export_id)),
        peer_(std::move(peer)),
        strand_(site_.executor) {}

  void Post(void (Stream::*step)()) {
    strand_.Post([self = shared_from_this(), step] { ((*self).*step)(); });
  }
  void OnSent() override { Post(&Stream::Sent); }
  void OnCancel() override { Cut(absl::CancelledError("retrieval: cancelled by the caller")); }
  void Cut(absl::Status reason) {
    strand_.Post([self = shared_from_this(), reason = std::move(reason)] { self->Conclude(reason); });
  }

  void Begin();
  void Permitted(absl::StatusOr<keys::ReleasePermit> permit);
  void Sent();
  void GoOn();
  void Look();

 private:
  bool IsListening() const { return action_ == access::Action::kListen; }
  bool IsExporting() const { return action_ == access::Action::kRequestExport; }
  v1::AuditAction LoggedAs() const { return IsExporting() ? v1::EXPORT : IsListening() ? v1::LISTEN : v1::DOWNLOAD; }
  absl::Status FindExport();
  void LookAgain();
  absl::Status Admit();
  absl::Status AdmitListener();
  void GiveBackPlace();
  void GiveBackListenersPlace();
  uint64_t MessageBytesMax() const;
  bool MayGoNow();
  absl::Status Prepare();
  uint64_t BytesAsked() const;
  absl::Status CheckRange();
  absl::Status ReadNext();
  absl::Status FinishObject();
  void SendReady();
  void ReportDamage(const absl::Status& status);
  void Conclude(absl::Status status);
  void Leave(absl::Status status);

  const std::shared_ptr<RetrievalShared> shared_;
  const Site& site_;
  const uint64_t number_;
  const access::Caller caller_;
  const access::Action action_;
  v1::RetrieveRequest request_;
  const std::string export_id_;  // as asked for; kRequestExport
  std::shared_ptr<RetrievalPeer> peer_;
  const runtime::Strand strand_;

  bool concluded_ = false;
  bool admitted_ = false;
  bool listening_ = false;  // has a place among what its person listens to
  bool sending_ = false;
  storage::RecordingId id_;
  access::Ask ask_;
  v1::RecordingRecord record_;
  std::optional<keys::ReleasePermit> permit_;
  std::optional<AudioReader> reader_;
  std::optional<ExportObject> object_;             // until it is finished
  std::optional<v1::ExportedObject> handed_over_;  // all of it
  uint64_t position_ = 0;                          // next byte to read, counted from the recording's first
  uint64_t end_ = 0;
  uint64_t delivered_ = 0;  // handed to the transport: what counts as having left
  absl::Status read_status_;
  struct Ready {
    RetrievalMessage message;
    uint64_t audio_bytes;  // that are in it
  };
  std::optional<Ready> ready_;
};

absl::Status Stream::Admit() {
  absl::MutexLock lock(&shared_->mutex);
  if (shared_->draining) return absl::UnavailableError("gateway: it is stopping; try again");
  if (shared_->admitted >= site_.limits.retrieval_streams_max()) {
    return LimitReachedError("retrieval_streams_max", site_.limits.retrieval_streams_max(), "try again when others have ended",
                             site_.clock->Now() + absl::Seconds(1));
  }
  uint32_t& count = shared_->per_account[caller_.account().name()];
  if (count >= site_.limits.retrievals_per_account_max()) {
    return LimitReachedError("retrievals_per_account_max", site_.limits.retrievals_per_account_max(),
                             "end one of this account's retrievals first");
  }
  ++count;
  ++shared_->admitted;
  admitted_ = true;
  return absl::OkStatus();
}

absl::Status Stream::AdmitListener() {
  if (!IsListening()) return absl::OkStatus();
  absl::Status entered = shared_->paces.Enter(caller_.account().person_id(), site_.gate->rules()->listen_pace());
  listening_ = entered.ok();
  return entered;
}

void Stream::GiveBackListenersPlace() {
  if (std::exchange(listening_, false)) shared_->paces.Leave(caller_.account().person_id());
}

void Stream::GiveBackPlace() {
  GiveBackListenersPlace();
  if (!std::exchange(admitted_, false)) return;
  absl::MutexLock lock(&shared_->mutex);
  --shared_->admitted;
  auto count = shared_->per_account.find(caller_.account().name());
  if (--count->second == 0) shared_->per_account.erase(count);
}

void Stream::Begin() {
  absl::Status admitted = Admit();
  if (admitted.ok()) admitted = AdmitListener();
  if (!admitted.ok()) {
    site_.gate->Refused(LoggedAs(), "limit", access::RoleName(caller_.account().role()), caller_.Describe());
    return Leave(admitted);
  }
  auto id = storage::RecordingId::Parse(request_.recording_id());
  if (!id.ok()) return Leave(id.status());
  id_ = *id;
  auto stored = ReadRecord(site_.engine->records(), id_);
  if (!stored.ok() && !absl::IsNotFound(stored.status())) return Leave(stored.status());
  if (absl::Status found = FindExport(); !found.ok()) return Leave(found);
  ask_.action = action_;
  ask_.requested_id = request_.recording_id();
  ask_.justification = request_.justification();
  ask_.offset = request_.offset();
  ask_.length = request_.length();
  if (stored.ok()) {
    record_ = std::move(stored->record);
    ask_.resource = ResourceOf(record_, caller_, *site_.keys);
    ask_.audio_bytes = BytesAsked();
    ask_.caller_pseudonyms = [this] { return CallerPseudonymsOf(site_, record_); };
    ask_.personal_pseudonyms = [this] { return PersonalPseudonymsOf(site_, record_); };
  }
  site_.gate->Release(caller_, ask_, [self = shared_from_this()](absl::StatusOr<keys::ReleasePermit> permit) {
    self->strand_.Post([self, permit = std::move(permit)]() mutable { self->Permitted(std::move(permit)); });
  });
}

// An export that is not there is refused as one that is somebody else's.
absl::Status Stream::FindExport() {
  if (!IsExporting()) return absl::OkStatus();
  ask_.logged_as = v1::EXPORT;
  const auto id = access::ExportId::Parse(export_id_);
  if (!id.ok()) return absl::InvalidArgumentError("id: not one of an export; look at the list of exports");
  absl::StatusOr<std::shared_ptr<const access::ExportStanding>> standing = site_.exports->Find(*id);
  if (!standing.ok()) return standing.status();
  if (*standing == nullptr) return absl::OkStatus();
  ask_.export_id = std::string(id->bytes());
  ask_.taken_under = *std::move(standing);
  *request_.mutable_justification() = ask_.taken_under->kept()->justification();
  return absl::OkStatus();
}

// What can leave at most: a range that does not lie in the recording is refused after the decision.
uint64_t Stream::BytesAsked() const {
  const uint64_t size = record_.state() == v1::LIVE ? 0 : record_.end_offset() - record_.start_offset();
  const uint64_t rest = size - std::min(size, request_.offset());
  return request_.length() == 0 ? rest : std::min(rest, request_.length());
}

absl::Status Stream::CheckRange() {
  const uint64_t size = record_.end_offset() - record_.start_offset();
  if (request_.offset() > size || (request_.offset() == size && size > 0) || request_.length() > size - request_.offset()) {
    return absl::OutOfRangeError(
        absl::StrCat("offset, length: ", request_.offset(), "+", request_.length(), " ends outside the recording of ", size, " bytes"));
  }
  position_ = request_.offset();
  end_ = request_.length() == 0 ? size : request_.offset() + request_.length();
  return absl::OkStatus();
}

absl::Status Stream::Prepare() {
  absl::StatusOr<AudioReader> reader = AudioReader::Open(site_, record_);
  if (!reader.ok()) return reader.status();
  if (absl::Status range = CheckRange(); !range.ok()) return range;
  reader_ = *std::move(reader);
  if (!IsExporting()) return absl::OkStatus();
  absl::StatusOr<ExportObject> object = ExportObject::Create(ask_.taken_under->certificate(), record_);
  if (!object.ok()) return object.status();
  object_ = *std::move(object);
  return absl::OkStatus();
}

void Stream::Permitted(absl::StatusOr<keys::ReleasePermit> permit) {
  if (!permit.ok()) return Leave(permit.status());
  permit_ = *std::move(permit);
  if (concluded_) {  // cut while the gate decided
    concluded_ = false;
    return Conclude(absl::CancelledError("retrieval: cut before it began"));
  }
  if (absl::Status prepared = Prepare(); !prepared.ok()) {
    ReportDamage(prepared);
    return Conclude(prepared);
  }
  v1::RetrieveHeader header;
  *header.mutable_recording() = Summarise(record_);
  header.set_offset(position_);
  header.set_length(end_ - position_);
  sending_ = true;
  peer_->Send({.header = std::move(header)});
  read_status_ = ReadNext();
  LookAgain();
}

// What is no longer allowed ends soon also where the receiver does not read, and no next message comes.
void Stream::LookAgain() {
  site_.executor->PostAfter(kPermissionLookedAtEvery, [self = weak_from_this()] {
    if (const std::shared_ptr<Stream> stream = self.lock(); stream != nullptr) stream->Post(&Stream::Look);
  });
}

void Stream::Look() {
  if (concluded_) return;
  if (absl::Status may = site_.gate->StillAllows(caller_, ask_); !may.ok()) return Conclude(may);
  LookAgain();
}

// Reads and opens the next message into `ready_`, nothing where all is read.
absl::Status Stream::ReadNext() {
  if (position_ == end_) return FinishObject();
  absl::StatusOr<std::string> audio = reader_->Read(*permit_, position_, end_, MessageBytesMax());
  if (!audio.ok()) return audio.status();
  position_ += audio->size();
  ready_ = Ready{{}, audio->size()};
  if (!object_.has_value()) {
    ready_->message.bytes = *std::move(audio);
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> sealed = object_->Add(*audio);
  if (!sealed.ok()) return sealed.status();
  ready_->message.bytes = *std::move(sealed);
  return absl::OkStatus();
}

// The last message of what is taken under an export.
absl::Status Stream::FinishObject() {
  if (!object_.has_value()) return absl::OkStatus();
  absl::StatusOr<std::string> rest = object_->Finish();
  if (!rest.ok()) return rest.status();
  ready_ = Ready{{{}, *std::move(rest), object_->Describe(site_.clock->LogTime())}, 0};
  object_.reset();
  return absl::OkStatus();
}

// Who listens gets at once what one second lets through, so that the ears are served evenly, and an end of the permission is felt.
uint64_t Stream::MessageBytesMax() const {
  if (!IsListening()) return kAudioMessageBytesMax;
  const v1::ListenPace& pace = site_.gate->rules()->listen_pace();
  const uint64_t rate = BytesPerSecond(record_.format());
  const uint64_t bytes = std::min(rate * pace.percent() / 100, rate * pace.lead_seconds());
  return std::clamp<uint64_t>(bytes, 1, kAudioMessageBytesMax);
}

// Otherwise the stream is woken when it may.
bool Stream::MayGoNow() {
  if (!IsListening()) return true;
  const uint64_t rate = std::max<uint64_t>(BytesPerSecond(record_.format()), 1);
  const absl::Duration audio = absl::Seconds(static_cast<int64_t>(ready_->audio_bytes)) / static_cast<int64_t>(rate);
  const absl::Duration wait = shared_->paces.Take(caller_.account().person_id(), audio, site_.gate->rules()->listen_pace());
  if (wait == absl::ZeroDuration()) return true;
  site_.executor->PostAfter(wait, [self = weak_from_this()] {
    if (const std::shared_ptr<Stream> stream = self.lock(); stream != nullptr) stream->Post(&Stream::GoOn);
  });
  return false;
}

void Stream::Sent() {
  sending_ = false;
  GoOn();
}

void Stream::GoOn() {
  if (!concluded_) SendReady();
}

void Stream::SendReady() {
  if (!read_status_.ok()) {
    ReportDamage(read_status_);
    return Conclude(read_status_);
  }
  if (!ready_.has_value()) return Conclude(absl::OkStatus());
  if (absl::Status may = site_.gate->StillAllows(caller_, ask_); !may.ok()) return Conclude(may);
  if (!MayGoNow()) return;
  delivered_ += ready_->audio_bytes;
  handed_over_ = ready_->message.object;
  sending_ = true;
  peer_->Send(std::exchange(ready_, std::nullopt)->message);
  read_status_ = ReadNext();
}

void Stream::ReportDamage(const absl::Status& status) {
  if (!absl::IsDataLoss(status)) return;
  storage::RecordCommit commit;
  commit.batch.may_use_reserve = true;
  commit.entries.push_back(RecordingEntry(v1::RECORDING_DATA_LOSS, record_, "found-at-retrieval", {}));
  commit.done = [](const absl::Status&, absl::Span<const uint64_t>) {};
  site_.committer->Commit(std::move(commit));
}

void Stream::Conclude(absl::Status status) {
  if (concluded_) return;
  concluded_ = true;
  if (!permit_.has_value()) return;  // the gate has not answered yet; Permitted or Leave ends it
  access::Gate::Delivered delivered;
  delivered.of_sequence = permit_->sequence();
  delivered.recording = id_;
  delivered.offset = request_.offset();
  delivered.bytes = delivered_;
  delivered.outcome = absl::StatusCodeToString(status.code());
  if (handed_over_.has_value()) delivered.object_sha256 = handed_over_->sha256();
  if (handed_over_.has_value() && status.ok()) {
    status = site_.exports->PutTaken(*access::ExportId::FromBytes(ask_.export_id), *handed_over_, &delivered.with_it);
  }
  reader_.reset();
  object_.reset();
  GiveBackListenersPlace();  // nothing more is heard of it: its person may turn to the next while this one's end is being logged
  site_.gate->Close(caller_, std::move(delivered), [self = shared_from_this(), status = std::move(status)](const absl::Status& closed) {
    self->strand_.Post([self, status, closed] { self->Leave(status.ok() ? closed : status); });
  });
}

void Stream::Leave(absl::Status status) {
  concluded_ = true;
  if (peer_ == nullptr) return;
  GiveBackPlace();  // before the end is told: who hears of it may ask again at once
  std::exchange(peer_, nullptr)->End(std::move(status));
  std::shared_ptr<Stream> self;  // released without the lock
  absl::MutexLock lock(&shared_->mutex);
  if (auto found = shared_->running.find(number_); found != shared_->running.end()) {
    self = std::move(found->second);
    shared_->running.erase(found);
    shared_->ended_one.SignalAll();
  }
}

class RetrievalImpl : public Retrieval {
 public:
  explicit RetrievalImpl(const Site& site) : shared_(std::make_shared<RetrievalShared>(site)) {}
  ~RetrievalImpl() override { Drain(absl::ZeroDuration()); }

  std::shared_ptr<RetrievalStream> Start(access::Caller caller, access::Action action, v1::RetrieveRequest request,
                                         std::shared_ptr<RetrievalPeer> peer) override {
    return Begin(std::move(caller), action, std::move(request), "", std::move(peer));
  }

  std::shared_ptr<RetrievalStream> Take(access::Caller caller, v1::TakeExportRequest request,
                                        std::shared_ptr<RetrievalPeer> peer) override {
    v1::RetrieveRequest whole;
    whole.set_recording_id(request.recording_id());
    return Begin(std::move(caller), access::Action::kRequestExport, std::move(whole), request.id(), std::move(peer));
  }

  void Drain(absl::Duration grace) override {
    std::vector<std::shared_ptr<Stream>> late;
    const absl::Time cut_at = absl::Now() + grace;
    {
      absl::MutexLock lock(&shared_->mutex);
      shared_->draining = true;
      while (!shared_->running.empty() && !shared_->ended_one.WaitWithDeadline(&shared_->mutex, cut_at)) continue;
      for (const auto& [number, stream] : shared_->running) late.push_back(stream);
    }
    for (const auto& stream : late) stream->Cut(absl::UnavailableError("gateway: it is stopping; try again"));
    late.clear();
    absl::MutexLock lock(&shared_->mutex);
    while (!shared_->running.empty()) shared_->ended_one.Wait(&shared_->mutex);
  }

 private:
  std::shared_ptr<RetrievalStream> Begin(access::Caller caller, access::Action action, v1::RetrieveRequest request, std::string export_id,
                                         std::shared_ptr<RetrievalPeer> peer) {
    std::shared_ptr<Stream> stream;
    {
      absl::MutexLock lock(&shared_->mutex);
      const uint64_t number = shared_->next_number++;
      stream =
          std::make_shared<Stream>(shared_, number, std::move(caller), action, std::move(request), std::move(export_id), std::move(peer));
      shared_->running[number] = stream;
    }
    stream->Post(&Stream::Begin);
    return stream;
  }

  const std::shared_ptr<RetrievalShared> shared_;
};

}  // namespace

std::unique_ptr<Retrieval> Retrieval::Create(Site site) { return std::make_unique<RetrievalImpl>(site); }

}  // namespace otokura::recordings
