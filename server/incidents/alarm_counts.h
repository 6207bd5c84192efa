// Counts what each account is refused, until it is too much for somebody who works.
#ifndef OTOKURA_SERVER_INCIDENTS_ALARM_COUNTS_H_
#define OTOKURA_SERVER_INCIDENTS_ALARM_COUNTS_H_

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"

namespace otokura::incidents {

inline constexpr absl::Duration kCountedFor = absl::Hours(1);  // refusals by budgets, ids out of reach, touches of one canary
inline constexpr absl::Duration kRacesCountedFor = absl::Minutes(1);
inline constexpr uint32_t kRacesMax = 3;             // in that time: more is no impatient hand, which sends one request twice
inline constexpr size_t kCountedAccountsMax = 4096;  // refused within the hour; each at most some 50 KiB, nearly all of them under one

// Not thread-safe. Times are CLOCK_BOOTTIME. Each gives true when the count went beyond its maximum, and begins anew then.
class AlarmCounts {
 public:
  bool RefusedByBudget(const std::string& account, uint32_t maximum, absl::Duration now);
  // Counts distinct ids.
  bool AskedOutOfReach(const std::string& account, std::string_view id, uint32_t maximum, absl::Duration now);
  bool Raced(const std::string& account, absl::Duration now);
  // True for the first touch of this canary by that account, and again an hour after the last that was.
  bool TouchedCanary(const std::string& account, const std::string& recording, absl::Duration now);

  // What was not counted because too many accounts are; counts from zero after each call.
  uint64_t TakeUncounted() { return std::exchange(uncounted_, 0); }

 private:
  struct Account {
    std::deque<absl::Duration> refusals;
    absl::flat_hash_map<uint64_t, absl::Duration> out_of_reach;  // by a hash of the id
    std::deque<absl::Duration> races;
    std::map<std::string, absl::Duration> canaries;
    absl::Duration last;
  };
  // Null where it is one too many.
  Account* Find(const std::string& account, absl::Duration now);

  absl::flat_hash_map<std::string, Account> accounts_;
  uint64_t uncounted_ = 0;
};

}  // namespace otokura::incidents

#endif  // OTOKURA_SERVER_INCIDENTS_ALARM_COUNTS_H_
