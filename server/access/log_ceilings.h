// How much of the log refusals may fill in a day (DESIGN §7): by account, by address prefix, and altogether.
#ifndef OTOKURA_SERVER_ACCESS_LOG_CEILINGS_H_
#define OTOKURA_SERVER_ACCESS_LOG_CEILINGS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace otokura::access {

// Bytes of log a UTC day. What goes beyond is only counted.
struct RefusalLimits {
  uint64_t account_log_bytes_day = uint64_t{4} << 20;   // some 4,000 refusals
  uint64_t address_log_bytes_day = uint64_t{16} << 20;  // a /24 or /48, which may be a whole call centre
  uint64_t log_bytes_day = uint64_t{256} << 20;         // a tenth of a terabyte a year, were every day under attack
};

// In memory; after a restart whoever has it counts what the log holds of the day (Add). Not thread-safe.
class LogCeilings {
 public:
  static constexpr size_t kSourcesMax = 10'000;   // told apart of each kind, some 1 MB; those beyond share one allowance
  static constexpr uint64_t kSummaryBytes = 768;  // of log that the summary of a minute takes at most about

  explicit LogCeilings(const RefusalLimits& limits) : limits_(limits) {}

  // True, and charged, where all of it fits. Either name may be empty.
  bool Charge(std::string_view account, std::string_view address, uint64_t bytes, absl::Time now);
  // What was written already.
  void Add(std::string_view account, std::string_view address, uint64_t bytes, absl::Time now);
  // Summaries are written in any case; they use the whole day's allowance up all the same.
  void ChargeSummary(absl::Time now);
  // Nothing is left for anybody.
  bool Exhausted(absl::Time now);

 private:
  using Used = std::map<std::string, uint64_t, std::less<>>;
  void BeginDay(absl::Time now);
  static uint64_t& Of(Used& used, std::string_view source);

  const RefusalLimits limits_;
  int64_t day_ = 0;
  Used accounts_;
  Used addresses_;
  uint64_t all_ = 0;
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_LOG_CEILINGS_H_
