#include "tests/bench/bench_log.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <future>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "crypto/secret.h"
#include "server/storage/local/local_engine.h"

namespace otokura::bench {
namespace {

constexpr int kPeople = 200;
constexpr uint64_t kEntriesARecording = 4;
constexpr uint64_t kAskedAtOnce = 32768;  // waiting for the disk: what thousands of connections would have under way
constexpr absl::Duration kCheckpointInterval = absl::Seconds(1);
constexpr uint64_t kScatter = 0x5851f42d4c957f2d;  // Knuth's multiplier: the same bytes for the same number, unlike all others'
constexpr size_t kPageEntries = 100;

crypto::SecretBytes NewKey() {
  Demand(crypto::LockSecretMemory());
  return Demand(crypto::SecretBytes::Random(32));
}

access::Caller Person(int number, v1::Role role) {
  auto enrolled = std::make_shared<access::Enrolled>();
  enrolled->account.set_name(absl::StrCat("operator.", number));
  enrolled->account.set_person_id(absl::StrFormat("P-%06d", number));
  enrolled->account.set_company(absl::StrCat("Call Centre Partners ", number % 5));
  enrolled->account.set_role(role);
  enrolled->account.add_centres("tokyo");
  access::Caller caller;
  caller.certificate_sha256_hex = absl::StrFormat("%064x", number);
  caller.certificate_expiry = absl::InfiniteFuture();
  caller.address = absl::StrFormat("ipv4:10.1.%d.%d:%d", number / 250, number % 250, 40000 + number);
  caller.enrolled = std::move(enrolled);
  return caller;
}

std::unique_ptr<storage::Engine> NewEngine(const Folder& folder) {
  std::filesystem::create_directory(folder / "data");
  storage::LocalEngineOptions options;
  options.data_dir = folder / "data";
  options.create = true;
  return Demand(storage::OpenLocalEngine(options));
}

// Holds back who asks while too many wait.
class Waiting {
 public:
  void Begin() {
    absl::MutexLock lock(&mutex_);
    while (waiting_ == kAskedAtOnce) changed_.Wait(&mutex_);
    ++waiting_;
  }
  void End() {
    absl::MutexLock lock(&mutex_);
    --waiting_;
    if (waiting_ == 0 || waiting_ == kAskedAtOnce - 1) changed_.SignalAll();
  }
  void AwaitNone() {
    absl::MutexLock lock(&mutex_);
    while (waiting_ > 0) changed_.Wait(&mutex_);
  }

 private:
  absl::Mutex mutex_;
  absl::CondVar changed_;
  uint64_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

BenchLog::BenchLog()
    : events_(STDERR_FILENO),
      clock_(runtime::MakeSystemClock()),
      keys_(Demand(keys::SiteKeys::Create(NewKey()))),
      signer_(Demand(crypto::NoteSigner::Create("bench.example/log", NewKey()))),
      engine_(NewEngine(folder_)),
      log_(Demand(audit::Log::Open(&engine_->records(), &keys_, clock_.get()))),
      committer_(storage::Committer::Create(engine_.get(), log_.get())) {
  for (int number = 0; number < kPeople; ++number) callers_.push_back(Person(number, v1::SUPERVISOR));
  Demand(audit::WriteFirstCheckpoint(signer_, folder_ / "log-checkpoint"));
  audit::Publisher::Parts parts;
  parts.records = &engine_->records();
  parts.committer = committer_.get();
  parts.log = log_.get();
  parts.signer = &signer_;
  parts.copy_path = folder_ / "log-checkpoint";
  parts.events = &events_;
  publisher_ = std::make_unique<audit::Publisher>(std::move(parts));
  publisher_->Start(kCheckpointInterval);
  gate_ = std::make_unique<access::Gate>(committer_.get(), clock_.get(), &policy_);
  queries_ = std::make_unique<audit::Queries>(&engine_->records(), &keys_, log_.get());
}

BenchLog::~BenchLog() {
  publisher_->Stop();
  committer_->Drain();
}

// One of those that would have been asked for by now, spread over the years in which they were made.
storage::RecordingId BenchLog::AnyRecording() {
  const uint64_t number = random_() % (size() / kEntriesARecording + 1);
  std::string bytes(10, '\0');
  uint64_t scattered = number;
  for (char& byte : bytes) byte = static_cast<char>((scattered = scattered * kScatter + 1) >> 56);
  return storage::RecordingId::Make(absl::FromUnixMillis(1'700'000'000'000 + static_cast<int64_t>(number) * 7919), bytes);
}

access::Ask BenchLog::AskToListen() {
  access::Ask ask;
  ask.action = access::Action::kListen;
  ask.resource = access::Resource{AnyRecording(), "tokyo", false};
  ask.justification.set_purpose("inquiry");
  ask.justification.set_reference(absl::StrCat("CASE-2026-", ++asked_));
  ask.offset = asked_ % 100000;
  ask.length = 40000;
  return ask;
}

void BenchLog::Listen(uint64_t entries) {
  Waiting waiting;
  for (uint64_t i = 0; i < entries; ++i) {
    waiting.Begin();
    gate_->Release(callers_[asked_ % callers_.size()], AskToListen(), [&waiting](const absl::StatusOr<keys::ReleasePermit>& permit) {
      Demand(permit.status());
      waiting.End();
    });
  }
  waiting.AwaitNone();
  committer_->Drain();
}

void BenchLog::ListenOnce() {
  std::promise<void> given;
  gate_->Release(callers_[asked_ % callers_.size()], AskToListen(), [&given](const absl::StatusOr<keys::ReleasePermit>& permit) {
    Demand(permit.status());
    given.set_value();
  });
  given.get_future().wait();
}

keys::ReleasePermit BenchLog::PermitToReadTheLog() {
  std::promise<keys::ReleasePermit> given;
  access::Ask ask;
  ask.action = access::Action::kListAudit;
  gate_->Release(Person(kPeople, v1::AUDITOR), ask,
                 [&given](absl::StatusOr<keys::ReleasePermit> permit) { given.set_value(Demand(std::move(permit))); });
  return given.get_future().get();
}

audit::Page BenchLog::FirstPage(const keys::ReleasePermit& permit, const storage::RecordingId& recording) const {
  const audit::Condition about{audit::IndexField::kRecording, std::string(recording.bytes())};
  return Demand(queries_->List(permit, {.conditions = {about}}, kPageEntries));
}

}  // namespace otokura::bench
