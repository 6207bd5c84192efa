#include "server/storage/memory_engine.h"

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/storage/memory_audio.h"
#include "server/storage/memory_records.h"

namespace otokura::storage {
namespace {

using Fault = std::function<absl::Status(StorageCall, const AudioObjectId*)>;

// The faults on order. Called without its lock held, because a fault may block to order threads.
class FaultOrders {
 public:
  void Set(Fault fault, bool stores_anyway) {
    absl::MutexLock lock(&mutex_);
    fault_ = std::move(fault);
    stores_anyway_ = stores_anyway;
  }

  OrderedFault Next(StorageCall call, const AudioObjectId* object) {
    Fault fault;
    bool stores_anyway = false;
    {
      absl::MutexLock lock(&mutex_);
      fault = fault_;
      stores_anyway = stores_anyway_;
    }
    absl::Status status = fault ? fault(call, object) : absl::OkStatus();
    const bool can_store = call == StorageCall::kCommit || call == StorageCall::kAppend;
    return {.status = status, .stores_anyway = stores_anyway && can_store && absl::IsUnavailable(status)};
  }

 private:
  absl::Mutex mutex_;
  Fault fault_ ABSL_GUARDED_BY(mutex_);
  bool stores_anyway_ ABSL_GUARDED_BY(mutex_) = false;
};

class MemoryEngineImpl : public MemoryEngine {
 public:
  RecordStore& records() override { return records_; }
  AudioStore& audio() override { return audio_; }
  void SetFault(Fault fault, bool stores_anyway) override { orders_.Set(std::move(fault), stores_anyway); }
  void SetFreeSpace(FreeSpace space) override { audio_.SetFreeSpace(space); }
  void Crash() override { audio_.Crash(); }

 private:
  FaultSource source() {
    return [this](StorageCall call, const AudioObjectId* object) { return orders_.Next(call, object); };
  }

  FaultOrders orders_;
  MemoryRecords records_{source()};
  MemoryAudio audio_{source()};
};

}  // namespace

std::unique_ptr<MemoryEngine> MemoryEngine::Create() { return std::make_unique<MemoryEngineImpl>(); }

}  // namespace otokura::storage
