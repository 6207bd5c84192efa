// Sequenced → integrated: hashes durable leaves into tiles and stores these (FORMAT.md).
#ifndef OTOKURA_SERVER_AUDIT_INTEGRATOR_H_
#define OTOKURA_SERVER_AUDIT_INTEGRATOR_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/tlog/tile_builder.h"
#include "server/audit/log.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::audit {

// One thread at a time.
class Integrator {
 public:
  // Borrowed, must outlive this.
  Integrator(storage::RecordStore* records, storage::Committer* committer) : records_(records), committer_(committer) {}

  // Returns once the tiles over the first `head.tree_size` leaves are durable. DATA_LOSS where leaves, tiles and head contradict each
  // other; UNAVAILABLE, RESOURCE_EXHAUSTED where it can be tried again: it goes on from what the store says.
  absl::Status IntegrateUpTo(const Head& head);

  // Of what is integrated; after IntegrateUpTo returned OK.
  uint64_t size() const { return tree_->size(); }
  // The root that the tree had at this size, at most size().
  absl::StatusOr<std::string> RootAt(uint64_t tree_size) const;

 private:
  absl::Status Load();
  absl::Status Step(uint64_t end);

  storage::RecordStore* const records_;
  storage::Committer* const committer_;
  std::optional<crypto::TileBuilder> tree_;  // nothing: not read from the store yet, or its fate is unknown
  std::optional<std::string> stored_row_;    // as the store has it, so that of two writers one is refused
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_INTEGRATOR_H_
