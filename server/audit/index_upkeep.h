// The index compared with the entries, and made anew from them: `otokurad fsck`, and a store whose index was dropped.
#ifndef OTOKURA_SERVER_AUDIT_INDEX_UPKEEP_H_
#define OTOKURA_SERVER_AUDIT_INDEX_UPKEEP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "otokura/v1/audit.pb.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::audit {

// Opens details to derive rows from them and gives out no value. Nothing may be written to the store meanwhile but by this.
class IndexUpkeep {
 public:
  // Borrowed, must outlive this.
  IndexUpkeep(const storage::RecordReader* records, const keys::SiteKeys* keys) : records_(records), keys_(keys) {}

  using Problem = absl::FunctionRef<void(uint64_t sequence, std::string_view problem)>;
  // Names every entry that a row lacks, every one that a row names and that does not ask for it, rows that are damaged or name an entry
  // twice, and every entry whose details are gone without having been pruned.
  absl::Status Check(Problem problem) const;

  struct Rebuilt {
    uint64_t entries = 0;
    uint64_t rows = 0;
  };
  // Drops the index of `store`, which must be the one this reads, and writes it anew. An interrupted one is marked until it is done again;
  // queries refuse to answer meanwhile. Entries that cannot be read are named and left out.
  absl::StatusOr<Rebuilt> Rebuild(storage::RecordStore* store, Problem problem) const;

  // Prefixes of the entry's rows that come from its details, not its leaf; none where they were pruned.
  absl::StatusOr<std::vector<std::string>> SealedPrefixesOf(uint64_t sequence) const;

 private:
  // An entry as it is to be indexed. DATA_LOSS where leaf or details cannot be read.
  struct Entry {
    v1::AuditEntry leaf;
    std::optional<v1::AuditDetails> details;
  };
  absl::StatusOr<Entry> Open(uint64_t sequence, std::string_view leaf) const;
  // Prefixes of the rows that are to name the entry. DATA_LOSS where leaf or details cannot be read.
  absl::StatusOr<std::vector<std::string>> PrefixesOf(uint64_t sequence, std::string_view leaf) const;
  std::vector<std::string> PrefixesOf(const Entry& entry) const;
  // What rows have wrong in themselves is named; gives how many entries the others name.
  absl::StatusOr<uint64_t> CheckRows(Problem problem) const;
  absl::Status NameForeignRows(Problem problem) const;
  absl::StatusOr<bool> IsAskedFor(std::string_view prefix, uint64_t sequence) const;

  const storage::RecordReader* const records_;
  const keys::SiteKeys* const keys_;
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_INDEX_UPKEEP_H_
