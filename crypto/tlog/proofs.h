// Making proofs (RFC 6962 §2.1.1, §2.1.2) from the roots of perfect subtrees. crypto/merkle.h checks them.
#ifndef OTOKURA_CRYPTO_TLOG_PROOFS_H_
#define OTOKURA_CRYPTO_TLOG_PROOFS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace otokura::crypto {

// What a tree can be asked for.
class HashReader {
 public:
  virtual ~HashReader() = default;
  // The root over the leaves [index · 2^height, (index + 1) · 2^height), all of which the tree has.
  virtual absl::StatusOr<std::string> SubtreeRoot(int height, uint64_t index) = 0;
};

// The root that the tree had at this size.
absl::StatusOr<std::string> TreeRoot(uint64_t tree_size, HashReader& hashes);
// INVALID_ARGUMENT where the leaf is not in a tree of that size.
absl::StatusOr<std::vector<std::string>> ProveInclusion(uint64_t leaf_index, uint64_t tree_size, HashReader& hashes);
// INVALID_ARGUMENT unless 0 < old_size <= new_size.
absl::StatusOr<std::vector<std::string>> ProveConsistency(uint64_t old_size, uint64_t new_size, HashReader& hashes);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_TLOG_PROOFS_H_
