#include "server/incidents/incident_rows.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "server/access/sealed_rows.h"

namespace otokura::incidents {
namespace {

constexpr uint32_t kRecordVersion = 1;
constexpr std::string_view kPrefix = "incident/";

absl::StatusOr<v1::Incident> Parse(const std::string& record, std::string_view id) {
  absl::StatusOr<v1::IncidentRecord> parsed = access::ParseVersioned<v1::IncidentRecord>(record, kRecordVersion, "incidents");
  if (!parsed.ok()) return parsed.status();
  if (parsed->incident().id() != id) return absl::DataLossError("incidents: a row lies in another's place; run otokurad fsck");
  return std::move(*parsed->mutable_incident());
}

}  // namespace

absl::Status PutIncident(const v1::Incident& incident, std::optional<std::string> expected, const keys::SiteKeys& keys,
                         storage::Batch* batch) {
  v1::IncidentRecord record;
  record.set_version(kRecordVersion);
  *record.mutable_incident() = incident;
  return access::PutSealed(access::RowOfId(kPrefix, incident.id(), keys), record.SerializeAsString(), std::move(expected), keys, batch);
}

absl::StatusOr<std::optional<StoredIncident>> ReadIncident(const storage::RecordReader& records, std::string_view id,
                                                           const keys::SiteKeys& keys) {
  absl::StatusOr<std::optional<access::OpenedRow>> opened = access::ReadSealed(records, access::RowOfId(kPrefix, id, keys), keys);
  if (!opened.ok()) return opened.status();
  if (!opened->has_value()) return std::optional<StoredIncident>();
  absl::StatusOr<v1::Incident> incident = Parse((*opened)->record, id);
  if (!incident.ok()) return incident.status();
  return std::optional<StoredIncident>(StoredIncident{*std::move(incident), std::move((*opened)->row)});
}

absl::Status ReadIncidents(const storage::RecordReader& records, std::string_view before, const keys::SiteKeys& keys,
                           absl::FunctionRef<bool(absl::StatusOr<v1::Incident> incident)> incident) {
  storage::ScanRange range = access::RowsOf(kPrefix);
  if (!before.empty()) range.last = access::RowOfId(kPrefix, before, keys).row_key;
  range.newest_first = true;
  return records.Scan(storage::Table::kMeta, range, [&](std::string_view row_key, std::string_view row) {
    const std::string id = absl::HexStringToBytes(std::string(row_key.substr(kPrefix.size())));
    const absl::StatusOr<std::string> record = keys.OpenAccount(access::RowOfId(kPrefix, id, keys).sealing_key, row);
    return incident(record.ok() ? Parse(*record, id) : record.status());
  });
}

}  // namespace otokura::incidents
