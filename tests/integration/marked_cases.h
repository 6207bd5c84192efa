// Cases opened and closed with a mark in everything that a client can type.
#ifndef OTOKURA_TESTS_INTEGRATION_MARKED_CASES_H_
#define OTOKURA_TESTS_INTEGRATION_MARKED_CASES_H_

#include <string>

#include "tests/integration/marked_data.h"
#include "tests/integration/site.h"

namespace otokura::integration {

// Rightly and wrongly, by who may and who may not. Makes every action of cases an entry.
void AskForMarkedCases(const Site& site, const Marks& marks, const std::string& recording_id);

}  // namespace otokura::integration

#endif  // OTOKURA_TESTS_INTEGRATION_MARKED_CASES_H_
