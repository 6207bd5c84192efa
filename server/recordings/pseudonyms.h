// Whom budgets count a recording, or a personal search, to: pseudonyms for the log, never the value (DESIGN §7).
#ifndef OTOKURA_SERVER_RECORDINGS_PSEUDONYMS_H_
#define OTOKURA_SERVER_RECORDINGS_PSEUDONYMS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "otokura/v1/stored.pb.h"
#include "server/recordings/search.h"
#include "server/recordings/site.h"

namespace otokura::recordings {

// Reads the store and opens the recording's metadata. UNAVAILABLE where the year's key is not there; DATA_LOSS.
absl::StatusOr<std::vector<std::string>> CallerPseudonymsOf(const Site& site, const v1::RecordingRecord& record);
// Likewise, of everything personal that a case may name it by.
absl::StatusOr<std::vector<std::string>> PersonalPseudonymsOf(const Site& site, const v1::RecordingRecord& record);
absl::StatusOr<std::vector<std::string>> TermPseudonymsOf(const Site& site, const SearchTerm& term);

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_PSEUDONYMS_H_
