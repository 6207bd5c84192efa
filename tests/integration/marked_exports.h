// Exports asked for with a mark in everything that a client can type.
#ifndef OTOKURA_TESTS_INTEGRATION_MARKED_EXPORTS_H_
#define OTOKURA_TESTS_INTEGRATION_MARKED_EXPORTS_H_

#include <string>

#include "tests/integration/marked_data.h"
#include "tests/integration/site.h"

namespace otokura::integration {

// Rightly and wrongly: one that is refused, one that is taken and revoked, and what nobody may. Makes every action of exports an entry.
// Loads a policy with that serial.
void AskForMarkedExports(Site& site, const Marks& marks, const std::string& recording_id, uint64_t serial);

}  // namespace otokura::integration

#endif  // OTOKURA_TESTS_INTEGRATION_MARKED_EXPORTS_H_
