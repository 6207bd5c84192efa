#include "server/access/contract_rows.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "otokura/v1/stored.pb.h"
#include "server/access/contract.h"

namespace otokura::access {
namespace {

constexpr uint32_t kRecordVersion = 1;
constexpr std::string_view kPrefix = "contract/";
constexpr std::string_view kPrefixEnd = "contract0";  // '0' follows '/'

// No account name contains a slash, so no account's row has this key too, and neither opens in the other's place.
std::string SealingKey(std::string_view name, const keys::SiteKeys& keys) { return keys.AccountRowKey(std::string(kPrefix).append(name)); }

std::string RowKey(std::string_view sealing_key) {
  return std::string(kPrefix) + absl::BytesToHexString(absl::string_view(sealing_key.data(), sealing_key.size()));
}

absl::StatusOr<v1::KeptContract> Open(std::string_view row_key, std::string_view row, const keys::SiteKeys& keys) {
  const std::string hex(row_key.substr(kPrefix.size()));
  const std::string sealing_key = absl::HexStringToBytes(hex);
  absl::StatusOr<std::string> opened = keys.OpenAccount(sealing_key, row);
  if (!opened.ok()) return opened.status();
  v1::ContractRecord record;
  if (!record.ParseFromString(*opened) || record.version() == 0) {
    return absl::DataLossError("contracts: a row does not parse; run otokurad fsck");
  }
  if (record.version() > kRecordVersion) {
    return absl::FailedPreconditionError(absl::StrCat("contracts: a row has version ", record.version(), ", this gateway reads up to ",
                                                      kRecordVersion, "; use a newer gateway"));
  }
  if (SealingKey(record.contract().contract().name(), keys) != sealing_key) {
    return absl::DataLossError("contracts: a row lies in another's place; run otokurad fsck");
  }
  return std::move(*record.mutable_contract());
}

}  // namespace

absl::Status PutContract(const v1::KeptContract& contract, std::optional<std::string> expected, const keys::SiteKeys& keys,
                         storage::Batch* batch) {
  const std::string sealing_key = SealingKey(contract.contract().name(), keys);
  v1::ContractRecord record;
  record.set_version(kRecordVersion);
  *record.mutable_contract() = contract;
  absl::StatusOr<std::string> row = keys.SealAccount(sealing_key, record.SerializeAsString());
  if (!row.ok()) return row.status();
  const std::string row_key = RowKey(sealing_key);
  batch->preconditions.push_back({storage::Table::kMeta, row_key, std::move(expected)});
  batch->Put(storage::Table::kMeta, row_key, *std::move(row));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<StoredContract>> ReadContract(const storage::RecordReader& records, std::string_view name,
                                                           const keys::SiteKeys& keys) {
  const std::string row_key = RowKey(SealingKey(name, keys));
  absl::StatusOr<std::optional<std::string>> row = records.Get(storage::Table::kMeta, row_key);
  if (!row.ok()) return row.status();
  if (!row->has_value()) return std::optional<StoredContract>();
  absl::StatusOr<v1::KeptContract> contract = Open(row_key, **row, keys);
  if (!contract.ok()) return contract.status();
  return std::optional<StoredContract>(StoredContract{*std::move(contract), **std::move(row)});
}

absl::Status ReadContracts(const storage::RecordReader& records, const keys::SiteKeys& keys,
                           absl::FunctionRef<void(v1::KeptContract contract)> contract) {
  absl::Status problem;
  storage::ScanRange range;
  range.first = kPrefix;
  range.last = kPrefixEnd;
  absl::Status scanned = records.Scan(storage::Table::kMeta, range, [&](std::string_view row_key, std::string_view row) {
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
