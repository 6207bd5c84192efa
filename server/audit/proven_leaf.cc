#include "server/audit/proven_leaf.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/audit/log_rows.h"

namespace otokura::audit {

absl::StatusOr<v1::ProvenLeaf> ProveLeaf(const storage::RecordReader& records, uint64_t sequence, uint64_t tree_size,
                                         crypto::HashReader& hashes) {
  absl::StatusOr<std::optional<std::string>> leaf = records.Get(storage::Table::kLog, SequenceKey(sequence));
  if (!leaf.ok()) return leaf.status();
  if (!leaf->has_value()) return absl::DataLossError(absl::StrCat("log entry ", sequence, ": missing; run otokurad fsck"));
  absl::StatusOr<std::vector<std::string>> proof = crypto::ProveInclusion(sequence, tree_size, hashes);
  if (!proof.ok()) return proof.status();
  v1::ProvenLeaf proven;
  proven.set_sequence(sequence);
  proven.set_leaf(**std::move(leaf));
  for (std::string& hash : *proof) proven.add_hashes(std::move(hash));
  return proven;
}

}  // namespace otokura::audit
