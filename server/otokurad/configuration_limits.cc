#include <cstdint>

#include "absl/strings/str_cat.h"
#include "server/otokurad/configuration_checks.h"

namespace otokura::gateway {

void CheckLimits(const v1::LimitsConfig& limits, ProblemList& problems) {
  struct Range {
    const char* field;
    uint64_t value, least, most;
  };
  constexpr uint64_t kDiskBytesMax = uint64_t{1} << 50;
  constexpr uint32_t kDetailsKeptDaysMin = 400;  // budgets look a year back, and whose an entry was is in its details
  constexpr uint32_t kDetailsKeptDaysMax = 36'500;
  const Range ranges[] = {
      {"live_calls_max", limits.live_calls_max(), 1, 20000},  // beyond, the locked memory for their keys is not enough
      {"takeover_silence_seconds", limits.takeover_silence_seconds(), 1, 3600},
      {"incomplete_after_hours", limits.incomplete_after_hours(), 1, 720},
      {"recorder_skew_seconds", limits.recorder_skew_seconds(), 1, 86400},
      {"recorder_start_age_hours", limits.recorder_start_age_hours(), 1, 876000},
      {"free_space_fair_bytes", limits.free_space_fair_bytes(), 1, kDiskBytesMax},
      {"free_space_min_bytes", limits.free_space_min_bytes(), 1, kDiskBytesMax},
      {"reserve_bytes", limits.reserve_bytes(), uint64_t{1} << 20, uint64_t{1} << 40},  // less than 1 MiB would not hold one batch
      {"retrieval_streams_max", limits.retrieval_streams_max(), 1, 20000},
      {"worker_threads", limits.worker_threads(), 1, 256},
      {"gaps_max", limits.gaps_max(), 1, 65536},  // with the next, a manifest must stay below the largest record, 4 MiB
      {"parts_max", limits.parts_max(), 1, 4096},
      {"retrievals_per_account_max", limits.retrievals_per_account_max(), 1, 1024},
      {"refusal_log_bytes_per_account_day", limits.refusal_log_bytes_per_account_day(), 1, kDiskBytesMax},
      {"refusal_log_bytes_per_address_day", limits.refusal_log_bytes_per_address_day(), 1, kDiskBytesMax},
      {"refusal_log_bytes_per_day", limits.refusal_log_bytes_per_day(), 1, kDiskBytesMax},
  };
  for (const Range& range : ranges) {
    if (range.value >= range.least && range.value <= range.most) continue;
    problems.Add(absl::StrCat("limits.", range.field),
                 absl::StrCat("is ", range.value, ", must be ", range.least, " to ", range.most, ", or 0 for the default"));
  }
  if (const uint32_t days = limits.audit_details_kept_days(); days != 0 && (days < kDetailsKeptDaysMin || days > kDetailsKeptDaysMax)) {
    problems.Add("limits.audit_details_kept_days",
                 absl::StrCat("is ", days, ", must be ", kDetailsKeptDaysMin, " to ", kDetailsKeptDaysMax, ", or 0 to keep them for good"));
  }
  if (limits.free_space_fair_bytes() < limits.free_space_min_bytes())
    problems.Add("limits.free_space_fair_bytes", "must not be below free_space_min_bytes");
}

void CheckLog(const v1::LogConfig& log, ProblemList& problems) {
  constexpr uint32_t kLeastMs = 100;    // each is two synced writes
  constexpr uint32_t kMostMs = 60'000;  // what no checkpoint covers yet can be taken back unseen
  if (log.checkpoint_interval_ms() >= kLeastMs && log.checkpoint_interval_ms() <= kMostMs) return;
  problems.Add("log.checkpoint_interval_ms",
               absl::StrCat("is ", log.checkpoint_interval_ms(), ", must be ", kLeastMs, " to ", kMostMs, ", or 0 for the default"));
}

}  // namespace otokura::gateway
