// Reading the log in order, for exports: leaves as entry bundles, with their details opened where asked for.
#ifndef OTOKURA_SERVER_AUDIT_LEAF_RUNS_H_
#define OTOKURA_SERVER_AUDIT_LEAF_RUNS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "otokura/v1/audit.pb.h"
#include "server/keys/release_permit.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::audit {

inline constexpr size_t kRunBytesMax = size_t{512} << 10;  // of a message: a run ends once it has passed this, one leaf at the most

struct LeafRun {
  uint64_t leaves = 0;  // in it
  v1::LeafRun message;
};

// Safe from any thread.
class LeafRuns {
 public:
  // Borrowed, must outlive this.
  LeafRuns(const storage::RecordReader* records, const keys::SiteKeys* keys) : records_(records), keys_(keys) {}

  // The leaves from `first` on, at least one: none past the tile of `first`, none from `end` on (first < end), and about kRunBytesMax in
  // all. PERMISSION_DENIED where the permit is not for the log; DATA_LOSS where a leaf is missing, or kept details do not open its
  // commitments.
  absl::StatusOr<LeafRun> Read(const keys::ReleasePermit& permit, uint64_t first, uint64_t end, bool with_details) const;

 private:
  absl::StatusOr<v1::AuditDetails> OpenDetails(const keys::ReleasePermit& permit, uint64_t sequence, std::string_view leaf) const;

  const storage::RecordReader* const records_;
  const keys::SiteKeys* const keys_;
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_LEAF_RUNS_H_
