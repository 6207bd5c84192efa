// What the watch wants to know of a decision: copied out of the request that it stands behind.
#ifndef OTOKURA_SERVER_INCIDENTS_OBSERVATION_H_
#define OTOKURA_SERVER_INCIDENTS_OBSERVATION_H_

#include <cstdint>
#include <optional>
#include <string>

#include "server/access/caller.h"
#include "server/access/egress/budget_refusal.h"
#include "server/access/gate.h"

namespace otokura::incidents {

struct Observation {
  access::Caller caller;
  std::optional<access::BudgetRefusal> budget;  // refused by one
  std::string out_of_reach;                     // the id asked for that was out of scope or absent
  std::string canary;                           // the id asked for that is bait
  std::optional<uint64_t> sequence;             // of its entry
};

// Nothing of decisions that tell nothing. `canary`: whether what was asked for is bait.
std::optional<Observation> Observe(const access::Caller& caller, const access::Ask& ask, const access::Decision& decision, bool canary);
// The id of the recording that somebody asks to be shown or to hear, whether there is one or not; empty for anything else.
std::string TouchedRecording(const access::Ask& ask);

}  // namespace otokura::incidents

#endif  // OTOKURA_SERVER_INCIDENTS_OBSERVATION_H_
