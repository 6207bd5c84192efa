// The egress ledger added up again from the log: to compare with the one that is kept, and to replace it. For fsck.
#ifndef OTOKURA_SERVER_ACCESS_EGRESS_LEDGER_UPKEEP_H_
#define OTOKURA_SERVER_ACCESS_EGRESS_LEDGER_UPKEEP_H_

#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/access/egress/ledger_book.h"
#include "server/access/egress/ledger_event.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::access {

// Beside no running gateway. Holds the whole ledger in memory, some 100 bytes for each of its rows.
class LedgerUpkeep {
 public:
  // Borrowed.
  LedgerUpkeep(const storage::RecordReader* records, const keys::SiteKeys* keys, ContractChain chain)
      : records_(records), keys_(keys), chain_(std::move(chain)) {}

  using Problem = absl::FunctionRef<void(std::string_view problem)>;
  // Names what differs of what still counts, and the entries that cannot be counted because their details are damaged or gone.
  absl::Status Check(Problem problem) const;

  struct Rebuilt {
    uint64_t rows = 0;
    uint64_t uncounted_entries = 0;
  };
  // Refused, with DATA_LOSS, where an entry cannot be counted: the ledger would allow more than was allowed.
  absl::StatusOr<Rebuilt> Rebuild(storage::RecordStore* store, Problem problem) const;

 private:
  absl::StatusOr<LedgerBook> AddUp(absl::Time now, Problem problem, uint64_t* uncounted) const;
  absl::StatusOr<std::optional<LedgerEvent>> EventIn(std::string_view key, std::string_view leaf, absl::Time now) const;

  const storage::RecordReader* const records_;
  const keys::SiteKeys* const keys_;
  const ContractChain chain_;
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_EGRESS_LEDGER_UPKEEP_H_
