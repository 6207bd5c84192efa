#include "client/log_exporter.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/log_folder.h"
#include "crypto/merkle.h"
#include "crypto/tlog/checkpoint.h"
#include "crypto/tlog/entry_bundle.h"
#include "crypto/tlog/tile_builder.h"

namespace otokura::client {
namespace {

using crypto::kTileHashes;
using crypto::TileCoordinates;

constexpr uint64_t kProgressEvery = 1024;  // entries

class Exporter {
 public:
  explicit Exporter(const LogExport& options) : options_(options), folder_(options.folder), keys_(options.log_key) {}
  absl::StatusOr<LogExported> Run(AuditLog& log);

 private:
  absl::Status Open();
  absl::Status Follow(const std::vector<std::string>& hand_overs);
  absl::Status RestoreEdge();
  absl::Status TakeBundlesAtHand();
  absl::Status Begin(std::string_view note);
  absl::Status TakeLeaf(std::string_view leaf);
  absl::Status Append(std::string_view leaf);
  absl::Status Finish();
  absl::Status Damaged(std::string_view what) const;
  uint64_t full_bundles() const { return tree_.size() / kTileHashes; }

  const LogExport& options_;
  const LogFolder folder_;
  crypto::LogKeys keys_;
  std::vector<std::string> hand_overs_;
  crypto::Checkpoint old_;  // empty where the folder has none
  std::string note_;
  crypto::Checkpoint new_;
  crypto::TileBuilder tree_;
  std::string bundle_;  // the entries of the last, partial bundle
};

absl::Status Exporter::Damaged(std::string_view what) const {
  return absl::DataLossError(absl::StrCat("'", folder_.path(), "': ", absl::string_view(what.data(), what.size()),
                                          "; have it verified, and export into another folder"));
}

// The tree as it stands at the folder's checkpoint, from the tiles at its right edge: their root must be the signed one.
absl::Status Exporter::RestoreEdge() {
  std::vector<std::string> edge;
  for (int level = 0; level < crypto::kTileLevels; ++level) {
    const uint64_t hashes = old_.tree_size >> (crypto::kTileHeight * level);
    const TileCoordinates tile{level, hashes / kTileHashes, static_cast<uint32_t>(hashes % kTileHashes)};
    edge.emplace_back();
    if (tile.width == 0) continue;
    absl::StatusOr<std::string> stored = folder_.ReadTile(tile);
    if (!stored.ok()) return stored.status();
    edge.back() = *std::move(stored);
  }
  absl::StatusOr<crypto::TileBuilder> tree = crypto::TileBuilder::Restore(old_.tree_size, std::move(edge));
  if (!tree.ok() || tree->Root() != old_.root) return Damaged("its tiles are not those of its checkpoint");
  tree_ = *std::move(tree);
  const auto width = static_cast<uint32_t>(old_.tree_size % kTileHashes);
  if (width == 0) return absl::OkStatus();
  absl::StatusOr<std::string> bundle = folder_.ReadTile({crypto::kEntriesLevel, full_bundles(), width});
  if (!bundle.ok()) return bundle.status();
  std::string hashes;
  crypto::EntryBundleReader entries(*bundle);
  while (const std::optional<std::string_view> entry = entries.Next()) hashes += crypto::MerkleLeafHash(*entry);
  if (!entries.AtEnd() || hashes != tree_.edge()[0]) return Damaged("its last entries are not those of its checkpoint");
  bundle_ = *std::move(bundle);
  return absl::OkStatus();
}

// Whole bundles that an export wrote before it was broken off. Nothing vouches for them yet: the new checkpoint will, or refuse them.
absl::Status Exporter::TakeBundlesAtHand() {
  for (;;) {
    absl::StatusOr<std::string> bundle = folder_.ReadTile({crypto::kEntriesLevel, full_bundles(), kTileHashes});
    if (absl::IsNotFound(bundle.status())) return absl::OkStatus();
    if (!bundle.ok()) return bundle.status();
    crypto::EntryBundleReader entries(*bundle);
    std::vector<std::string_view> leaves;
    while (const std::optional<std::string_view> entry = entries.Next()) leaves.push_back(*entry);
    if (!entries.AtEnd() || leaves.size() != kTileHashes) return absl::OkStatus();  // torn: it is fetched again
    if (!bundle_.empty() && !std::string_view(*bundle).starts_with(bundle_)) return Damaged("two bundles contradict each other");
    for (size_t i = tree_.size() % kTileHashes; i < leaves.size(); ++i) {
      if (absl::Status appended = Append(leaves[i]); !appended.ok()) return appended;
    }
  }
}

// What the folder knows of the log's keys must be the beginning of what the gateway says.
absl::Status Exporter::Follow(const std::vector<std::string>& hand_overs) {
  const absl::StatusOr<std::vector<std::string>> known = folder_.ReadHandOvers();
  if (!known.ok()) return known.status();
  if (known->size() > hand_overs.size() || !std::equal(known->begin(), known->end(), hand_overs.begin())) {
    return Damaged("the gateway tells otherwise how the log's key handed over than was exported before");
  }
  hand_overs_ = hand_overs;
  return keys_.FollowAll(hand_overs);
}

absl::Status Exporter::Open() {
  absl::StatusOr<std::optional<std::string>> note = folder_.ReadCheckpoint();
  if (!note.ok()) return note.status();
  if (note->has_value()) {
    absl::StatusOr<crypto::Checkpoint> old = keys_.Open(**note);
    if (!old.ok()) {
      return absl::Status(old.status().code(), absl::StrCat("'", folder_.path(), "/checkpoint': ", old.status().message(),
                                                            "; is it the export of another log?"));
    }
    old_ = *std::move(old);
    if (absl::Status restored = RestoreEdge(); !restored.ok()) return restored;
  }
  return TakeBundlesAtHand();
}

absl::Status Exporter::Begin(std::string_view note) {
  absl::StatusOr<crypto::Checkpoint> checkpoint = keys_.Open(note);
  if (!checkpoint.ok()) return checkpoint.status();
  note_ = std::string(note);
  new_ = *std::move(checkpoint);
  if (new_.tree_size >= old_.tree_size) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the gateway's log has ", new_.tree_size, " entries, but '", folder_.path(), "' holds ",
                                          old_.tree_size, " that it signed: it was set back; keep this folder and report it"));
}

absl::Status Exporter::Append(std::string_view leaf) {
  const uint64_t index = tree_.size() / kTileHashes;
  if (absl::Status added = crypto::AppendEntry(leaf, &bundle_); !added.ok()) return added;
  absl::Status written;
  tree_.Append(crypto::MerkleLeafHash(leaf), [&](const TileCoordinates& tile, std::string_view hashes) {
    if (written.ok()) written = folder_.WriteTile(tile, hashes);
  });
  if (!written.ok() || tree_.size() % kTileHashes != 0) return written;
  written = folder_.WriteTile({crypto::kEntriesLevel, index, kTileHashes}, bundle_);
  bundle_.clear();
  return written;
}

absl::Status Exporter::TakeLeaf(std::string_view leaf) {
  if (absl::Status appended = Append(leaf); !appended.ok()) return appended;
  if (!options_.progress || tree_.size() % kProgressEvery != 0 || options_.progress(tree_.size(), new_.tree_size)) return absl::OkStatus();
  return absl::CancelledError("interrupted; export again to go on from here");
}

absl::Status Exporter::Finish() {
  if (tree_.size() != new_.tree_size || tree_.Root() != new_.root) {
    return Damaged("the entries that came are not those that the gateway's checkpoint is over, or those here were changed");
  }
  absl::Status written;
  tree_.ForEachPartial([&](const TileCoordinates& tile, std::string_view hashes) {
    if (written.ok()) written = folder_.WriteTile(tile, hashes);
    if (written.ok() && tile.level == 0) written = folder_.WriteTile({crypto::kEntriesLevel, tile.index, tile.width}, bundle_);
  });
  if (!written.ok()) return written;
  if (absl::Status kept = folder_.WriteHandOvers(hand_overs_); !kept.ok()) return kept;
  if (absl::Status kept = folder_.WriteCheckpoint(note_); !kept.ok()) return kept;
  for (int level = crypto::kEntriesLevel; level < crypto::kTileLevels; ++level) {
    const uint64_t index = (old_.tree_size >> (crypto::kTileHeight * std::max(level, 0))) / kTileHashes;
    if (crypto::TileWidth(new_.tree_size, level, index) != kTileHashes) continue;
    if (absl::Status removed = folder_.RemovePartials(level, index); !removed.ok()) return removed;
  }
  return absl::OkStatus();
}

absl::StatusOr<LogExported> Exporter::Run(AuditLog& log) {
  if (absl::Status made = folder_.Create(); !made.ok()) return made;
  const absl::StatusOr<LogHead> head = log.Head();
  if (!head.ok()) return head.status();
  if (absl::Status followed = Follow(head->hand_overs); !followed.ok()) return followed;
  if (absl::Status opened = Open(); !opened.ok()) return opened;
  LogSink sink;
  sink.begin = [this](std::string_view note) { return Begin(note); };
  sink.leaf = [this](uint64_t, std::string_view leaf) { return TakeLeaf(leaf); };
  sink.opened = options_.opened;
  sink.cosigned = options_.cosigned;
  absl::Status exported = log.Export(tree_.size(), sink);
  if (absl::IsOutOfRange(exported)) return Damaged("it holds more entries than the gateway's log, which was set back");
  if (!exported.ok()) return exported;
  if (absl::Status finished = Finish(); !finished.ok()) return finished;
  return LogExported{new_.tree_size, new_.tree_size - old_.tree_size};
}

}  // namespace

absl::StatusOr<LogExported> ExportLog(AuditLog& log, const LogExport& options) { return Exporter(options).Run(log); }

}  // namespace otokura::client
