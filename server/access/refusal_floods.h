// Keeps a flood of refusals from flooding the log (DESIGN §7): the first few of a minute are entries, the rest is counted into one a minute
// for each kind. None is forgotten.
#ifndef OTOKURA_SERVER_ACCESS_REFUSAL_FLOODS_H_
#define OTOKURA_SERVER_ACCESS_REFUSAL_FLOODS_H_

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "otokura/v1/audit.pb.h"
#include "server/access/log_ceilings.h"
#include "server/audit/log.h"

namespace otokura::access {

inline constexpr absl::Duration kFloodWindow = absl::Minutes(1);
inline constexpr int kAddressRefusalsPerMinute = 10;   // entries of one kind, of callers that are no account
inline constexpr int kAccountRefusalsPerMinute = 60;   // of all kinds; nobody who works is refused once a second
inline constexpr size_t kFloodAddressesMax = 256;      // windows told apart at a time; some 300 bytes each
inline constexpr size_t kFloodAccountsMax = 1024;      // likewise
inline constexpr size_t kThrottledAccountsMax = 4096;  // counted at a time; one beyond is counted into summaries, and not throttled

// A refusal as it would be logged.
struct Refusal {
  v1::AuditAction action = v1::AUDIT_ACTION_UNSPECIFIED;
  std::string rule;  // a fixed word, so that kinds without a source are few
  std::string role;
  audit::Particulars particulars;  // with an account: of somebody known
};

// Refusals that are counted together. Either source is empty; both are of the many that are not told apart.
struct RefusalKind {
  v1::AuditAction action = v1::AUDIT_ACTION_UNSPECIFIED;
  std::string rule;
  std::string account;
  std::string address;  // prefix
  auto operator<=>(const RefusalKind&) const = default;
};

// The network that an address lies in, which is what one attacker has of addresses: "192.0.2.0/24", "2001:db8:1::/48". Understands
// "ipv4:1.2.3.4:5", "ipv6:[::1]:5", "ipv6:%5B::1%5D:5" and the same without scheme or port; anything else stays as it is.
std::string AddressPrefix(std::string_view peer);
// Without scheme, brackets and port: "192.0.2.1", "2001:db8::1"; anything else, at most 64 bytes of it, as it is.
std::string HostOf(std::string_view peer);

// Thread-safe.
class RefusalFloods {
 public:
  struct Summary {
    RefusalKind kind;
    std::string role, person, company, contract;  // of the account
    uint32_t count = 0;
  };
  enum class Verdict : uint8_t {
    kEntry,      // gets an entry of its own
    kCounted,    // is counted into the minute's summary
    kThrottled,  // likewise, and the account is to be told to wait
  };
  struct Taken {
    Verdict verdict = Verdict::kEntry;
    absl::Time retry_at;
  };

  explicit RefusalFloods(const RefusalLimits& limits) : ceilings_(limits) {}

  // `log_bytes`: what an entry of its own would take.
  Taken Take(const Refusal& refusal, uint64_t log_bytes, absl::Time now);
  // Counts an entry that was written today before a restart, or a summary. False once there is nothing left for anybody.
  bool TakeUp(const audit::Particulars& particulars, bool is_summary, uint64_t log_bytes, absl::Time now);
  // Those whose window ended at `now`, with what was counted in it.
  std::vector<Summary> TakeEnded(absl::Time now);
  std::vector<Summary> TakeAll() { return TakeEnded(absl::InfiniteFuture()); }
  // Counts what comes already counted, or could not be written after all.
  void Add(const Summary& summary, absl::Time now);

  static Summary SummaryOf(const Refusal& refusal, uint32_t count);

 private:
  struct Window {
    absl::Time start;
    int seen = 0;
    Summary summary;
  };
  struct Minute {
    absl::Time start;
    int refused = 0;
  };
  Window& WindowOf(const Summary& summary, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Null where too many accounts are counted already.
  Minute* MinuteOf(const std::string& account, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  LogCeilings ceilings_ ABSL_GUARDED_BY(mutex_);
  std::map<RefusalKind, Window> windows_ ABSL_GUARDED_BY(mutex_);
  size_t account_windows_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t address_windows_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, Minute> minutes_ ABSL_GUARDED_BY(mutex_);         // by account
  absl::Time next_end_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();  // nothing ends before
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_REFUSAL_FLOODS_H_
