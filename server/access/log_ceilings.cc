#include "server/access/log_ceilings.h"

namespace otokura::access {

void LogCeilings::BeginDay(absl::Time now) {
  const int64_t day = absl::ToUnixSeconds(now) / 86'400;
  if (day <= day_) return;
  day_ = day;
  accounts_.clear();
  addresses_.clear();
  all_ = 0;
}

uint64_t& LogCeilings::Of(Used& used, std::string_view source) {
  const auto found = used.find(source);
  if (found != used.end()) return found->second;
  return used[used.size() < kSourcesMax ? std::string(source) : std::string()];
}

bool LogCeilings::Charge(std::string_view account, std::string_view address, uint64_t bytes, absl::Time now) {
  BeginDay(now);
  if (all_ + bytes > limits_.log_bytes_day) return false;
  if (!account.empty() && Of(accounts_, account) + bytes > limits_.account_log_bytes_day) return false;
  if (!address.empty() && Of(addresses_, address) + bytes > limits_.address_log_bytes_day) return false;
  Add(account, address, bytes, now);
  return true;
}

void LogCeilings::Add(std::string_view account, std::string_view address, uint64_t bytes, absl::Time now) {
  BeginDay(now);
  all_ += bytes;
  if (!account.empty()) Of(accounts_, account) += bytes;
  if (!address.empty()) Of(addresses_, address) += bytes;
}

void LogCeilings::ChargeSummary(absl::Time now) {
  BeginDay(now);
  all_ += kSummaryBytes;
}

bool LogCeilings::Exhausted(absl::Time now) {
  BeginDay(now);
  return all_ + kSummaryBytes > limits_.log_bytes_day;
}

}  // namespace otokura::access
