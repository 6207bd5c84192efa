#include "crypto/merkle.h"

#include <bit>
#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/sha256.h"

namespace otokura::crypto {
namespace {

absl::Status CheckProofShape(absl::Span<const std::string> proof) {
  // A proof of the largest tree has one hash a level on either side of the split.
  constexpr size_t kProofHashesMax = 2 * 64;
  if (proof.size() > kProofHashesMax) {
    return absl::InvalidArgumentError(absl::StrCat("proof: ", proof.size(), " hashes, at most ", kProofHashesMax));
  }
  for (const std::string& hash : proof) {
    if (hash.size() != kSha256Bytes) {
      return absl::InvalidArgumentError(absl::StrCat("proof: a hash of ", hash.size(), " bytes, expected ", kSha256Bytes));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string MerkleLeafHash(std::string_view leaf) {
  std::string hash(kSha256Bytes, '\0');
  Sha256Of({std::string_view("\x00", 1), leaf}, hash.data());
  return hash;
}

std::string MerkleNodeHash(std::string_view left, std::string_view right) {
  std::string hash(kSha256Bytes, '\0');
  Sha256Of({std::string_view("\x01", 1), left, right}, hash.data());
  return hash;
}

void MerkleNodeHashInto(const char* left_and_right, char* hash) {
  Sha256Of({std::string_view("\x01", 1), std::string_view(left_and_right, 2 * kSha256Bytes)}, hash);
}

std::string MerkleEmptyRoot() { return Sha256({}); }

absl::StatusOr<MerkleFrontier> MerkleFrontier::Restore(uint64_t size, std::vector<std::string> roots) {
  if (roots.size() != static_cast<size_t>(std::popcount(size))) {
    return absl::InvalidArgumentError(
        absl::StrCat("frontier: ", roots.size(), " subtree roots do not fit a tree of ", size, " leaves, expected ", std::popcount(size)));
  }
  for (const std::string& root : roots) {
    if (root.size() != kSha256Bytes) return absl::InvalidArgumentError("frontier: a subtree root is not 32 bytes");
  }
  MerkleFrontier frontier;
  frontier.size_ = size;
  frontier.roots_ = std::move(roots);
  return frontier;
}

void MerkleFrontier::Append(std::string_view leaf_hash) {
  std::string hash(leaf_hash);
  // Each trailing one bit of the old size is a perfect subtree that the new leaf completes into the next larger one.
  for (uint64_t bits = size_; (bits & 1) != 0; bits >>= 1) {
    hash = MerkleNodeHash(roots_.back(), hash);
    roots_.pop_back();
  }
  roots_.push_back(std::move(hash));
  ++size_;
}

std::string MerkleFrontier::Root() const {
  if (roots_.empty()) return MerkleEmptyRoot();
  std::string root = roots_.back();
  for (size_t i = roots_.size() - 1; i > 0; --i) root = MerkleNodeHash(roots_[i - 1], root);
  return root;
}

// RFC 9162 §2.1.3.2.
absl::Status VerifyInclusion(uint64_t leaf_index, uint64_t tree_size, std::string_view leaf_hash, absl::Span<const std::string> proof,
                             std::string_view root) {
  if (leaf_index >= tree_size) {
    return absl::InvalidArgumentError(absl::StrCat("inclusion: leaf ", leaf_index, " cannot be in a tree of ", tree_size, " leaves"));
  }
  if (leaf_hash.size() != kSha256Bytes) return absl::InvalidArgumentError("inclusion: the leaf hash is not 32 bytes");
  if (absl::Status shape = CheckProofShape(proof); !shape.ok()) return shape;
  uint64_t node = leaf_index;
  uint64_t last = tree_size - 1;
  std::string computed(leaf_hash);
  for (const std::string& sibling : proof) {
    if (last == 0) return absl::DataLossError("inclusion: the proof is longer than the tree is high");
    if ((node & 1) != 0 || node == last) {
      computed = MerkleNodeHash(sibling, computed);
      // On the right edge, levels without a sibling have no hash in the proof.
      const int skipped = (node & 1) != 0 ? 0 : std::countr_zero(node);
      node >>= skipped;
      last >>= skipped;
    } else {
      computed = MerkleNodeHash(computed, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return absl::DataLossError("inclusion: the proof is shorter than the tree is high");
  if (computed != root) return absl::DataLossError(absl::StrCat("inclusion: leaf ", leaf_index, " is not what the root says"));
  return absl::OkStatus();
}

// RFC 9162 §2.1.4.2.
absl::Status VerifyConsistency(uint64_t old_size, uint64_t new_size, std::string_view old_root, std::string_view new_root,
                               absl::Span<const std::string> proof) {
  if (old_size == 0 || old_size > new_size) {
    return absl::InvalidArgumentError(absl::StrCat("consistency: from ", old_size, " to ", new_size, " leaves; expected 0 < old <= new"));
  }
  if (absl::Status shape = CheckProofShape(proof); !shape.ok()) return shape;
  if (old_size == new_size) {
    if (!proof.empty()) return absl::DataLossError("consistency: a proof between trees of one size must be empty");
    return old_root == new_root ? absl::OkStatus() : absl::DataLossError(absl::StrCat("consistency: two roots for ", old_size, " leaves"));
  }
  // A perfect old tree is itself the first subtree, so the proof leaves it out.
  const bool old_is_perfect = std::has_single_bit(old_size);
  if (proof.empty() && !old_is_perfect) return absl::DataLossError("consistency: the proof is empty");
  size_t next = old_is_perfect ? 0 : 1;
  std::string old_computed = old_is_perfect ? std::string(old_root) : proof[0];
  std::string new_computed = old_computed;

  uint64_t node = old_size - 1;
  uint64_t last = new_size - 1;
  const int complete_levels = std::countr_one(node);
  node >>= complete_levels;
  last >>= complete_levels;
  for (; next < proof.size(); ++next) {
    if (last == 0) return absl::DataLossError("consistency: the proof is longer than the tree is high");
    if ((node & 1) != 0 || node == last) {
      old_computed = MerkleNodeHash(proof[next], old_computed);
      new_computed = MerkleNodeHash(proof[next], new_computed);
      const int skipped = (node & 1) != 0 ? 0 : std::countr_zero(node);
      node >>= skipped;
      last >>= skipped;
    } else {
      new_computed = MerkleNodeHash(new_computed, proof[next]);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return absl::DataLossError("consistency: the proof is shorter than the tree is high");
  if (old_computed != old_root || new_computed != new_root) {
    return absl::DataLossError(absl::StrCat("consistency: the tree of ", new_size, " leaves does not extend the one of ", old_size));
  }
  return absl::OkStatus();
}

}  // namespace otokura::crypto
