// Drops the sealed details of old entries: names and what people typed go, the leaves stay, and every proof over them stays good.
#ifndef OTOKURA_SERVER_AUDIT_PRUNING_H_
#define OTOKURA_SERVER_AUDIT_PRUNING_H_

#include <cstdint>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/audit/index_upkeep.h"
#include "server/audit/log.h"
#include "server/keys/site_keys.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::audit {

inline constexpr uint64_t kPrunedEntriesMax = 1'000;  // in one write, which is an entry itself

// Thread-safe: one at a time prunes, others wait.
class DetailsPruning {
 public:
  // All borrowed, must outlive this.
  DetailsPruning(const storage::RecordReader* records, const keys::SiteKeys* keys, storage::Committer* committer, const Log* log)
      : records_(records), committer_(committer), log_(log), index_(records, keys) {}

  // Drops the details, and the index rows that came from them, of the oldest entries that still have theirs and are older than `cutoff`: at
  // most kPrunedEntriesMax. The write holds the entry DETAILS_PRUNED, which names them (I3). Waits for it; gives how many they were.
  absl::StatusOr<uint64_t> Prune(absl::Time cutoff) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Status DropRowsBelow(uint64_t end, const std::string& prefix, storage::Batch* batch) const;
  absl::Status Commit(storage::Batch batch, uint64_t first, uint64_t end) const;

  const storage::RecordReader* const records_;
  storage::Committer* const committer_;
  const Log* const log_;
  const IndexUpkeep index_;
  absl::Mutex mutex_;  // from reading the mark to moving it
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_PRUNING_H_
