#include "server/recordings/retrieval.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "server/access/listen_pace.h"
#include "server/recordings/errors.h"
#include "server/recordings/formats.h"
#include "server/recordings/integrity.h"
#include "server/recordings/limits.h"
#include "server/recordings/parts.h"
#include "server/recordings/pseudonyms.h"
#include "server/recordings/resource.h"
#include "server/recordings/rows.h"
#include "server/recordings/sealing.h"

namespace otokura::recordings {
namespace {

using crypto::kChunkBytes;

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
         v1::RetrieveRequest request, std::shared_ptr<RetrievalPeer> peer)
      : shared_(std::move(shared)),
        site_(shared_->site),
        number_(number),
        caller_(std::move(caller)),
        action_(action),
        request_(std::move(request)),
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
  absl::Status OpenPart(int part_index);
  absl::Status OpenChunks(uint64_t first, uint64_t last, uint64_t skip, uint64_t want, std::string* audio);
  void SendReady();
  void ReportDamage(const absl::Status& status);
  void Conclude(absl::Status status);
  void Leave(absl::Status status);

  const std::shared_ptr<RetrievalShared> shared_;
  const Site& site_;
  const uint64_t number_;
  const access::Caller caller_;
  const access::Action action_;
  const v1::RetrieveRequest request_;
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
  std::optional<keys::RecordingOpener> opener_;
  std::optional<crypto::CobblestoneOpener> part_opener_;
  int part_index_ = -1;
  uint64_t position_ = 0;  // next byte to read, counted from the recording's first
  uint64_t end_ = 0;
  uint64_t delivered_ = 0;  // handed to the transport: what counts as having left
  absl::Status read_status_;
  std::optional<v1::RetrieveResponse> ready_;
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
    const auto action = IsListening() ? v1::LISTEN : v1::DOWNLOAD;
    site_.gate->Refused(action, "limit", access::RoleName(caller_.account().role()), caller_.Describe());
    return Leave(admitted);
  }
  auto id = storage::RecordingId::Parse(request_.recording_id());
  if (!id.ok()) return Leave(id.status());
  id_ = *id;
  auto stored = ReadRecord(site_.engine->records(), id_);
  if (!stored.ok() && !absl::IsNotFound(stored.status())) return Leave(stored.status());
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
  if (record_.state() == v1::LIVE) {
    if (absl::Status live = CheckStillLive(site_.engine->records(), record_); !live.ok()) return live;
    return absl::FailedPreconditionError("recording: the call is still live; try again once it is sealed");
  }
  if (absl::Status range = CheckRange(); !range.ok()) return range;
  auto epoch = site_.keys->Find(record_.epoch_id());
  if (!epoch.ok()) return absl::DataLossError("recording: its epoch key is gone");
  auto verifier = keys::RecordingVerifier::Create(**epoch, id_, record_.wrapped_data_key());
  if (!verifier.ok()) return verifier.status();
  absl::Status intact =
      CheckAgainstManifest(site_.engine->records(), *verifier, record_, [this](uint64_t sequence) { return site_.log->Read(sequence); });
  if (!intact.ok()) return intact;
  auto opener = keys::RecordingOpener::Create(**epoch, id_, record_.wrapped_data_key());
  if (!opener.ok()) return opener.status();
  opener_ = *std::move(opener);
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
  v1::RetrieveResponse response;
  *response.mutable_header()->mutable_recording() = Summarise(record_);
  response.mutable_header()->set_offset(position_);
  response.mutable_header()->set_length(end_ - position_);
  sending_ = true;
  peer_->Send(std::move(response));
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

absl::Status Stream::OpenPart(int part_index) {
  if (part_index_ == part_index) return absl::OkStatus();
  const v1::PartRecord& part = record_.parts(part_index);
  part_opener_.reset();
  part_index_ = part_index;
  const uint64_t offset = part.start_offset() - record_.start_offset();
  std::string header;
  absl::Status read = site_.engine->audio().Read({id_, part.number()}, 0, crypto::kHeaderBytes, &header);
  if (absl::IsUnavailable(read)) return read;
  if (!read.ok() || header != part.salt() + part.commitment()) return DamagedChunkError(id_.Text(), part.number(), 0, offset);
  auto opener = opener_->OpenPart(*permit_, part.number(), header);
  if (absl::IsDataLoss(opener.status())) return DamagedChunkError(id_.Text(), part.number(), 0, offset);
  if (!opener.ok()) return opener.status();
  part_opener_ = *std::move(opener);
  return absl::OkStatus();
}

absl::Status Stream::OpenChunks(uint64_t first, uint64_t last, uint64_t skip, uint64_t want, std::string* audio) {
  const v1::PartRecord& part = record_.parts(part_index_);
  uint64_t sealed_bytes = 0;
  for (uint64_t chunk = first; chunk < last; ++chunk) sealed_bytes += ChunkPlaintextBytes(part, chunk) + crypto::kTagBytes;
  std::string sealed;
  absl::Status read = site_.engine->audio().Read({id_, part.number()}, crypto::SealedChunkOffset(first), sealed_bytes, &sealed);
  if (absl::IsUnavailable(read)) return read;
  std::string_view rest = sealed;
  for (uint64_t chunk = first; chunk < last; ++chunk) {
    const uint64_t one = ChunkPlaintextBytes(part, chunk) + crypto::kTagBytes;
    const uint64_t offset = part.start_offset() - record_.start_offset() + chunk * kChunkBytes;
    if (!read.ok() || rest.size() < one || !part_opener_->OpenChunk(chunk, rest.substr(0, one), audio).ok()) {
      return DamagedChunkError(id_.Text(), part.number(), chunk, offset);
    }
    rest.remove_prefix(one);
  }
  audio->erase(0, skip);
  audio->resize(std::min<uint64_t>(audio->size(), want));
  return absl::OkStatus();
}

// Reads and opens the next message into `ready_`, nothing where all is read.
absl::Status Stream::ReadNext() {
  if (position_ == end_) return absl::OkStatus();
  int index = std::max(part_index_, 0);
  const uint64_t at = position_ + record_.start_offset();
  while (index + 1 < record_.parts_size() && at >= record_.parts(index + 1).start_offset()) ++index;
  if (absl::Status opened = OpenPart(index); !opened.ok()) return opened;
  const v1::PartRecord& part = record_.parts(index);
  const uint64_t in_part = at - part.start_offset();
  const uint64_t part_end = std::min(PlaintextBytes(part), end_ + record_.start_offset() - part.start_offset());
  const uint64_t first = in_part / kChunkBytes;
  const uint64_t end = std::min(std::min((first + kRetrievalMessageChunks) * kChunkBytes, part_end), in_part + MessageBytesMax());
  const uint64_t last = (end + kChunkBytes - 1) / kChunkBytes;
  const uint64_t want = end - in_part;
  v1::RetrieveResponse response;
  if (absl::Status opened = OpenChunks(first, last, in_part % kChunkBytes, want, response.mutable_audio()); !opened.ok()) return opened;
  position_ += want;
  ready_ = std::move(response);
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
  const absl::Duration audio = absl::Seconds(static_cast<int64_t>(ready_->audio().size())) / static_cast<int64_t>(rate);
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
  delivered_ += ready_->audio().size();
  sending_ = true;
  peer_->Send(*std::exchange(ready_, std::nullopt));
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
  opener_.reset();
  part_opener_.reset();
  GiveBackListenersPlace();  // nothing more is heard of it: its person may turn to the next while this one's end is being logged
  site_.gate->Close(caller_, delivered, [self = shared_from_this(), status = std::move(status)](const absl::Status& closed) {
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
    std::shared_ptr<Stream> stream;
    {
      absl::MutexLock lock(&shared_->mutex);
      const uint64_t number = shared_->next_number++;
      stream = std::make_shared<Stream>(shared_, number, std::move(caller), action, std::move(request), std::move(peer));
      shared_->running[number] = stream;
    }
    stream->Post(&Stream::Begin);
    return stream;
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
  const std::shared_ptr<RetrievalShared> shared_;
};

}  // namespace

std::unique_ptr<Retrieval> Retrieval::Create(Site site) { return std::make_unique<RetrievalImpl>(site); }

}  // namespace otokura::recordings
