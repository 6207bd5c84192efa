// A policy tried on the log before anybody turns it on: whom it would have stopped.
#ifndef OTOKURA_REHEARSAL_H_
#define OTOKURA_REHEARSAL_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "otokura/connection.h"
#include "otokura/recording.h"

namespace otokura::client {

// A budget of the policy that was rehearsed.
struct RehearsedBudget {
  std::string of{};       // "account", "person", "contract", "centre", "approver"
  std::string name{};     // whose
  std::string measure{};  // as in the policy: "recordings", "audio_bytes" …
  std::string window{};   // "1 hour", "1 day", "30 days", "365 days"
  uint64_t maximum = 0;
};

// What one account did that one rule would have refused.
struct RehearsalFinding {
  std::string account{}, person{}, role{}, company{}, contract{};
  std::string rule{};     // "role", "purpose", "reference", "scope", "budget"
  std::string action{};   // as the policy names it; empty of a budget
  std::string purpose{};  // of the rules purpose and reference
  std::optional<RehearsedBudget> budget{};
  uint64_t times = 0;
  uint64_t recordings = 0;   // distinct ones
  uint64_t audio_bytes = 0;  // that were delivered
  Time first{};
  Time last{};
  uint64_t first_sequence = 0;
};

struct RehearsalSummary {
  Time from{};            // of the first entry gone through; the epoch where there is none
  uint64_t releases = 0;  // searches, shown, heard, downloaded
  uint64_t releases_stopped = 0;
  uint64_t releases_unjudged = 0;  // their details are pruned
  uint64_t scopes_unjudged = 0;    // judged by everything else
  uint64_t others = 0;             // whatever else was allowed
  uint64_t others_stopped = 0;
  uint64_t stops_unlisted = 0;  // of findings beyond those given
};

// Called on the calling thread.
struct RehearsalSink {
  std::function<void(uint64_t entries_done, uint64_t entries)> progress{};
  std::function<void(const RehearsalFinding& finding)> finding{};
};

// Waits until the log is gone through, `days` back; 0 takes the gateway's 400. INVALID_ARGUMENT naming what is wrong in the text, which
// nobody needs to have signed; RESOURCE_EXHAUSTED while another rehearsal runs, or where the days hold too much.
absl::StatusOr<RehearsalSummary> RehearsePolicy(const ConnectionOptions& connection, const std::string& text, uint32_t days,
                                                const RehearsalSink& sink);

}  // namespace otokura::client

#endif  // OTOKURA_REHEARSAL_H_
