// A leaf with the hashes that prove it to be in a tree of the log.
#ifndef OTOKURA_SERVER_AUDIT_PROVEN_LEAF_H_
#define OTOKURA_SERVER_AUDIT_PROVEN_LEAF_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "crypto/tlog/proofs.h"
#include "otokura/v1/audit.pb.h"
#include "server/storage/storage.h"

namespace otokura::audit {

// Of a tree of `tree_size` leaves, more than `sequence`. DATA_LOSS where the leaf or a tile is missing.
absl::StatusOr<v1::ProvenLeaf> ProveLeaf(const storage::RecordReader& records, uint64_t sequence, uint64_t tree_size,
                                         crypto::HashReader& hashes);

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_PROVEN_LEAF_H_
