#include "server/access/refusal_floods.h"

#include <arpa/inet.h>

#include <algorithm>
#include <limits>

#include "absl/strings/str_replace.h"

namespace otokura::access {
namespace {

constexpr size_t kIpv4PrefixBytes = 3;  // /24
constexpr size_t kIpv6PrefixBytes = 6;  // /48
constexpr size_t kOtherAddressBytesMax = 64;

std::string_view WithoutScheme(std::string_view peer) {
  for (const std::string_view scheme : {"ipv4:", "ipv6:"}) {
    if (peer.substr(0, scheme.size()) == scheme) return peer.substr(scheme.size());
  }
  return peer;
}

template <size_t kBytes>
std::string Prefix(int family, const std::string& host, size_t kept, const char* length) {
  unsigned char address[kBytes];
  if (inet_pton(family, host.c_str(), address) != 1) return "";
  std::fill(address + kept, address + kBytes, 0);
  char text[INET6_ADDRSTRLEN];
  return std::string(inet_ntop(family, address, text, sizeof text)).append(length);
}

uint32_t SumOf(uint32_t a, uint32_t b) {
  return a > std::numeric_limits<uint32_t>::max() - b ? std::numeric_limits<uint32_t>::max() : a + b;
}

}  // namespace

// Brackets may be escaped; without any, a single colon is before the port.
std::string HostOf(std::string_view peer) {
  const std::string_view escaped = WithoutScheme(peer);
  const std::string host = absl::StrReplaceAll(absl::string_view(escaped.data(), escaped.size()), {{"%5B", "["}, {"%5D", "]"}});
  if (!host.empty() && host.front() == '[') return host.substr(1, std::min(host.find(']'), host.size()) - 1);
  const size_t colon = host.find(':');
  const bool has_port = colon != std::string::npos && host.find(':', colon + 1) == std::string::npos;
  return (has_port ? host.substr(0, colon) : host).substr(0, kOtherAddressBytesMax);
}

std::string AddressPrefix(std::string_view peer) {
  const std::string host = HostOf(peer);
  if (std::string prefix = Prefix<4>(AF_INET, host, kIpv4PrefixBytes, "/24"); !prefix.empty()) return prefix;
  if (std::string prefix = Prefix<16>(AF_INET6, host, kIpv6PrefixBytes, "/48"); !prefix.empty()) return prefix;
  return std::string(peer.substr(0, kOtherAddressBytesMax));
}

RefusalFloods::Summary RefusalFloods::SummaryOf(const Refusal& refusal, uint32_t count) {
  const audit::Particulars& who = refusal.particulars;
  Summary summary{{refusal.action, refusal.rule, who.account, ""}, refusal.role, who.person, who.company, who.contract, count};
  if (who.account.empty()) summary.kind.address = AddressPrefix(who.address);
  return summary;
}

RefusalFloods::Window& RefusalFloods::WindowOf(const Summary& summary, absl::Time now) {
  const RefusalKind& kind = summary.kind;
  if (auto found = windows_.find(kind); found != windows_.end()) return found->second;
  const bool known = !kind.account.empty();
  const bool nameless = !known && kind.address.empty();
  size_t& told_apart = known ? account_windows_ : address_windows_;
  const bool crowded = told_apart >= (known ? kFloodAccountsMax : kFloodAddressesMax) || ceilings_.Exhausted(now);
  if (!nameless && crowded) return WindowOf({{kind.action, kind.rule, "", ""}, "", "", "", "", 0}, now);
  if (!nameless) ++told_apart;
  next_end_ = std::min(next_end_, now + kFloodWindow);
  Window& window = windows_[kind];
  window = {now, 0, summary};
  window.summary.count = 0;
  return window;
}

RefusalFloods::Minute* RefusalFloods::MinuteOf(const std::string& account, absl::Time now) {
  auto found = minutes_.find(account);
  if (found == minutes_.end()) {
    if (minutes_.size() >= kThrottledAccountsMax) return nullptr;
    next_end_ = std::min(next_end_, now + kFloodWindow);
    found = minutes_.emplace(account, Minute{now, 0}).first;
  }
  if (now - found->second.start >= kFloodWindow) found->second = {now, 0};
  return &found->second;
}

RefusalFloods::Taken RefusalFloods::Take(const Refusal& refusal, uint64_t log_bytes, absl::Time now) {
  const Summary summary = SummaryOf(refusal, 1);
  const std::string& account = summary.kind.account;
  absl::MutexLock lock(&mutex_);
  Window& window = WindowOf(summary, now);
  Minute* const minute = account.empty() ? nullptr : MinuteOf(account, now);
  bool early = minute != nullptr && minute->refused < kAccountRefusalsPerMinute;
  if (account.empty()) early = window.seen < kAddressRefusalsPerMinute;
  if (minute != nullptr) ++minute->refused;
  if (early && ceilings_.Charge(account, AddressPrefix(refusal.particulars.address), log_bytes, now)) {
    ++window.seen;
    return {Verdict::kEntry, {}};
  }
  window.summary.count = SumOf(window.summary.count, 1);
  if (minute == nullptr || early) return {Verdict::kCounted, {}};
  return {Verdict::kThrottled, minute->start + kFloodWindow};
}

bool RefusalFloods::TakeUp(const audit::Particulars& particulars, bool is_summary, uint64_t log_bytes, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  if (is_summary) {
    ceilings_.ChargeSummary(now);
  } else {
    ceilings_.Add(particulars.account, AddressPrefix(particulars.address), log_bytes, now);
  }
  return !ceilings_.Exhausted(now);
}

std::vector<RefusalFloods::Summary> RefusalFloods::TakeEnded(absl::Time now) {
  absl::MutexLock lock(&mutex_);
  std::vector<Summary> ended;
  if (now < next_end_) return ended;
  next_end_ = absl::InfiniteFuture();
  for (auto at = windows_.begin(); at != windows_.end();) {
    Window& window = at->second;
    if (now - window.start < kFloodWindow) {
      next_end_ = std::min(next_end_, window.start + kFloodWindow);
      ++at;
      continue;
    }
    if (!at->first.account.empty()) --account_windows_;
    if (!at->first.address.empty()) --address_windows_;
    if (window.summary.count > 0) {
      ceilings_.ChargeSummary(window.start);
      ended.push_back(std::move(window.summary));
    }
    at = windows_.erase(at);
  }
  for (auto at = minutes_.begin(); at != minutes_.end();) {
    const absl::Time end = at->second.start + kFloodWindow;
    if (now >= end) {
      at = minutes_.erase(at);
    } else {
      next_end_ = std::min(next_end_, end);
      ++at;
    }
  }
  return ended;
}

void RefusalFloods::Add(const Summary& summary, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  Window& window = WindowOf(summary, now);
  window.summary.count = SumOf(window.summary.count, summary.count);
}

}  // namespace otokura::access
