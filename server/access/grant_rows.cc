#include "server/access/grant_rows.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "otokura/v1/stored.pb.h"
#include "server/access/sealed_rows.h"

namespace otokura::access {
namespace {

constexpr uint32_t kGrantVersion = 1;
constexpr uint32_t kOfPersonVersion = 1;
constexpr uint32_t kApprovedVersion = 1;
constexpr std::string_view kGrantPrefix = "grant/";
constexpr std::string_view kOfPersonPrefix = "grant-of/";
constexpr std::string_view kApprovedPrefix = "grants-by/";
constexpr char kRows[] = "grants";

absl::Status InAnothersPlace() { return absl::DataLossError("grants: a row lies in another's place; run otokurad fsck"); }

// What a row says, and the row; neither where there is none.
template <typename Record>
absl::StatusOr<std::optional<Record>> ReadAs(const storage::RecordReader& records, const SealedRowName& name, const keys::SiteKeys& keys,
                                             uint32_t newest_version, std::optional<std::string>* row) {
  row->reset();
  absl::StatusOr<std::optional<OpenedRow>> opened = ReadSealed(records, name, keys);
  if (!opened.ok()) return opened.status();
  if (!opened->has_value()) return std::optional<Record>();
  absl::StatusOr<Record> record = ParseVersioned<Record>((*opened)->record, newest_version, kRows);
  if (!record.ok()) return record.status();
  *row = std::move((*opened)->row);
  return std::optional<Record>(*std::move(record));
}

}  // namespace

absl::StatusOr<StoredGrant> GrantRows::Open(std::string_view row_key, std::string_view row) const {
  const std::string id = absl::HexStringToBytes(std::string(row_key.substr(kGrantPrefix.size())));
  absl::StatusOr<std::string> opened = keys_->OpenAccount(RowOfId(kGrantPrefix, id, *keys_).sealing_key, row);
  if (!opened.ok()) return opened.status();
  absl::StatusOr<v1::GrantRecord> record = ParseVersioned<v1::GrantRecord>(*opened, kGrantVersion, kRows);
  if (!record.ok()) return record.status();
  const auto named = GrantId::Parse(record->grant().id());
  if (!named.ok() || named->bytes() != std::string_view(id)) return InAnothersPlace();
  return StoredGrant{std::move(*record->mutable_grant()), std::string(row)};
}

absl::StatusOr<std::optional<StoredGrant>> GrantRows::Read(const GrantId& id) const {
  const std::string row_key = RowOfId(kGrantPrefix, id.bytes(), *keys_).row_key;
  absl::StatusOr<std::optional<std::string>> row = records_->Get(storage::Table::kMeta, row_key);
  if (!row.ok()) return row.status();
  if (!row->has_value()) return std::optional<StoredGrant>();
  absl::StatusOr<StoredGrant> stored = Open(row_key, **row);
  if (!stored.ok()) return stored.status();
  return std::optional<StoredGrant>(*std::move(stored));
}

absl::Status GrantRows::Put(const v1::Grant& grant, std::optional<std::string> expected, storage::Batch* batch) const {
  const auto id = GrantId::Parse(grant.id());
  if (!id.ok()) return id.status();
  v1::GrantRecord record;
  record.set_version(kGrantVersion);
  *record.mutable_grant() = grant;
  return PutSealed(RowOfId(kGrantPrefix, id->bytes(), *keys_), record.SerializeAsString(), std::move(expected), *keys_, batch);
}

void GrantRows::Drop(const StoredGrant& stored, storage::Batch* batch) const {
  const auto id = GrantId::Parse(stored.grant.id());
  if (!id.ok()) return;
  const std::string row_key = RowOfId(kGrantPrefix, id->bytes(), *keys_).row_key;
  batch->preconditions.push_back({storage::Table::kMeta, row_key, stored.row});
  batch->Delete(storage::Table::kMeta, row_key);
}

absl::Status GrantRows::Scan(const storage::ScanRange& range, absl::FunctionRef<bool(StoredGrant stored)> grant) const {
  absl::Status problem;
  absl::Status scanned = records_->Scan(storage::Table::kMeta, range, [&](std::string_view row_key, std::string_view row) {
    absl::StatusOr<StoredGrant> stored = Open(row_key, row);
    problem = stored.status();
    return problem.ok() && grant(*std::move(stored));
  });
  return scanned.ok() ? problem : scanned;
}

absl::Status GrantRows::ForEach(absl::FunctionRef<bool(StoredGrant stored)> grant) const { return Scan(RowsOf(kGrantPrefix), grant); }

absl::Status GrantRows::ForEachNewestFirst(std::optional<GrantId> before, absl::FunctionRef<bool(StoredGrant stored)> grant) const {
  storage::ScanRange range = RowsOf(kGrantPrefix);
  range.newest_first = true;
  if (before.has_value()) range.last = RowOfId(kGrantPrefix, before->bytes(), *keys_).row_key;
  return Scan(range, grant);
}

absl::StatusOr<std::optional<StoredGrant>> GrantRows::NewestOf(std::string_view person, std::optional<std::string>* row) const {
  const auto record = ReadAs<v1::GrantOfPerson>(*records_, HashedRow(kOfPersonPrefix, person, *keys_), *keys_, kOfPersonVersion, row);
  if (!record.ok()) return record.status();
  if (!record->has_value()) return std::optional<StoredGrant>();
  const auto id = GrantId::Parse((*record)->grant_id());
  if (!id.ok() || (*record)->person_id() != person) return InAnothersPlace();
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
  if ((*record)->person_id() != person) return InAnothersPlace();
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
