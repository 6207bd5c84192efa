#include "server/audit/integrator.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "crypto/merkle.h"
#include "crypto/tlog/proofs.h"
#include "server/audit/commit_and_wait.h"
#include "server/audit/log_rows.h"
#include "server/audit/tile_rows.h"

namespace otokura::audit {
namespace {

// Leaves hashed into one commit: half a megabyte of tiles, and a commit a second keeps up with many times what a gateway logs.
constexpr uint64_t kLeavesAtOnce = 16384;

absl::Status Contradiction(std::string_view what) {
  return absl::DataLossError(
      absl::StrCat("audit log: ", absl::string_view(what.data(), what.size()), "; stop the gateway and run otokurad fsck"));
}

void PutTile(const crypto::TileCoordinates& tile, std::string_view hashes, storage::Batch* batch) {
  batch->Put(storage::Table::kTiles, TileKey(tile.level, tile.index), std::string(hashes));
}

// Hashes the leaves [tree->size(), end) into the tree and the tiles that they fill into the batch.
absl::Status AppendLeaves(const storage::RecordReader& records, uint64_t end, crypto::TileBuilder* tree, storage::Batch* batch) {
  const storage::ScanRange range{SequenceKey(tree->size()), SequenceKey(end), false};
  absl::Status scanned = records.Scan(storage::Table::kLog, range, [&](std::string_view key, std::string_view leaf) {
    if (key != SequenceKey(tree->size())) return false;
    tree->Append(crypto::MerkleLeafHash(leaf),
                 [batch](const crypto::TileCoordinates& tile, std::string_view hashes) { PutTile(tile, hashes, batch); });
    return true;
  });
  if (!scanned.ok() || tree->size() == end) return scanned;
  return Contradiction(absl::StrCat("entry ", tree->size(), " is missing below its head"));
}

absl::StatusOr<crypto::TileBuilder> LoadTree(const storage::RecordReader& records, const v1::IntegratedLog& row) {
  StoredTiles tiles(&records);
  std::vector<std::string> edge;
  for (int level = 0; level < crypto::kTileLevels; ++level) {
    const uint64_t hashes = row.tree_size() >> (crypto::kTileHeight * level);
    const auto width = static_cast<uint32_t>(hashes % crypto::kTileHashes);
    if (width == 0) {
      edge.emplace_back();
      continue;
    }
    absl::StatusOr<std::string> tile = tiles.ReadTile({level, hashes / crypto::kTileHashes, width});
    if (!tile.ok()) return tile.status();
    edge.push_back(*std::move(tile));
  }
  absl::StatusOr<crypto::TileBuilder> tree = crypto::TileBuilder::Restore(row.tree_size(), std::move(edge));
  if (!tree.ok() || tree->Root() != row.root_sha256()) return Contradiction("its stored tiles are not those of its integrated size");
  return tree;
}

}  // namespace

absl::Status Integrator::Load() {
  absl::StatusOr<std::optional<v1::IntegratedLog>> row = ReadIntegrated(*records_);
  if (!row.ok()) return row.status();
  stored_row_.reset();
  if (!row->has_value()) {
    tree_.emplace();
    return absl::OkStatus();
  }
  absl::StatusOr<crypto::TileBuilder> tree = LoadTree(*records_, **row);
  if (!tree.ok()) return tree.status();
  tree_ = *std::move(tree);
  stored_row_ = (*row)->SerializeAsString();
  return absl::OkStatus();
}

absl::Status Integrator::Step(uint64_t end) {
  crypto::TileBuilder grown = *tree_;
  storage::Batch batch;
  if (absl::Status appended = AppendLeaves(*records_, end, &grown, &batch); !appended.ok()) return appended;
  grown.ForEachPartial([&batch](const crypto::TileCoordinates& tile, std::string_view hashes) { PutTile(tile, hashes, &batch); });
  v1::IntegratedLog row;
  row.set_version(kIntegratedVersion);
  row.set_tree_size(grown.size());
  row.set_root_sha256(grown.Root());
  std::string row_bytes = row.SerializeAsString();
  batch.Put(storage::Table::kMeta, kIntegratedKey, row_bytes);
  batch.preconditions.push_back({storage::Table::kMeta, std::string(kIntegratedKey), stored_row_});
  if (absl::Status committed = CommitAndWait(committer_, std::move(batch)); !committed.ok()) {
    tree_.reset();  // its fate may be unknown: the next turn asks the store
    return absl::IsAborted(committed) ? absl::UnavailableError("audit log: another gateway integrated meanwhile; try again") : committed;
  }
  tree_ = std::move(grown);
  stored_row_ = std::move(row_bytes);
  return absl::OkStatus();
}

absl::Status Integrator::IntegrateUpTo(const Head& head) {
  if (!tree_.has_value()) {
    if (absl::Status loaded = Load(); !loaded.ok()) return loaded;
  }
  if (tree_->size() > head.tree_size) {
    return Contradiction(absl::StrCat("its tiles hold ", tree_->size(), " entries, its head ", head.tree_size));
  }
  while (tree_->size() < head.tree_size) {
    if (absl::Status step = Step(std::min(head.tree_size, tree_->size() + kLeavesAtOnce)); !step.ok()) return step;
  }
  return tree_->Root() == head.root ? absl::OkStatus() : Contradiction("its stored entries are not those that its head was made over");
}

absl::StatusOr<std::string> Integrator::RootAt(uint64_t tree_size) const {
  StoredTiles tiles(records_);
  crypto::TileHashReader hashes(&tiles, tree_size);
  return crypto::TreeRoot(tree_size, hashes);
}

}  // namespace otokura::audit
