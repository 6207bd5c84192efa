// Canaries marked and incidents handled with a mark in everything that a client can type.
#ifndef OTOKURA_TESTS_INTEGRATION_MARKED_INCIDENTS_H_
#define OTOKURA_TESTS_INTEGRATION_MARKED_INCIDENTS_H_

#include <string>

#include "tests/integration/marked_data.h"
#include "tests/integration/site.h"

namespace otokura::integration {

// Rightly and wrongly, by who may and who may not. Leaves the recording a canary.
void MarkMarkedCanary(const Site& site, const Marks& marks, const std::string& recording_id);
// Those that there are, by everybody in turn; the officer "security" is the one whom none concerns.
void HandleMarkedIncidents(const Site& site, const Marks& marks);

}  // namespace otokura::integration

#endif  // OTOKURA_TESTS_INTEGRATION_MARKED_INCIDENTS_H_
