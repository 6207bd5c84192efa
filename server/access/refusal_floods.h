// Keeps a flood of refusals from flooding the log (DESIGN §7): the first few of a minute are entries, the rest is counted into one.
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

namespace otokura::access {

inline constexpr absl::Duration kFloodWindow = absl::Minutes(1);
inline constexpr size_t kFloodSourcesMax =
    256;  // told apart at a time: with kRefusalsPerMinute entries each some 2 MB of log a minute at worst

// Refusals that are counted together.
struct RefusalKind {
  v1::AuditAction action = v1::AUDIT_ACTION_UNSPECIFIED;
  std::string rule;     // a fixed word, so that kinds without an address are few
  std::string address;  // without port; empty: of the many past kFloodSourcesMax
  auto operator<=>(const RefusalKind&) const = default;
};

// The address without the port, which changes at every connection. Understands "ipv4:1.2.3.4:5", "ipv6:[::1]:5" and the same without
// scheme.
std::string AddressWithoutPort(std::string_view peer);

// Thread-safe.
class RefusalFloods {
 public:
  struct Summary {
    RefusalKind kind;
    uint32_t count = 0;
  };

  explicit RefusalFloods(int entries_per_window) : entries_per_window_(entries_per_window) {}

  // True: this one gets an entry of its own. False: it was counted.
  bool Admit(const RefusalKind& kind, absl::Time now);
  // Those whose window ended at `now`, with what was counted in it.
  std::vector<Summary> TakeEnded(absl::Time now);
  std::vector<Summary> TakeAll() { return TakeEnded(absl::InfiniteFuture()); }
  // What could not be written after all is counted again.
  void GiveBack(const Summary& summary, absl::Time now);

 private:
  struct Window {
    absl::Time start;
    int seen = 0;
    uint32_t counted = 0;
  };
  Window& WindowOf(const RefusalKind& kind, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int entries_per_window_;
  absl::Mutex mutex_;
  std::map<RefusalKind, Window> windows_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_REFUSAL_FLOODS_H_
