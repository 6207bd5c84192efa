// How contracts lie in the store (FORMAT.md): sealed under a keyed hash of their name, as accounts are.
#ifndef OTOKURA_SERVER_ACCESS_CONTRACT_ROWS_H_
#define OTOKURA_SERVER_ACCESS_CONTRACT_ROWS_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "otokura/v1/contract.pb.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::access {

struct StoredContract {
  v1::KeptContract contract;
  std::string row;
};

// The row must still be `expected`; nothing: it must not be there.
absl::Status PutContract(const v1::KeptContract& contract, std::optional<std::string> expected, const keys::SiteKeys& keys,
                         storage::Batch* batch);
// Nothing where no such contract is stored. DATA_LOSS where the row does not open or is another's, FAILED_PRECONDITION where it is from a
// newer version.
absl::StatusOr<std::optional<StoredContract>> ReadContract(const storage::RecordReader& records, std::string_view name,
                                                           const keys::SiteKeys& keys);
// Every one, in no order that means anything.
absl::Status ReadContracts(const storage::RecordReader& records, const keys::SiteKeys& keys,
                           absl::FunctionRef<void(v1::KeptContract contract)> contract);

// Of each contract, the one above it; empty for none. Neither changes while anything is charged to it.
using ContractParents = std::map<std::string, std::string, std::less<>>;
absl::StatusOr<ContractParents> ReadContractParents(const storage::RecordReader& records, const keys::SiteKeys& keys);
// The contract and those above it, nearest first; empty where there is no such one.
std::vector<std::string> ChainOf(const ContractParents& parents, std::string_view contract);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_CONTRACT_ROWS_H_
