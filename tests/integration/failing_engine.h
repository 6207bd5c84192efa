// The local engine with a disk that fills up or fails when a test says so.
#ifndef OTOKURA_TESTS_INTEGRATION_FAILING_ENGINE_H_
#define OTOKURA_TESTS_INTEGRATION_FAILING_ENGINE_H_

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "server/storage/storage.h"

namespace otokura::integration {

enum class DiskState {
  kFine,
  kFull,     // nothing fits but what may use the reserve
  kBroken,   // no record can be written, reserve or not
  kStalled,  // audio waits until the state changes, and its notify_all
};

class FailingRecords : public storage::RecordStore {
 public:
  FailingRecords(storage::RecordStore* real, const std::atomic<DiskState>* state) : real_(real), state_(state) {}
  absl::Status Commit(const storage::Batch& batch) override {
    const bool fits =
        *state_ == DiskState::kFine || *state_ == DiskState::kStalled || (*state_ == DiskState::kFull && batch.may_use_reserve);
    return fits ? real_->Commit(batch) : absl::ResourceExhaustedError("disk: no space left");
  }
  std::unique_ptr<storage::RecordReader> Snapshot() const override { return real_->Snapshot(); }
  absl::Status Reopen() override { return real_->Reopen(); }
  absl::StatusOr<std::optional<std::string>> Get(storage::Table table, std::string_view key) const override {
    return real_->Get(table, key);
  }
  absl::Status Scan(storage::Table table, const storage::ScanRange& range,
                    absl::FunctionRef<bool(std::string_view key, std::string_view value)> row) const override {
    return real_->Scan(table, range, row);
  }

 private:
  storage::RecordStore* const real_;
  const std::atomic<DiskState>* const state_;
};

class FailingAudio : public storage::AudioStore {
 public:
  FailingAudio(storage::AudioStore* real, const std::atomic<DiskState>* state) : real_(real), state_(state) {}
  absl::Status Append(const storage::AudioObjectId& object, uint64_t offset, std::string_view bytes) override {
    state_->wait(DiskState::kStalled);
    return *state_ == DiskState::kFine ? real_->Append(object, offset, bytes) : absl::ResourceExhaustedError("disk: no space left");
  }
  std::vector<absl::Status> Sync(absl::Span<const storage::AudioObjectId> objects) override { return real_->Sync(objects); }
  absl::StatusOr<uint64_t> Size(const storage::AudioObjectId& object) const override { return real_->Size(object); }
  absl::Status Read(const storage::AudioObjectId& object, uint64_t offset, uint64_t length, std::string* bytes) const override {
    return real_->Read(object, offset, length, bytes);
  }
  absl::Status Truncate(const storage::AudioObjectId& object, uint64_t size) override { return real_->Truncate(object, size); }
  absl::Status Seal(const storage::AudioObjectId& object) override { return real_->Seal(object); }
  absl::Status Delete(const storage::AudioObjectId& object) override { return real_->Delete(object); }
  absl::Status List(absl::FunctionRef<bool(const storage::AudioObjectId& object, uint64_t size)> object,
                    absl::FunctionRef<void(std::string_view name)> foreign) const override {
    return real_->List(object, foreign);
  }
  absl::StatusOr<storage::FreeSpace> Free() const override {
    if (*state_ == DiskState::kFine || *state_ == DiskState::kStalled) return real_->Free();
    return storage::FreeSpace{0, uint64_t{1} << 40};
  }

 private:
  storage::AudioStore* const real_;
  const std::atomic<DiskState>* const state_;
};

class FailingEngine : public storage::Engine {
 public:
  FailingEngine(std::unique_ptr<storage::Engine> real, const std::atomic<DiskState>* state)
      : real_(std::move(real)), records_(&real_->records(), state), audio_(&real_->audio(), state) {}
  storage::RecordStore& records() override { return records_; }
  storage::AudioStore& audio() override { return audio_; }

 private:
  const std::unique_ptr<storage::Engine> real_;
  FailingRecords records_;
  FailingAudio audio_;
};

}  // namespace otokura::integration

#endif  // OTOKURA_TESTS_INTEGRATION_FAILING_ENGINE_H_
