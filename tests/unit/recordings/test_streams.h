// The two transports as scripts: a recorder that sends what it is told to and remembers every answer, and a listener that takes what comes.
#ifndef OTOKURA_TESTS_UNIT_RECORDINGS_TEST_STREAMS_H_
#define OTOKURA_TESTS_UNIT_RECORDINGS_TEST_STREAMS_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "tests/unit/recordings/test_site.h"

namespace otokura::recordings {

// Where a fault holds the disk up until a test lets it go on.
class Turnstile {
 public:
  void Pass();             // waits until it is open
  void WaitForSomebody();  // returns when somebody waits to pass
  void Open();

 private:
  absl::Mutex mutex_;
  absl::CondVar changed_;
  bool waited_for_ ABSL_GUARDED_BY(mutex_) = false;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
};

// One Record stream. Waits are bounded by kPatience and end early when the stream does.
class RecorderStream {
 public:
  RecorderStream(TestSite& site, const access::Caller& caller);
  ~RecorderStream();

  void Send(v1::RecordRequest request);
  void Open(const v1::Open& open);
  void Audio(uint64_t offset, std::string_view data);
  // Splits `speech` into messages, beginning at timeline byte `offset`.
  void Speak(uint64_t offset, std::string_view speech, size_t message_bytes = 16384);
  void Gap(uint64_t offset, uint64_t length, v1::AudioGap::Reason reason = v1::AudioGap::SPOOL_FULL);
  void Finish(uint64_t total, std::string_view sha256, uint64_t digest_start = 0);
  void FinishOver(std::string_view speech);  // whole call
  void HalfClose();
  void Cancel();

  // nullopt where the stream ended without it.
  std::optional<v1::Opened> WaitOpened();
  std::optional<v1::Sealed> WaitSealed();
  // True once every byte below `bytes` is acknowledged; false where the stream ended before.
  bool WaitCommitted(uint64_t bytes);
  // Returns when all that was sent was taken by the gateway, or the stream ended.
  void WaitTaken();
  absl::Status WaitEnd();

  uint64_t committed() const;
  bool ended() const;

 private:
  class Peer;
  const std::shared_ptr<Peer> peer_;
  std::shared_ptr<IngestStream> stream_;
};

// A minimal Open of a call of recorder-1.
v1::Open OpenOf(const std::string& call_id);
// As its recorder resumes it.
v1::Open ResumeOf(const std::string& call_id, const v1::Opened& opened, uint64_t acknowledged);

// A whole call, start to Sealed; returns its id.
std::string RecordCall(TestSite& site, const v1::Open& open, std::string_view speech, v1::Account recorder = RecorderAccount());

// A call of recorder-1 of which `chunks` chunks of `speech` are acknowledged and whose stream is gone.
v1::Opened Interrupted(TestSite& site, const std::string& call, std::string_view speech, uint64_t chunks);
// Goes on with the call and ends it; returns what was sealed.
std::optional<v1::Sealed> GoOn(TestSite& site, const v1::Open& open, std::string_view speech);
// The end of a stream that sent this Open and nothing else.
absl::Status OpenAndFail(TestSite& site, const v1::Open& open);

// One Listen or Download.
class ListenerStream {
 public:
  ListenerStream(TestSite& site, const access::Caller& caller, access::Action action, v1::RetrieveRequest request,
                 bool takes_by_itself = true);
  ~ListenerStream();

  void TakeOne();  // tells the gateway that the last message left
  void Cancel();
  // Returns when `count` messages have come, or the stream ended.
  int WaitMessages(int count);
  absl::Status WaitEnd();
  bool ended() const;
  std::string audio() const;
  std::optional<v1::RetrieveHeader> header() const;

 private:
  class Peer;
  const std::shared_ptr<Peer> peer_;
  std::shared_ptr<RetrievalStream> stream_;
};

v1::Justification Inquiry();
v1::RetrieveRequest RangeOf(const std::string& id, uint64_t offset = 0, uint64_t length = 0);

struct Heard {
  absl::Status status;
  std::string audio;
  std::optional<v1::RetrieveHeader> header;
};
// As a supervisor of Tokyo and Osaka.
Heard Download(TestSite& site, const std::string& id, uint64_t offset = 0, uint64_t length = 0);

absl::StatusOr<v1::SearchResponse> SearchFor(TestSite& site, const access::Caller& caller, const v1::SearchRequest& request);
absl::StatusOr<v1::ShowResponse> ShowOne(TestSite& site, const access::Caller& caller, const std::string& id);

}  // namespace otokura::recordings

#endif  // OTOKURA_TESTS_UNIT_RECORDINGS_TEST_STREAMS_H_
