// Policies rehearsed over the wire, with the protocol spoken by hand.
#ifndef OTOKURA_TESTS_INTEGRATION_REHEARSAL_CALLS_H_
#define OTOKURA_TESTS_INTEGRATION_REHEARSAL_CALLS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "otokura/v1/rehearsal.grpc.pb.h"
#include "tests/integration/site.h"

namespace otokura::integration {

struct Rehearsed {
  absl::Status status;
  v1::RehearsalProgress progress;  // the last of it
  std::vector<v1::RehearsalFinding> findings;
  v1::RehearsalSummary summary;
};
Rehearsed Rehearse(const Site& site, const std::string& account, const std::string& text, uint32_t days = 0);

// That this policy, which was in force all the while, would have stopped nobody of so many releases at least.
void ExpectNobodyStopped(const Site& site, const std::string& text, uint64_t releases_min);

}  // namespace otokura::integration

#endif  // OTOKURA_TESTS_INTEGRATION_REHEARSAL_CALLS_H_
