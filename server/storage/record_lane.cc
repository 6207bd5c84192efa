#include "server/storage/record_lane.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/storage/record_fold.h"

namespace otokura::storage {
namespace {

constexpr std::chrono::seconds kReopenEvery{
    1};  // a failing medium is asked often enough to resume quickly, seldom enough not to be hammered

absl::Status StoreIsBroken() { return absl::UnavailableError("the record store failed and is being reopened: try again"); }

}  // namespace

RecordLane::RecordLane(RecordStore* store, LogSequencer* sequencer, const CommitterLimits& limits)
    : store_(store), sequencer_(sequencer), limits_(limits), thread_([this] { Work(); }) {
  pthread_setname_np(thread_.native_handle(), "commit-records");
}

RecordLane::~RecordLane() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void RecordLane::Commit(RecordCommit commit) {
  if (sequencer_ != nullptr) {
    for (const std::unique_ptr<LogDraft>& draft : commit.entries) sequencer_->Prepare(*draft);
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (queue_.size() < limits_.queue_commits_max) {
      queue_.push_back(std::move(commit));
      ++submitted_;
      wake_.notify_one();
      return;
    }
  }
  if (commit.done == nullptr) return;
  commit.done(absl::ResourceExhaustedError(
                  absl::StrCat("commit: ", limits_.queue_commits_max, " commits are waiting for the disk already: try again later")),
              {});
}

void RecordLane::Drain() {
  std::unique_lock<std::mutex> lock(mutex_);
  const uint64_t target = submitted_;
  progress_.wait(lock, [&] { return completed_ >= target; });
}

void RecordLane::Work() {
  std::vector<Slot> slots;
  while (WaitForCommits(&slots)) {
    if (broken_ && std::chrono::steady_clock::now() >= reopen_due_) TryReopen();
    Write(absl::MakeSpan(slots));
    Complete(std::exchange(slots, {}));
  }
}

// False when the lane ends. `*slots` stays empty when it is only time to reopen the store.
bool RecordLane::WaitForCommits(std::vector<Slot>* slots) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto has_work = [&] { return !queue_.empty() || stopping_; };
  if (broken_) {
    wake_.wait_until(lock, reopen_due_, has_work);
  } else {
    wake_.wait(lock, has_work);
  }
  const size_t count = std::min(queue_.size(), limits_.batch_commits_max);
  slots->reserve(count);
  for (size_t i = 0; i < count; ++i) {
    slots->push_back(Slot{.commit = std::move(queue_.front()), .status = {}, .sequences = {}});
    queue_.pop_front();
  }
  return count > 0 || !stopping_;
}

void RecordLane::Write(absl::Span<Slot> slots) {
  while (!slots.empty()) {
    if (broken_) {
      for (Slot& slot : slots) slot.status = StoreIsBroken();
      return;
    }
    slots.remove_prefix(WriteFold(slots));
  }
}

// Writes as many of the first slots as fit in one batch and answers how many were dealt with.
size_t RecordLane::WriteFold(absl::Span<Slot> slots) {
  RecordFold fold(*store_, sequencer_);
  size_t count = 0;
  for (; count < slots.size() && fold.HasRoomFor(slots[count].commit) && !fold.spoiled(); ++count) {
    Slot& slot = slots[count];
    slot.status = fold.Add(slot.commit, &slot.sequences);
    slot.folded = slot.status.ok();
  }
  const absl::Span<Slot> taken = slots.subspan(0, count);
  if (fold.spoiled()) {
    WriteAgain(taken);
    return count;
  }
  const size_t folded = std::count_if(taken.begin(), taken.end(), [](const Slot& slot) { return slot.folded; });
  if (folded == 0) return count;
  fold.Conclude();
  const absl::Status status = store_->Commit(fold.batch());
  if (status.ok()) {
    if (sequencer_ != nullptr) sequencer_->Committed();
  } else if (absl::IsUnavailable(status)) {
    Break(taken);
  } else if (folded == 1) {
    auto refused = std::find_if(taken.begin(), taken.end(), [](const Slot& slot) { return slot.folded; });
    refused->status = status;
    refused->sequences.clear();
    ReloadSequencer();
  } else {
    WriteAgain(taken);
  }
  return count;
}

// The batch as a whole was refused, nothing of it is stored: each commit gets its own answer, and those that may use the reserve a chance
// to.
void RecordLane::WriteAgain(absl::Span<Slot> taken) {
  if (!ReloadSequencer()) {
    Break(taken);
    return;
  }
  for (Slot& slot : taken) {
    if (!std::exchange(slot.folded, false)) continue;
    slot.sequences.clear();
    Write(absl::MakeSpan(&slot, 1));
  }
}

// The fate of what was folded is unknown. Whoever waits is told before the store is touched again.
void RecordLane::Break(absl::Span<Slot> taken) {
  broken_ = true;
  reopen_due_ = std::chrono::steady_clock::now();
  for (Slot& slot : taken) {
    if (!slot.folded) continue;
    slot.status =
        absl::UnavailableError("commit: the medium failed and it is not known whether the change was stored: look before trying again");
    slot.sequences.clear();
  }
}

void RecordLane::TryReopen() {
  reopen_due_ = std::chrono::steady_clock::now() + kReopenEvery;
  if (store_->Reopen().ok() && (sequencer_ == nullptr || sequencer_->Reload().ok())) broken_ = false;
}

bool RecordLane::ReloadSequencer() {
  if (sequencer_ == nullptr || sequencer_->Reload().ok()) return true;
  broken_ = true;
  reopen_due_ = std::chrono::steady_clock::now();
  return false;
}

void RecordLane::Complete(std::vector<Slot> slots) {
  for (Slot& slot : slots) {
    if (slot.commit.done) slot.commit.done(slot.status, slot.sequences);
  }
  const size_t count = slots.size();
  slots.clear();  // what the callbacks own is gone before Drain returns
  std::lock_guard<std::mutex> lock(mutex_);
  completed_ += count;
  progress_.notify_all();
}

}  // namespace otokura::storage
