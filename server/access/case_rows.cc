#include "server/access/case_rows.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "server/access/sealed_rows.h"

namespace otokura::access {
namespace {

constexpr uint32_t kCaseVersion = 1;
constexpr std::string_view kCasePrefix = "case/";
constexpr char kRows[] = "cases";

}  // namespace

absl::Status PutCase(const v1::CaseRecord& record, std::optional<std::string> expected, const keys::SiteKeys& keys, storage::Batch* batch) {
  v1::CaseRecord versioned = record;
  versioned.set_version(kCaseVersion);
  return PutSealed(HashedRow(kCasePrefix, record.stands().name(), keys), versioned.SerializeAsString(), std::move(expected), keys, batch);
}

absl::StatusOr<std::optional<StoredCase>> ReadCase(const storage::RecordReader& records, std::string_view name,
                                                   const keys::SiteKeys& keys) {
  absl::StatusOr<std::optional<OpenedRow>> opened = ReadSealed(records, HashedRow(kCasePrefix, name, keys), keys);
  if (!opened.ok()) return opened.status();
  if (!opened->has_value()) return std::optional<StoredCase>();
  absl::StatusOr<v1::CaseRecord> record = ParseVersioned<v1::CaseRecord>((*opened)->record, kCaseVersion, kRows);
  if (!record.ok()) return record.status();
  if (record->stands().name() != name) return absl::DataLossError("cases: a row lies in another's place; run otokurad fsck");
  return std::optional<StoredCase>(StoredCase{*std::move(record), std::move((*opened)->row)});
}

absl::Status ReadCases(const storage::RecordReader& records, const keys::SiteKeys& keys,
                       absl::FunctionRef<void(v1::CaseRecord record)> found) {
  absl::Status problem;
  absl::Status scanned = records.Scan(storage::Table::kMeta, RowsOf(kCasePrefix), [&](std::string_view row_key, std::string_view row) {
    const std::string sealing_key = absl::HexStringToBytes(std::string(row_key.substr(kCasePrefix.size())));
    absl::StatusOr<std::string> opened = keys.OpenAccount(sealing_key, row);
    problem = opened.status();
    if (!problem.ok()) return false;
    absl::StatusOr<v1::CaseRecord> record = ParseVersioned<v1::CaseRecord>(*opened, kCaseVersion, kRows);
    problem = record.status();
    if (record.ok() && HashedRow(kCasePrefix, record->stands().name(), keys).sealing_key != sealing_key)
      problem = absl::DataLossError("cases: a row lies in another's place; run otokurad fsck");
    if (problem.ok()) found(*std::move(record));
    return problem.ok();
  });
  return scanned.ok() ? problem : scanned;
}

}  // namespace otokura::access
