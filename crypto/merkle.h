// RFC 6962 Merkle trees with SHA-256: hashes, growth, and checking of proofs.
#ifndef OTOKURA_CRYPTO_MERKLE_H_
#define OTOKURA_CRYPTO_MERKLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace otokura::crypto {

std::string MerkleLeafHash(std::string_view leaf);                          // SHA-256(0x00 ‖ leaf)
std::string MerkleNodeHash(std::string_view left, std::string_view right);  // SHA-256(0x01 ‖ left ‖ right)
// The same over two hashes one after another (64 bytes), into 32 bytes that may be their own beginning: for hashing whole tiles.
void MerkleNodeHashInto(const char* left_and_right, char* hash);
std::string MerkleEmptyRoot();  // SHA-256 of nothing

// The right edge of a growing tree: enough to append and to name the root. A value type; one thread at a time.
class MerkleFrontier {
 public:
  MerkleFrontier() = default;
  // `roots` are the perfect subtrees of a tree of `size` leaves, largest first; INVALID_ARGUMENT if their number does not fit the size.
  static absl::StatusOr<MerkleFrontier> Restore(uint64_t size, std::vector<std::string> roots);
  void Append(std::string_view leaf_hash);
  uint64_t size() const { return size_; }
  const std::vector<std::string>& roots() const { return roots_; }
  std::string Root() const;

 private:
  uint64_t size_ = 0;
  std::vector<std::string> roots_;
};

// DATA_LOSS where the proof does not show it; INVALID_ARGUMENT for an index or size that cannot be. Every tree extends the empty one, so
// asking for consistency with old_size 0 is INVALID_ARGUMENT: a caller that has seen nothing yet has nothing to check.
absl::Status VerifyInclusion(uint64_t leaf_index, uint64_t tree_size, std::string_view leaf_hash, absl::Span<const std::string> proof,
                             std::string_view root);
absl::Status VerifyConsistency(uint64_t old_size, uint64_t new_size, std::string_view old_root, std::string_view new_root,
                               absl::Span<const std::string> proof);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_MERKLE_H_
