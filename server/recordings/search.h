// One page of a search over the indexes, newest first.
#ifndef OTOKURA_SERVER_RECORDINGS_SEARCH_H_
#define OTOKURA_SERVER_RECORDINGS_SEARCH_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/blind_index.h"
#include "otokura/v1/access.pb.h"
#include "otokura/v1/stored.pb.h"
#include "server/access/caller.h"
#include "server/recordings/site.h"

namespace otokura::recordings {

struct SearchTerm {
  crypto::IndexField field;
  std::string normalised;
};

// INVALID_ARGUMENT where the field is unknown, or the value is none of that field.
absl::StatusOr<SearchTerm> TermOf(const v1::PersonalTerm& term);

struct SearchPlan {
  v1::Scope scope = v1::SCOPE_UNSPECIFIED;
  std::string centre;  // empty: any in scope
  std::string queue;
  std::optional<SearchTerm> term;
  storage::RecordingId from;    // inclusive
  storage::RecordingId before;  // exclusive: the end of the time range, or where the last page stopped
  size_t rows_max = 0;
};

struct SearchPage {
  std::vector<v1::RecordingRecord> records;
  std::optional<storage::RecordingId> next_before;  // absent: that was all
};

absl::StatusOr<SearchPage> RunSearch(const Site& site, const access::Caller& caller, const SearchPlan& plan);

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_SEARCH_H_
