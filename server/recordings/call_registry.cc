#include "server/recordings/call_registry.h"

#include <utility>

#include "server/recordings/errors.h"

namespace otokura::recordings {

absl::Status CallIsLiveError(absl::Time takeover_at) {
  v1::ErrorDetail detail;
  detail.mutable_call_is_live()->set_takeover_at_unix_ms(absl::ToUnixMillis(takeover_at));
  return WithDetail(
      absl::FailedPreconditionError("call: another stream is recording it; resume with its resume_token, or wait until it has been silent"),
      detail);
}

namespace {

absl::Status TakenOverError() { return absl::AbortedError("call: a newer stream of the same call took over; stop this one"); }

}  // namespace

CallRegistry::CallRegistry(runtime::Clock* clock, absl::Duration takeover_silence) : clock_(clock), takeover_silence_(takeover_silence) {}

void CallRegistry::Acquire(const std::string& key, std::shared_ptr<CallHolder> holder, std::string token_sha256,
                           std::function<void(absl::Status, Takeover)> granted) {
  const absl::Time now = clock_->Now();
  std::shared_ptr<CallHolder> fenced;
  Waiter displaced;
  absl::Status refused;
  {
    absl::MutexLock lock(&mutex_);
    auto [at, is_new] = slots_.try_emplace(key);
    Slot& slot = at->second;
    if (!is_new) {
      const bool token_fits = !token_sha256.empty() && token_sha256 == slot.token_sha256;
      const bool silent = now - slot.heard >= takeover_silence_;
      if (!token_fits && !token_sha256.empty() && !slot.token_sha256.empty()) {
        refused = absl::PermissionDeniedError("resume_token: not the token of this call");
      } else if (!token_fits && !silent) {
        refused = CallIsLiveError(slot.heard + takeover_silence_);
      } else {
        displaced = std::exchange(slot.waiter, Waiter{std::move(holder), granted, token_fits ? Takeover::kToken : Takeover::kSilence});
        fenced = slot.holder;
      }
    } else {
      slot.holder = std::move(holder);
      slot.heard = now;
    }
  }
  if (!refused.ok()) return granted(refused, Takeover::kNone);
  if (displaced.granted) displaced.granted(TakenOverError(), Takeover::kNone);
  if (fenced != nullptr) return fenced->Fence(TakenOverError());
  granted(absl::OkStatus(), Takeover::kNone);
}

void CallRegistry::SetToken(const std::string& key, const CallHolder* holder, std::string token_sha256) {
  absl::MutexLock lock(&mutex_);
  if (auto slot = slots_.find(key); slot != slots_.end() && slot->second.holder.get() == holder)
    slot->second.token_sha256 = std::move(token_sha256);
}

void CallRegistry::Heard(const std::string& key, const CallHolder* holder) {
  absl::MutexLock lock(&mutex_);
  if (auto slot = slots_.find(key); slot != slots_.end() && slot->second.holder.get() == holder) slot->second.heard = clock_->Now();
}

void CallRegistry::Release(const std::string& key, const CallHolder* holder) {
  Waiter next;
  std::shared_ptr<CallHolder> released;  // destroyed without the lock
  {
    absl::MutexLock lock(&mutex_);
    auto slot = slots_.find(key);
    if (slot == slots_.end() || slot->second.holder.get() != holder) return;
    released = std::move(slot->second.holder);
    next = std::move(slot->second.waiter);
    // Only who came to write was heard of: a claim that was refused must not lengthen the silence that it waits for.
    if (!slot->second.token_sha256.empty()) RememberRelease(key, slot->second.heard);
    if (next.holder == nullptr) {
      slots_.erase(slot);
    } else {
      // A token that was good for the call stays good while the next holder opens it.
      const std::string token = next.by == Takeover::kToken ? slot->second.token_sha256 : std::string();
      slot->second = Slot{next.holder, token, clock_->Now(), Waiter{}};
    }
  }
  if (next.granted) next.granted(absl::OkStatus(), next.by);
}

bool CallRegistry::Idle(const std::string& key) const {
  absl::MutexLock lock(&mutex_);
  return !slots_.contains(key);
}

absl::Time CallRegistry::LastReleased(const std::string& key) const {
  absl::MutexLock lock(&mutex_);
  const auto released = released_.find(key);
  return released == released_.end() ? absl::InfinitePast() : released->second;
}

void CallRegistry::RememberRelease(const std::string& key, absl::Time heard) {
  if (released_.size() >= kReleasedMax) {
    const absl::Time still_matters = clock_->Now() - takeover_silence_;
    absl::erase_if(released_, [&](const auto& entry) { return entry.second < still_matters; });
  }
  if (released_.size() < kReleasedMax) released_[key] = heard;
}

}  // namespace otokura::recordings
