#include "server/recordings/site.h"

#include <algorithm>
#include <thread>

namespace otokura::recordings {

v1::LimitsConfig WithDefaults(v1::LimitsConfig limits) {
  if (limits.live_calls_max() == 0) limits.set_live_calls_max(15000);
  if (limits.takeover_silence_seconds() == 0) limits.set_takeover_silence_seconds(30);
  if (limits.incomplete_after_hours() == 0) limits.set_incomplete_after_hours(24);
  if (limits.recorder_skew_seconds() == 0) limits.set_recorder_skew_seconds(300);
  if (limits.recorder_start_age_hours() == 0) limits.set_recorder_start_age_hours(8784);
  if (limits.free_space_fair_bytes() == 0) limits.set_free_space_fair_bytes(uint64_t{10} << 30);
  if (limits.free_space_min_bytes() == 0) limits.set_free_space_min_bytes(uint64_t{1} << 30);
  if (limits.reserve_bytes() == 0) limits.set_reserve_bytes(uint64_t{64} << 20);
  if (limits.retrieval_streams_max() == 0) limits.set_retrieval_streams_max(1024);
  if (limits.worker_threads() == 0) limits.set_worker_threads(std::max(2U, std::thread::hardware_concurrency()));
  if (limits.gaps_max() == 0) limits.set_gaps_max(1024);
  if (limits.parts_max() == 0) limits.set_parts_max(256);
  if (limits.retrievals_per_account_max() == 0) limits.set_retrievals_per_account_max(8);
  const access::RefusalLimits refusals;
  if (limits.refusal_log_bytes_per_account_day() == 0) limits.set_refusal_log_bytes_per_account_day(refusals.account_log_bytes_day);
  if (limits.refusal_log_bytes_per_address_day() == 0) limits.set_refusal_log_bytes_per_address_day(refusals.address_log_bytes_day);
  if (limits.refusal_log_bytes_per_day() == 0) limits.set_refusal_log_bytes_per_day(refusals.log_bytes_day);
  return limits;
}

}  // namespace otokura::recordings
