#include "server/access/grant_rows.h"

#include <utility>

#include "server/access/sealed_rows.h"

namespace otokura::access {
namespace {

constexpr uint32_t kOfPersonVersion = 1;
constexpr uint32_t kApprovedVersion = 1;
constexpr std::string_view kOfPersonPrefix = "grant-of/";
constexpr std::string_view kApprovedPrefix = "grants-by/";

// What a row says, and the row; neither where there is none.
template <typename Record>
absl::StatusOr<std::optional<Record>> ReadAs(const storage::RecordReader& records, const SealedRowName& name, const keys::SiteKeys& keys,
                                             uint32_t newest_version, std::optional<std::string>* row) {
  row->reset();
  absl::StatusOr<std::optional<OpenedRow>> opened = ReadSealed(records, name, keys);
  if (!opened.ok()) return opened.status();
  if (!opened->has_value()) return std::optional<Record>();
  absl::StatusOr<Record> record = ParseVersioned<Record>((*opened)->record, newest_version, GrantRow::kRows);
  if (!record.ok()) return record.status();
  *row = std::move((*opened)->row);
  return std::optional<Record>(*std::move(record));
}

}  // namespace

absl::StatusOr<std::optional<StoredGrant>> GrantRows::NewestOf(std::string_view person, std::optional<std::string>* row) const {
  const auto record = ReadAs<v1::GrantOfPerson>(*records_, HashedRow(kOfPersonPrefix, person, *keys_), *keys_, kOfPersonVersion, row);
  if (!record.ok()) return record.status();
  if (!record->has_value()) return std::optional<StoredGrant>();
  const auto id = GrantId::Parse((*record)->grant_id());
  if (!id.ok() || (*record)->person_id() != person) return InAnothersPlace(GrantRow::kRows);
  return Read(*id);
}

absl::Status GrantRows::PutNewestOf(std::string_view person, const GrantId& id, std::optional<std::string> expected,
                                    storage::Batch* batch) const {
  v1::GrantOfPerson record;
  record.set_version(kOfPersonVersion);
  record.set_person_id(std::string(person));
  record.set_grant_id(id.Text());
  return PutSealed(HashedRow(kOfPersonPrefix, person, *keys_), record.SerializeAsString(), std::move(expected), *keys_, batch);
}

// Those that a clock, set back since, dates into the future count too.
absl::StatusOr<std::vector<absl::Time>> GrantRows::ApprovalsBy(std::string_view person, absl::Time now,
                                                               std::optional<std::string>* row) const {
  const auto record = ReadAs<v1::GrantsApproved>(*records_, HashedRow(kApprovedPrefix, person, *keys_), *keys_, kApprovedVersion, row);
  if (!record.ok()) return record.status();
  std::vector<absl::Time> approvals;
  if (!record->has_value()) return approvals;
  if ((*record)->person_id() != person) return InAnothersPlace(GrantRow::kRows);
  for (const int64_t unix_ms : (*record)->approved_unix_ms()) {
    if (absl::FromUnixMillis(unix_ms) + kApprovalsWindow > now) approvals.push_back(absl::FromUnixMillis(unix_ms));
  }
  return approvals;
}

absl::Status GrantRows::PutApprovalsBy(std::string_view person, const std::vector<absl::Time>& approvals,
                                       std::optional<std::string> expected, storage::Batch* batch) const {
  v1::GrantsApproved record;
  record.set_version(kApprovedVersion);
  record.set_person_id(std::string(person));
  for (const absl::Time approval : approvals) record.add_approved_unix_ms(absl::ToUnixMillis(approval));
  return PutSealed(HashedRow(kApprovedPrefix, person, *keys_), record.SerializeAsString(), std::move(expected), *keys_, batch);
}

}  // namespace otokura::access
