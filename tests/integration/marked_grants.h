// Grants asked for with a mark in everything that a client can type.
#ifndef OTOKURA_TESTS_INTEGRATION_MARKED_GRANTS_H_
#define OTOKURA_TESTS_INTEGRATION_MARKED_GRANTS_H_

#include <string>

#include "tests/integration/marked_data.h"
#include "tests/integration/site.h"

namespace otokura::integration {

// Rightly and wrongly: one that is refused, one that is heard under and revoked, and what nobody may. Makes every action of grants an
// entry.
void AskForMarkedGrants(Site& site, const Marks& marks, const std::string& recording_id);

}  // namespace otokura::integration

#endif  // OTOKURA_TESTS_INTEGRATION_MARKED_GRANTS_H_
