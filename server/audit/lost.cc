// Publisher: what was published and is not in the log any more.
#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "server/audit/publisher.h"
#include "server/audit/tile_rows.h"
#include "server/keys/key_store_file.h"

namespace otokura::audit {

// What witnesses cosigned of the log that is here is theirs too. What is signed here and nowhere else may have come after the parting,
// unless this log was found out before it signed anything.
uint64_t Publisher::CommonTreeSize(uint64_t lost_tree_size) {
  uint64_t common = 0;
  const auto count = [&](const absl::StatusOr<std::optional<v1::PublishedLog>>& row) {
    if (!row.ok() || !row->has_value()) return;
    const absl::StatusOr<crypto::Checkpoint> checkpoint = CheckExtends((*row)->checkpoint(), "the data folder");
    if (checkpoint.ok()) common = std::max(common, std::min(checkpoint->tree_size, lost_tree_size));
  };
  count(ReadCosigned(*parts_.records));
  if (copy_.empty()) count(ReadPublished(*parts_.records));
  return common;
}

absl::StatusOr<Publisher::Lost> Publisher::FindLost(std::string_view note) {
  absl::StatusOr<crypto::Checkpoint> checkpoint = keys_.Open(note);
  if (!checkpoint.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("lost_checkpoint: not one of this log (", checkpoint.status().message(), ")"));
  }
  absl::MutexLock turn(&turn_mutex_);
  if (absl::Status integrated = integrator_.IntegrateUpTo(parts_.log->head()); !integrated.ok()) return integrated;
  const absl::Status extends = CheckExtends(note, "hand").status();
  if (!extends.ok() && !absl::IsFailedPrecondition(extends)) return extends;
  if (extends.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("lost_checkpoint: the log extends it, so that none of its ", checkpoint->tree_size,
                     " entries is lost; give the newest checkpoint that an anchor, a sink or an export holds"));
  }
  const absl::StatusOr<std::string> copy = keys::ReadSmallFile(parts_.copy_path);
  if (copy.ok()) {
    const absl::StatusOr<crypto::Checkpoint> kept = keys_.Open(*copy);
    if (kept.ok() && kept->tree_size > checkpoint->tree_size && !CheckExtends(*copy, parts_.copy_path).ok()) {
      return absl::InvalidArgumentError(absl::StrCat("lost_checkpoint: is over ", checkpoint->tree_size, " entries, the one in ",
                                                     parts_.copy_path, " over ", kept->tree_size, "; give that one, or a newer one"));
    }
  }
  return Lost{checkpoint->tree_size, CommonTreeSize(checkpoint->tree_size)};
}

}  // namespace otokura::audit
