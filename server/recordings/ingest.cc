#include "server/recordings/ingest.h"

#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/recordings/abandoned_call.h"
#include "server/recordings/ingest_stream.h"

namespace otokura::recordings {
namespace {

// All rows of kMeta whose key begins with `prefix`.
storage::ScanRange PrefixRange(std::string_view prefix) {
  std::string last(prefix);
  last.back() = static_cast<char>(last.back() + 1);
  return {std::string(prefix), last, false};
}

absl::StatusOr<std::vector<storage::RecordingId>> LiveIds(const storage::RecordReader& records) {
  std::vector<storage::RecordingId> ids;
  absl::Status damaged;
  absl::Status scanned = records.Scan(storage::Table::kMeta, PrefixRange(kLivePrefix), [&](std::string_view key, std::string_view) {
    auto id = storage::RecordingId::FromBytes(key.substr(kLivePrefix.size()));
    if (id.ok())
      ids.push_back(*id);
    else
      damaged = absl::DataLossError("live row: damaged; run otokurad fsck");
    return true;
  });
  if (!scanned.ok()) return scanned;
  if (!damaged.ok()) return damaged;
  return ids;
}

class IngestImpl : public Ingest {
 public:
  explicit IngestImpl(const Site& site) : shared_(std::make_shared<IngestShared>(site)) {}
  ~IngestImpl() override { Drain(); }

  absl::Status Seed();
  std::shared_ptr<IngestStream> Start(access::Caller caller, std::shared_ptr<IngestPeer> peer) override;
  void Drain() override;
  absl::StatusOr<int> SealAbandoned() override;
  int live_streams() const override;

 private:
  // Runs when a stream or a sealing has ended.
  std::function<void()> Ended(uint64_t number);

  const std::shared_ptr<IngestShared> shared_;
  mutable absl::Mutex mutex_;
  absl::CondVar ended_one_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t next_number_ ABSL_GUARDED_BY(mutex_) = 0;
  // Streams, and null for sealings of abandoned calls.
  absl::flat_hash_map<uint64_t, std::shared_ptr<RecordStream>> running_ ABSL_GUARDED_BY(mutex_);
};

absl::Status IngestImpl::Seed() {
  const storage::RecordReader& records = shared_->site.engine->records();
  auto ids = LiveIds(records);
  if (!ids.ok()) return ids.status();
  for (const storage::RecordingId& id : *ids) {
    auto stored = ReadRecord(records, id);
    if (!stored.ok()) return stored.status();
    shared_->intake.SeedLive(stored->record.recorder(), id);
  }
  return records.Scan(storage::Table::kMeta, PrefixRange(kIntakePrefix), [&](std::string_view key, std::string_view value) {
    v1::IntakeDay day;
    if (day.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      shared_->intake.SeedDay(std::string(key.substr(kIntakePrefix.size())), day);
    }
    return true;
  });
}

std::function<void()> IngestImpl::Ended(uint64_t number) {
  return [this, number] {
    std::shared_ptr<RecordStream> ended;  // released without the lock
    absl::MutexLock lock(&mutex_);
    if (auto found = running_.find(number); found != running_.end()) {
      ended = std::move(found->second);
      running_.erase(found);
      ended_one_.SignalAll();
    }
  };
}

std::shared_ptr<IngestStream> IngestImpl::Start(access::Caller caller, std::shared_ptr<IngestPeer> peer) {
  std::shared_ptr<RecordStream> stream;
  bool draining = false;
  {
    absl::MutexLock lock(&mutex_);
    const uint64_t number = next_number_++;
    stream = std::make_shared<RecordStream>(shared_, std::move(caller), std::move(peer), Ended(number));
    running_[number] = stream;
    draining = draining_;
  }
  if (draining) {
    stream->Fence(absl::UnavailableError("gateway: it is stopping; try again"));
  } else {
    stream->Start();
  }
  return stream;
}

void IngestImpl::Drain() {
  std::vector<std::shared_ptr<RecordStream>> streams;
  {
    absl::MutexLock lock(&mutex_);
    draining_ = true;
    for (const auto& [number, stream] : running_) {
      if (stream != nullptr) streams.push_back(stream);
    }
  }
  for (const auto& stream : streams) stream->Fence(absl::UnavailableError("gateway: it is stopping; resume"));
  streams.clear();
  absl::MutexLock lock(&mutex_);
  while (!running_.empty()) ended_one_.Wait(&mutex_);
}

absl::StatusOr<int> IngestImpl::SealAbandoned() {
  auto ids = LiveIds(shared_->site.engine->records());
  if (!ids.ok()) return ids.status();
  int begun = 0;
  for (const storage::RecordingId& id : *ids) {
    auto stored = ReadRecord(shared_->site.engine->records(), id);
    if (!stored.ok() || !IsAbandoned(*shared_, stored->record)) continue;
    uint64_t number = 0;
    {
      absl::MutexLock lock(&mutex_);
      if (draining_) return begun;
      number = next_number_++;
      running_[number] = nullptr;
    }
    SealAbandonedCall(shared_, stored->record, Ended(number));
    ++begun;
  }
  return begun;
}

int IngestImpl::live_streams() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(running_.size());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Ingest>> Ingest::Create(Site site) {
  auto ingest = std::make_unique<IngestImpl>(site);
  if (absl::Status seeded = ingest->Seed(); !seeded.ok()) return seeded;
  return ingest;
}

}  // namespace otokura::recordings
