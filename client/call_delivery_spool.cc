// The disk half of CallDelivery. What ends in OnDisk runs on the disk thread, alone in touching `spool_`.
#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "client/call_delivery.h"

namespace otokura::client {
namespace {

constexpr size_t kSpillBytes = 4 * kSpillUnitBytes;       // one write and one sync
constexpr absl::Duration kSpillRetry = absl::Seconds(1);  // a full disk stays full for a while

}  // namespace

void CallDelivery::MaybeSpillLocked(bool tick) {
  if (!spools_audio_ || spilling_ || result_.has_value() || memory_.empty()) return;
  // Below what WaitForRoom waits for where nothing but the spool can make room.
  const bool pressed = memory_.memory_bytes() > context_->options().memory_bytes_per_call_max / (offline() ? 4 : 2);
  // While there is no stream nothing leaves memory by itself, and a crash would lose it.
  const bool exposed = tick && offline() && (finished_ || memory_.memory_bytes() >= kSpillUnitBytes);
  if ((!pressed && !exposed) || absl::Now() < spill_not_before_) return;
  spilling_ = true;
  context_->disk().Post([self = shared_from_this()] { self->SpillOnDisk(); });
}

void CallDelivery::SaveStateLocked() {
  if (context_->folder() == nullptr || save_posted_) return;
  save_posted_ = true;
  context_->disk().Post([self = shared_from_this()] { self->SaveOnDisk(); });
}

void CallDelivery::FetchLocked() {
  if (fetching_) return;
  fetching_ = true;
  context_->disk().Post([self = shared_from_this(), offset = readahead_.end()] { self->FetchOnDisk(offset); });
}

absl::Status CallDelivery::EnsureSpoolOnDisk() {
  if (spool_ != nullptr) {
    CopyStateOnDisk();
    return absl::OkStatus();
  }
  spool::CallState state;
  {
    absl::MutexLock lock(&mutex_);
    FillStateLocked(&state);
  }
  auto spool = CallSpool::Create(context_->folder(), std::move(state));
  if (!spool.ok()) return spool.status();
  spool_ = *std::move(spool);
  return absl::OkStatus();
}

void CallDelivery::CopyStateOnDisk() {
  absl::MutexLock lock(&mutex_);
  FillStateLocked(spool_->mutable_state());
}

void CallDelivery::FillStateLocked(spool::CallState* state) const {
  FillOpenLocked(state->mutable_open());
  state->set_replayable(replayable_);
  state->set_finished(finished_);
  state->set_total_bytes(finished_ ? written() : 0);
  state->set_timeline_base(timeline_base_);
}

void CallDelivery::SaveOnDisk() {
  {
    absl::MutexLock lock(&mutex_);
    save_posted_ = false;
    if (result_.has_value()) return;
  }
  absl::Status saved = EnsureSpoolOnDisk();
  if (saved.ok()) saved = spool_->Save();
  absl::MutexLock lock(&mutex_);
  SpoolWorksLocked(saved);
}

// Says so once when the spool begins to fail; the call goes on in memory.
void CallDelivery::SpoolWorksLocked(const absl::Status& status) {
  if (!status.ok() && !spool_failing_) Report({.kind = RecorderEvent::Kind::kSpoolProblem, .status = status});
  spool_failing_ = !status.ok();
}

void CallDelivery::SpillOnDisk() {
  absl::Status spilled = absl::OkStatus();
  for (bool more = true; more;) {
    TimelineRun run;
    bool ends_segment = false;
    {
      absl::MutexLock lock(&mutex_);
      more = NextSpillLocked(&run, &ends_segment);
    }
    if (!more) break;
    spilled = EnsureSpoolOnDisk();
    if (spilled.ok()) spilled = run.is_gap() ? spool_->AppendGap(run) : spool_->Append(run.offset, run.audio, ends_segment);
    if (!spilled.ok()) break;
    absl::MutexLock lock(&mutex_);
    memory_.ReleaseBelow(std::min(run.end(), written()));
    changed_.SignalAll();
  }
  absl::MutexLock lock(&mutex_);
  spilling_ = false;
  if (!spilled.ok()) spill_not_before_ = absl::Now() + kSpillRetry;
  SpoolWorksLocked(spilled);
}

// The oldest of memory, in whole units: less than one only where nothing will follow it, or a gap does.
bool CallDelivery::NextSpillLocked(TimelineRun* run, bool* ends_segment) {
  if (result_.has_value() || memory_.empty()) return false;
  const bool flush = stopped_ || (finished_ && offline());
  const bool relieved = memory_.memory_bytes() <= context_->options().memory_bytes_per_call_max / 4;
  if (!flush && !offline() && relieved) return false;
  *run = memory_.Read(memory_.begin(), kSpillBytes, UINT64_MAX);
  if (run->is_gap()) return true;
  const bool gap_follows = run->length < kSpillBytes && run->end() < memory_.end();
  const size_t rest = run->audio.size() % kSpillUnitBytes;
  *ends_segment = rest > 0 && (flush || gap_follows);
  if (rest > 0 && !*ends_segment) {
    run->audio.resize(run->audio.size() - rest);
    run->length = run->audio.size();
  }
  return run->length > 0;
}

void CallDelivery::FetchOnDisk(uint64_t offset) {
  TimelineRun run{.offset = offset};
  absl::Status problem = absl::OkStatus();
  if (spool_ != nullptr && offset < spool_->end()) run = spool_->Read(offset, kSpillBytes, &problem);
  if (!problem.ok() && run.length == 0) return FetchLater(problem);
  if (!problem.ok()) {
    Report({.kind = RecorderEvent::Kind::kSpoolProblem,
            .status = problem,
            .offset = run.offset,
            .length = run.length,
            .gap_reason = run.gap_reason});
  }
  {
    absl::MutexLock lock(&mutex_);
    fetching_ = false;
    if (readahead_.end() == offset) readahead_.Append(run);
  }
  Pump();
}

// What the disk holds is still there when the process has, say, open files to spare again.
void CallDelivery::FetchLater(const absl::Status& problem) {
  {
    absl::MutexLock lock(&mutex_);
    SpoolWorksLocked(problem);
  }
  context_->wire().PostAfter(kSpillRetry, [self = shared_from_this()] {
    {
      absl::MutexLock lock(&self->mutex_);
      self->fetching_ = false;
    }
    self->Pump();
  });
}

void CallDelivery::ReleaseOnDisk() {
  uint64_t done_with = 0;
  {
    absl::MutexLock lock(&mutex_);
    release_posted_ = false;
    done_with = std::min(committed_, hashed_);
  }
  if (spool_ == nullptr || !spool_->holds_audio() || !spool_->ReleaseBelow(done_with)) return;
  CopyStateOnDisk();
  const absl::Status saved = spool_->Save();
  absl::MutexLock lock(&mutex_);
  SpoolWorksLocked(saved);
}

void CallDelivery::CleanUpOnDisk(bool sealed) {
  if (spool_ == nullptr) return;
  if (sealed || !spool_->holds_audio()) {
    spool_->Remove();
  } else if (absl::Status aside = spool_->SetAside("refused"); !aside.ok()) {
    Report({.kind = RecorderEvent::Kind::kSpoolProblem, .status = aside});
  }
  spool_.reset();
}

}  // namespace otokura::client
