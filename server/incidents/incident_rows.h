// How incidents lie in the store (FORMAT.md).
#ifndef OTOKURA_SERVER_INCIDENTS_INCIDENT_ROWS_H_
#define OTOKURA_SERVER_INCIDENTS_INCIDENT_ROWS_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "otokura/v1/incident.pb.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::incidents {

// The incident, and its exact stored bytes, which are the precondition of every change to it.
struct StoredIncident {
  v1::Incident incident;
  std::string row;
};

// The row must still be `expected`; nothing: it must not be there.
absl::Status PutIncident(const v1::Incident& incident, std::optional<std::string> expected, const keys::SiteKeys& keys,
                         storage::Batch* batch);
// Nothing where there is no such one. DATA_LOSS where it does not open; FAILED_PRECONDITION where it is from a newer gateway.
absl::StatusOr<std::optional<StoredIncident>> ReadIncident(const storage::RecordReader& records, std::string_view id,
                                                           const keys::SiteKeys& keys);
// Newest first, below `before` where it is not empty, until `incident` gives false; each may be damaged, with an error as above.
absl::Status ReadIncidents(const storage::RecordReader& records, std::string_view before, const keys::SiteKeys& keys,
                           absl::FunctionRef<bool(absl::StatusOr<v1::Incident> incident)> incident);

}  // namespace otokura::incidents

#endif  // OTOKURA_SERVER_INCIDENTS_INCIDENT_ROWS_H_
