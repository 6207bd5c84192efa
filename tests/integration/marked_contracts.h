// Contracts proposed, confirmed, listed and closed with a mark in everything that a client can type.
#ifndef OTOKURA_TESTS_INTEGRATION_MARKED_CONTRACTS_H_
#define OTOKURA_TESTS_INTEGRATION_MARKED_CONTRACTS_H_

#include "tests/integration/marked_data.h"
#include "tests/integration/site.h"

namespace otokura::integration {

// Rightly and wrongly, by who may and who may not. Makes every action of contracts an entry.
void AskForMarkedContracts(const Site& site, const Marks& marks);

}  // namespace otokura::integration

#endif  // OTOKURA_TESTS_INTEGRATION_MARKED_CONTRACTS_H_
