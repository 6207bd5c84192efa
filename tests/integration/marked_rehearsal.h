// Policies rehearsed with a mark in everything that a client can type.
#ifndef OTOKURA_TESTS_INTEGRATION_MARKED_REHEARSAL_H_
#define OTOKURA_TESTS_INTEGRATION_MARKED_REHEARSAL_H_

#include "tests/integration/marked_data.h"
#include "tests/integration/site.h"

namespace otokura::integration {

// Rightly and wrongly, by who may and who may not.
void RehearseMarkedPolicies(const Site& site, const Marks& marks);

}  // namespace otokura::integration

#endif  // OTOKURA_TESTS_INTEGRATION_MARKED_REHEARSAL_H_
