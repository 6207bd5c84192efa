#include "tests/unit/recordings/test_streams.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "crypto/cobblestone.h"
#include "crypto/sha256.h"

namespace otokura::recordings {

void Turnstile::Pass() {
  absl::MutexLock lock(&mutex_);
  waited_for_ = true;
  changed_.SignalAll();
  while (!open_) changed_.Wait(&mutex_);
}

void Turnstile::WaitForSomebody() {
  absl::MutexLock lock(&mutex_);
  while (!waited_for_) changed_.Wait(&mutex_);
}

void Turnstile::Open() {
  absl::MutexLock lock(&mutex_);
  open_ = true;
  changed_.SignalAll();
}

class RecorderStream::Peer : public IngestPeer {
 public:
  void ReadNext() override {
    absl::MutexLock lock(&mutex_);
    wanted_ = true;
    Deliver();
    changed_.SignalAll();
  }
  void Send(v1::RecordResponse response) override {
    absl::MutexLock lock(&mutex_);
    EXPECT_FALSE(ended_) << "nothing may follow the end";
    if (response.has_opened()) opened_ = response.opened();
    if (response.has_sealed()) sealed_ = response.sealed();
    if (response.has_committed()) {
      EXPECT_GT(response.committed().bytes(), committed_) << "acknowledgements only grow";
      committed_ = response.committed().bytes();
    }
    changed_.SignalAll();
  }
  void End(absl::Status status) override {
    absl::MutexLock lock(&mutex_);
    EXPECT_FALSE(ended_) << "one end only";
    ended_ = true;
    status_ = std::move(status);
    stream_.reset();
    changed_.SignalAll();
  }

  void Attach(std::shared_ptr<IngestStream> stream) {
    absl::MutexLock lock(&mutex_);
    if (!ended_) stream_ = std::move(stream);
    Deliver();
  }
  void Queue(std::optional<v1::RecordRequest> request) {
    absl::MutexLock lock(&mutex_);
    queue_.push_back(std::move(request));
    Deliver();
  }
  template <typename Condition>
  void Wait(Condition condition) {
    absl::MutexLock lock(&mutex_);
    const absl::Time deadline = absl::Now() + kPatience;
    while (!ended_ && !condition(*this)) {
      if (!changed_.WaitWithDeadline(&mutex_, deadline)) continue;
      ADD_FAILURE() << "the gateway does not answer";
      return;
    }
  }

  absl::Mutex mutex_;
  absl::CondVar changed_;
  bool wanted_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::optional<v1::Opened> opened_ ABSL_GUARDED_BY(mutex_);
  std::optional<v1::Sealed> sealed_ ABSL_GUARDED_BY(mutex_);
  uint64_t committed_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<std::optional<v1::RecordRequest>> queue_ ABSL_GUARDED_BY(mutex_);  // nullopt: half-close
  std::shared_ptr<IngestStream> stream_ ABSL_GUARDED_BY(mutex_);

 private:
  void Deliver() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!wanted_ || queue_.empty() || stream_ == nullptr) return;
    wanted_ = false;
    if (queue_.front().has_value()) {
      stream_->OnRequest(*std::move(queue_.front()));
    } else {
      stream_->OnHalfClose();
    }
    queue_.pop_front();
  }
};

RecorderStream::RecorderStream(TestSite& site, const access::Caller& caller) : peer_(std::make_shared<Peer>()) {
  stream_ = site.ingest().Start(caller, peer_);
  peer_->Attach(stream_);
}

// A stream that has ended may have outlived its gateway.
RecorderStream::~RecorderStream() {
  if (!ended()) stream_->OnCancel();
}

void RecorderStream::Send(v1::RecordRequest request) { peer_->Queue(std::move(request)); }

void RecorderStream::Open(const v1::Open& open) {
  v1::RecordRequest request;
  *request.mutable_open() = open;
  Send(std::move(request));
}

void RecorderStream::Audio(uint64_t offset, std::string_view data) {
  v1::RecordRequest request;
  request.mutable_audio()->set_offset(offset);
  request.mutable_audio()->set_data(std::string(data));
  Send(std::move(request));
}

void RecorderStream::Speak(uint64_t offset, std::string_view speech, size_t message_bytes) {
  for (size_t at = 0; at < speech.size(); at += message_bytes) Audio(offset + at, speech.substr(at, message_bytes));
}

void RecorderStream::Gap(uint64_t offset, uint64_t length, v1::AudioGap::Reason reason) {
  v1::RecordRequest request;
  request.mutable_gap()->set_offset(offset);
  request.mutable_gap()->set_length(length);
  request.mutable_gap()->set_reason(reason);
  Send(std::move(request));
}

void RecorderStream::Finish(uint64_t total, std::string_view sha256, uint64_t digest_start) {
  v1::RecordRequest request;
  request.mutable_finish()->set_total_bytes(total);
  request.mutable_finish()->set_sha256(std::string(sha256));
  request.mutable_finish()->set_digest_start(digest_start);
  Send(std::move(request));
}

void RecorderStream::FinishOver(std::string_view speech) { Finish(speech.size(), crypto::Sha256(speech)); }

void RecorderStream::HalfClose() { peer_->Queue(std::nullopt); }

void RecorderStream::Cancel() { stream_->OnCancel(); }

std::optional<v1::Opened> RecorderStream::WaitOpened() {
  peer_->Wait([](Peer& peer) ABSL_NO_THREAD_SAFETY_ANALYSIS { return peer.opened_.has_value(); });
  absl::MutexLock lock(&peer_->mutex_);
  return peer_->opened_;
}

std::optional<v1::Sealed> RecorderStream::WaitSealed() {
  peer_->Wait([](Peer& peer) ABSL_NO_THREAD_SAFETY_ANALYSIS { return peer.sealed_.has_value(); });
  absl::MutexLock lock(&peer_->mutex_);
  return peer_->sealed_;
}

bool RecorderStream::WaitCommitted(uint64_t bytes) {
  peer_->Wait([bytes](Peer& peer) ABSL_NO_THREAD_SAFETY_ANALYSIS { return peer.committed_ >= bytes; });
  return committed() >= bytes;
}

void RecorderStream::WaitTaken() {
  peer_->Wait([](Peer& peer) ABSL_NO_THREAD_SAFETY_ANALYSIS { return peer.queue_.empty() && peer.wanted_; });
}

absl::Status RecorderStream::WaitEnd() {
  peer_->Wait([](Peer&) { return false; });
  absl::MutexLock lock(&peer_->mutex_);
  return peer_->status_;
}

uint64_t RecorderStream::committed() const {
  absl::MutexLock lock(&peer_->mutex_);
  return peer_->committed_;
}

bool RecorderStream::ended() const {
  absl::MutexLock lock(&peer_->mutex_);
  return peer_->ended_;
}

v1::Open OpenOf(const std::string& call_id) {
  v1::Open open;
  open.mutable_metadata()->set_call_id(call_id);
  open.set_leg(v1::LEG_MIXED);
  *open.mutable_format() = Pcmu();
  open.set_centre("tokyo");
  open.set_queue("pensions");
  return open;
}

v1::Open ResumeOf(const std::string& call_id, const v1::Opened& opened, uint64_t acknowledged) {
  v1::Open open = OpenOf(call_id);
  open.set_resume_token(opened.resume_token());
  open.set_acknowledged_bytes(acknowledged);
  return open;
}

std::string RecordCall(TestSite& site, const v1::Open& open, std::string_view speech, v1::Account recorder) {
  RecorderStream stream(site, CallerOf(std::move(recorder)));
  stream.Open(open);
  stream.Speak(0, speech, 65536);
  stream.FinishOver(speech);
  const auto sealed = stream.WaitSealed();
  EXPECT_TRUE(sealed.has_value()) << stream.WaitEnd();
  EXPECT_TRUE(stream.WaitEnd().ok());
  return sealed.has_value() ? sealed->recording_id() : "";
}

v1::Opened Interrupted(TestSite& site, const std::string& call, std::string_view speech, uint64_t chunks) {
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf(call));
  const auto opened = stream.WaitOpened();
  EXPECT_TRUE(opened.has_value()) << stream.WaitEnd();
  stream.Speak(0, speech.substr(0, chunks * crypto::kChunkBytes));
  EXPECT_TRUE(stream.WaitCommitted(chunks * crypto::kChunkBytes));
  stream.Cancel();
  EXPECT_EQ(stream.WaitEnd().code(), absl::StatusCode::kCancelled);
  return opened.value_or(v1::Opened());
}

std::optional<v1::Sealed> GoOn(TestSite& site, const v1::Open& open, std::string_view speech) {
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(open);
  const auto opened = stream.WaitOpened();
  if (!opened.has_value()) {
    ADD_FAILURE() << stream.WaitEnd();
    return std::nullopt;
  }
  stream.Speak(opened->committed_bytes(), speech.substr(opened->committed_bytes()));
  stream.FinishOver(speech);
  return stream.WaitSealed();
}

absl::Status OpenAndFail(TestSite& site, const v1::Open& open) {
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(open);
  return stream.WaitEnd();
}

class ListenerStream::Peer : public RetrievalPeer {
 public:
  explicit Peer(bool takes_by_itself) : takes_by_itself_(takes_by_itself) {}

  void Send(RetrievalMessage message) override {
    absl::MutexLock lock(&mutex_);
    EXPECT_FALSE(ended_) << "nothing may follow the end";
    EXPECT_FALSE(on_its_way_) << "one message at a time";
    ++messages_;
    if (message.header.has_value()) header_ = message.header;
    audio_ += message.bytes;
    on_its_way_ = true;
    if (takes_by_itself_) TakeLocked();
    changed_.SignalAll();
  }
  void End(absl::Status status) override {
    absl::MutexLock lock(&mutex_);
    EXPECT_FALSE(ended_) << "one end only";
    ended_ = true;
    status_ = std::move(status);
    stream_.reset();
    changed_.SignalAll();
  }
  void Attach(std::shared_ptr<RetrievalStream> stream) {
    absl::MutexLock lock(&mutex_);
    if (ended_) return;
    stream_ = std::move(stream);
    if (takes_by_itself_ && on_its_way_) TakeLocked();
  }
  void Take() {
    absl::MutexLock lock(&mutex_);
    TakeLocked();
  }
  template <typename Condition>
  void Wait(Condition condition) {
    absl::MutexLock lock(&mutex_);
    const absl::Time deadline = absl::Now() + kPatience;
    while (!ended_ && !condition(*this)) {
      if (!changed_.WaitWithDeadline(&mutex_, deadline)) continue;
      ADD_FAILURE() << "the gateway does not answer";
      return;
    }
  }

  const bool takes_by_itself_;
  absl::Mutex mutex_;
  absl::CondVar changed_;
  int messages_ ABSL_GUARDED_BY(mutex_) = 0;
  bool on_its_way_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::string audio_ ABSL_GUARDED_BY(mutex_);
  std::optional<v1::RetrieveHeader> header_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<RetrievalStream> stream_ ABSL_GUARDED_BY(mutex_);

 private:
  void TakeLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (stream_ == nullptr) return;
    on_its_way_ = false;
    stream_->OnSent();
  }
};

ListenerStream::ListenerStream(TestSite& site, const access::Caller& caller, access::Action action, v1::RetrieveRequest request,
                               bool takes_by_itself)
    : peer_(std::make_shared<Peer>(takes_by_itself)) {
  stream_ = site.retrieval().Start(caller, action, std::move(request), peer_);
  peer_->Attach(stream_);
}

ListenerStream::~ListenerStream() {
  if (!ended()) stream_->OnCancel();
}

void ListenerStream::TakeOne() { peer_->Take(); }

void ListenerStream::Cancel() { stream_->OnCancel(); }

int ListenerStream::WaitMessages(int count) {
  peer_->Wait([count](Peer& peer) ABSL_NO_THREAD_SAFETY_ANALYSIS { return peer.messages_ >= count; });
  absl::MutexLock lock(&peer_->mutex_);
  return peer_->messages_;
}

absl::Status ListenerStream::WaitEnd() {
  peer_->Wait([](Peer&) { return false; });
  absl::MutexLock lock(&peer_->mutex_);
  return peer_->status_;
}

bool ListenerStream::ended() const {
  absl::MutexLock lock(&peer_->mutex_);
  return peer_->ended_;
}

std::string ListenerStream::audio() const {
  absl::MutexLock lock(&peer_->mutex_);
  return peer_->audio_;
}

std::optional<v1::RetrieveHeader> ListenerStream::header() const {
  absl::MutexLock lock(&peer_->mutex_);
  return peer_->header_;
}

v1::Justification Inquiry() {
  v1::Justification justification;
  justification.set_purpose("inquiry");
  justification.set_reference("case-1");
  return justification;
}

v1::RetrieveRequest RangeOf(const std::string& id, uint64_t offset, uint64_t length) {
  v1::RetrieveRequest request;
  request.set_recording_id(id);
  request.set_offset(offset);
  request.set_length(length);
  *request.mutable_justification() = Inquiry();
  return request;
}

Heard Download(TestSite& site, const std::string& id, uint64_t offset, uint64_t length) {
  ListenerStream stream(site, CallerOf(PersonAccount(v1::SUPERVISOR, "supervisor", {"tokyo", "osaka"})), access::Action::kDownload,
                        RangeOf(id, offset, length));
  const absl::Status status = stream.WaitEnd();
  return {status, stream.audio(), stream.header()};
}

namespace {

// Calls back once, from whatever thread.
template <typename Response>
class Answer {
 public:
  std::function<void(absl::StatusOr<Response>)> Taker() {
    return [this](absl::StatusOr<Response> response) {
      absl::MutexLock lock(&mutex_);
      EXPECT_FALSE(answer_.has_value()) << "one answer only";
      answer_ = std::move(response);
      changed_.SignalAll();
    };
  }
  absl::StatusOr<Response> Wait() {
    absl::MutexLock lock(&mutex_);
    const absl::Time deadline = absl::Now() + kPatience;
    while (!answer_.has_value()) {
      if (changed_.WaitWithDeadline(&mutex_, deadline)) return absl::DeadlineExceededError("the gateway does not answer");
    }
    return *answer_;
  }

 private:
  absl::Mutex mutex_;
  absl::CondVar changed_;
  std::optional<absl::StatusOr<Response>> answer_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<v1::SearchResponse> SearchFor(TestSite& site, const access::Caller& caller, const v1::SearchRequest& request) {
  Answer<v1::SearchResponse> answer;
  site.catalogue().Search(caller, request, answer.Taker());
  return answer.Wait();
}

absl::StatusOr<v1::ShowResponse> ShowOne(TestSite& site, const access::Caller& caller, const std::string& id) {
  v1::ShowRequest request;
  request.set_recording_id(id);
  *request.mutable_justification() = Inquiry();
  Answer<v1::ShowResponse> answer;
  site.catalogue().Show(caller, request, answer.Taker());
  return answer.Wait();
}

}  // namespace otokura::recordings
