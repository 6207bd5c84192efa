#include "crypto/tlog/proofs.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_cat.h"
#include "crypto/merkle.h"

namespace otokura::crypto {
namespace {

// The leaves [begin, end). `begin` must be a multiple of the smallest power of two that is not below their number, as it is for every node
// of the tree.
struct Range {
  uint64_t begin;
  uint64_t end;
  // Where RFC 6962 splits it: the left part is the largest power of two below the number of leaves.
  uint64_t Middle() const { return begin + std::bit_floor(end - begin - 1); }
};

absl::StatusOr<std::string> RangeRoot(Range range, HashReader& hashes) {
  std::string root;
  uint64_t end = range.end;
  // From the smallest perfect subtree at the right edge to the largest.
  while (end > range.begin) {
    const int height = std::countr_zero(end - range.begin);
    const uint64_t first = end - (uint64_t{1} << height);
    absl::StatusOr<std::string> subtree = hashes.SubtreeRoot(height, first >> height);
    if (!subtree.ok()) return subtree.status();
    root = root.empty() ? *std::move(subtree) : MerkleNodeHash(*subtree, root);
    end = first;
  }
  return root;
}

// Roots of these ranges, last first: proofs go from the leaf up, and are found from the root down.
absl::StatusOr<std::vector<std::string>> Roots(const std::vector<Range>& ranges, HashReader& hashes) {
  std::vector<std::string> proof;
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
    absl::StatusOr<std::string> root = RangeRoot(*range, hashes);
    if (!root.ok()) return root.status();
    proof.push_back(*std::move(root));
  }
  return proof;
}

}  // namespace

absl::StatusOr<std::string> TreeRoot(uint64_t tree_size, HashReader& hashes) {
  if (tree_size == 0) return MerkleEmptyRoot();
  return RangeRoot({0, tree_size}, hashes);
}

absl::StatusOr<std::vector<std::string>> ProveInclusion(uint64_t leaf_index, uint64_t tree_size, HashReader& hashes) {
  if (leaf_index >= tree_size) {
    return absl::InvalidArgumentError(absl::StrCat("inclusion: leaf ", leaf_index, " cannot be in a tree of ", tree_size, " leaves"));
  }
  std::vector<Range> siblings;
  for (Range node{0, tree_size}; node.end - node.begin > 1;) {
    const uint64_t middle = node.Middle();
    const bool left = leaf_index < middle;
    siblings.push_back(left ? Range{middle, node.end} : Range{node.begin, middle});
    node = left ? Range{node.begin, middle} : Range{middle, node.end};
  }
  return Roots(siblings, hashes);
}

absl::StatusOr<std::vector<std::string>> ProveConsistency(uint64_t old_size, uint64_t new_size, HashReader& hashes) {
  if (old_size == 0 || old_size > new_size) {
    return absl::InvalidArgumentError(absl::StrCat("consistency: from ", old_size, " to ", new_size, " leaves; expected 0 < old <= new"));
  }
  std::vector<Range> parts;
  Range node{0, new_size};
  while (old_size != node.end) {
    const uint64_t middle = node.Middle();
    const bool left = old_size <= middle;
    parts.push_back(left ? Range{middle, node.end} : Range{node.begin, middle});
    node = left ? Range{node.begin, middle} : Range{middle, node.end};
  }
  // A perfect old tree is itself the first subtree: whoever checks has its root already.
  if (node.begin != 0) parts.push_back(node);
  return Roots(parts, hashes);
}

}  // namespace otokura::crypto
