#include "server/access/contract_rows.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "otokura/v1/stored.pb.h"
#include "server/access/contract.h"
#include "server/access/sealed_rows.h"

namespace otokura::access {
namespace {

constexpr uint32_t kRecordVersion = 1;
constexpr std::string_view kPrefix = "contract/";

absl::StatusOr<v1::KeptContract> Parse(const std::string& row_key, const std::string& opened, const keys::SiteKeys& keys) {
  absl::StatusOr<v1::ContractRecord> record = ParseVersioned<v1::ContractRecord>(opened, kRecordVersion, "contracts");
  if (!record.ok()) return record.status();
  if (HashedRow(kPrefix, record->contract().contract().name(), keys).row_key != row_key) {
    return absl::DataLossError("contracts: a row lies in another's place; run otokurad fsck");
  }
  return std::move(*record->mutable_contract());
}

absl::StatusOr<v1::KeptContract> Open(std::string_view row_key, std::string_view row, const keys::SiteKeys& keys) {
  const std::string sealing_key = absl::HexStringToBytes(std::string(row_key.substr(kPrefix.size())));
  absl::StatusOr<std::string> opened = keys.OpenAccount(sealing_key, row);
  if (!opened.ok()) return opened.status();
  return Parse(std::string(row_key), *opened, keys);
}

}  // namespace

absl::Status PutContract(const v1::KeptContract& contract, std::optional<std::string> expected, const keys::SiteKeys& keys,
                         storage::Batch* batch) {
  v1::ContractRecord record;
  record.set_version(kRecordVersion);
  *record.mutable_contract() = contract;
  return PutSealed(HashedRow(kPrefix, contract.contract().name(), keys), record.SerializeAsString(), std::move(expected), keys, batch);
}

absl::StatusOr<std::optional<StoredContract>> ReadContract(const storage::RecordReader& records, std::string_view name,
                                                           const keys::SiteKeys& keys) {
  const SealedRowName row_name = HashedRow(kPrefix, name, keys);
  absl::StatusOr<std::optional<OpenedRow>> opened = ReadSealed(records, row_name, keys);
  if (!opened.ok()) return opened.status();
  if (!opened->has_value()) return std::optional<StoredContract>();
  absl::StatusOr<v1::KeptContract> contract = Parse(row_name.row_key, (*opened)->record, keys);
  if (!contract.ok()) return contract.status();
  return std::optional<StoredContract>(StoredContract{*std::move(contract), std::move((*opened)->row)});
}

absl::Status ReadContracts(const storage::RecordReader& records, const keys::SiteKeys& keys,
                           absl::FunctionRef<void(v1::KeptContract contract)> contract) {
  absl::Status problem;
  absl::Status scanned = records.Scan(storage::Table::kMeta, RowsOf(kPrefix), [&](std::string_view row_key, std::string_view row) {
    absl::StatusOr<v1::KeptContract> opened = Open(row_key, row, keys);
    problem = opened.status();
    if (opened.ok()) contract(*std::move(opened));
    return problem.ok();
  });
  return scanned.ok() ? problem : scanned;
}

absl::StatusOr<ContractParents> ReadContractParents(const storage::RecordReader& records, const keys::SiteKeys& keys) {
  ContractParents parents;
  absl::Status read =
      ReadContracts(records, keys, [&](const v1::KeptContract& kept) { parents[kept.contract().name()] = kept.contract().parent(); });
  if (!read.ok()) return read;
  return parents;
}

std::vector<std::string> ChainOf(const ContractParents& parents, std::string_view contract) {
  std::vector<std::string> chain;
  for (auto next = parents.find(contract); next != parents.end() && chain.size() < kContractChainMax; next = parents.find(next->second)) {
    chain.push_back(next->first);
  }
  return chain;
}

}  // namespace otokura::access
