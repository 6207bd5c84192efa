#include "server/incidents/alarm_counts.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"

namespace otokura::incidents {
namespace {

constexpr size_t kCanariesCountedMax = 64;  // an account that touched so many was suspended long ago

// Adds one; true, and empty again, where that makes more than `maximum` within the time.
bool Exceeds(std::deque<absl::Duration>* times, uint32_t maximum, absl::Duration counted_for, absl::Duration now) {
  while (!times->empty() && now - times->front() >= counted_for) times->pop_front();
  times->push_back(now);
  if (times->size() <= maximum) return false;
  times->clear();
  return true;
}

template <typename Map>
void DropOlder(Map* times, absl::Duration now) {
  for (auto at = times->begin(); at != times->end();) {
    if (now - at->second >= kCountedFor) {
      times->erase(at++);
    } else {
      ++at;
    }
  }
}

}  // namespace

AlarmCounts::Account* AlarmCounts::Find(const std::string& account, absl::Duration now) {
  if (accounts_.size() >= kCountedAccountsMax && !accounts_.contains(account)) {
    absl::erase_if(accounts_, [now](const auto& counted) { return now - counted.second.last >= kCountedFor; });
  }
  if (accounts_.size() >= kCountedAccountsMax && !accounts_.contains(account)) {
    ++uncounted_;
    return nullptr;
  }
  Account& counted = accounts_[account];
  counted.last = now;
  return &counted;
}

bool AlarmCounts::RefusedByBudget(const std::string& account, uint32_t maximum, absl::Duration now) {
  Account* const counted = Find(account, now);
  return counted != nullptr && Exceeds(&counted->refusals, maximum, kCountedFor, now);
}

bool AlarmCounts::AskedOutOfReach(const std::string& account, std::string_view id, uint32_t maximum, absl::Duration now) {
  Account* const counted = Find(account, now);
  if (counted == nullptr) return false;
  DropOlder(&counted->out_of_reach, now);
  counted->out_of_reach[absl::HashOf(absl::string_view(id.data(), id.size()))] = now;
  if (counted->out_of_reach.size() <= maximum) return false;
  counted->out_of_reach.clear();
  return true;
}

bool AlarmCounts::Raced(const std::string& account, absl::Duration now) {
  Account* const counted = Find(account, now);
  return counted != nullptr && Exceeds(&counted->races, kRacesMax, kRacesCountedFor, now);
}

bool AlarmCounts::TouchedCanary(const std::string& account, const std::string& recording, absl::Duration now) {
  Account* const counted = Find(account, now);
  if (counted == nullptr) return true;  // rather once too often
  DropOlder(&counted->canaries, now);
  if (counted->canaries.size() >= kCanariesCountedMax) return false;
  return counted->canaries.emplace(recording, now).second;
}

}  // namespace otokura::incidents
