// VerifyLogFolder: leaves from the entry bundles, every tile derived from them and compared byte for byte, and no file that is none of
// these.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/log_folder.h"
#include "client/log_verifier.h"
#include "crypto/tlog/entry_bundle.h"
#include "crypto/tlog/tile.h"

namespace otokura::client {
namespace {

using crypto::kSha256Bytes;
using crypto::kTileHashes;
using crypto::TileCoordinates;

// The bytes of the first `width` entries, or nothing where the bundle has fewer.
std::optional<std::string_view> BundlePrefix(std::string_view bundle, uint32_t width) {
  crypto::EntryBundleReader entries(bundle);
  size_t bytes = 0;
  for (uint32_t i = 0; i < width; ++i) {
    const std::optional<std::string_view> entry = entries.Next();
    if (!entry) return std::nullopt;
    bytes += crypto::kEntryLengthBytes + entry->size();
  }
  return bundle.substr(0, bytes);
}

class FolderVerification {
 public:
  FolderVerification(const std::string& path, const LogVerification& options) : folder_(path), verifier_(options) {}
  absl::StatusOr<LogVerdict> Run();

 private:
  absl::Status TakeBundles();
  // False where it ends before its last entry: what follows has no place in the tree.
  absl::StatusOr<bool> TakeBundle(uint64_t index);
  void CompareTile(const TileCoordinates& tile, std::string_view hashes);
  void NameDifference(const TileCoordinates& tile, std::string_view stored, std::string_view hashes);
  absl::Status CheckFiles();
  void CheckFile(const std::string& path);
  uint64_t size() const { return verifier_.verdict().checkpoint.tree_size; }

  const LogFolder folder_;
  TreeVerifier verifier_;
  absl::Status failed_;
};

absl::StatusOr<bool> FolderVerification::TakeBundle(uint64_t index) {
  const TileCoordinates tile{crypto::kEntriesLevel, index, crypto::TileWidth(size(), crypto::kEntriesLevel, index)};
  const std::string name = crypto::TilePath(tile);
  const uint64_t first = index * kTileHashes;
  absl::StatusOr<std::string> bundle = folder_.ReadTile(tile);
  if (absl::IsNotFound(bundle.status())) {
    verifier_.Report(name, first, "missing");
    return false;
  }
  if (!bundle.ok()) return bundle.status();
  crypto::EntryBundleReader entries(*bundle);
  for (uint32_t i = 0; i < tile.width; ++i) {
    const std::optional<std::string_view> entry = entries.Next();
    if (!entry) {
      verifier_.Report(name, first + i, absl::StrCat("ends before entry ", first + i));
      return false;
    }
    absl::Status taken =
        verifier_.Take(*entry, [this](const TileCoordinates& done, std::string_view hashes) { CompareTile(done, hashes); });
    if (!taken.ok()) return taken;
    if (!failed_.ok()) return failed_;
  }
  if (!entries.AtEnd()) verifier_.Report(name, first + tile.width, "goes on behind its last entry");
  return true;
}

absl::Status FolderVerification::TakeBundles() {
  const uint64_t bundles = crypto::TilesAtLevel(size(), crypto::kEntriesLevel);
  for (uint64_t index = 0; index < bundles; ++index) {
    absl::StatusOr<bool> whole = TakeBundle(index);
    if (!whole.ok()) return whole.status();
    if (!*whole) return absl::OkStatus();
  }
  verifier_.tree().ForEachPartial([this](const TileCoordinates& tile, std::string_view hashes) { CompareTile(tile, hashes); });
  return failed_;
}

void FolderVerification::CompareTile(const TileCoordinates& tile, std::string_view hashes) {
  absl::StatusOr<std::string> stored = folder_.ReadTile(tile);
  const uint64_t first = tile.index * kTileHashes << (crypto::kTileHeight * tile.level);
  if (absl::IsNotFound(stored.status())) return verifier_.Report(crypto::TilePath(tile), first, "missing");
  if (!stored.ok()) {
    failed_ = stored.status();
    return;
  }
  if (*stored != hashes) NameDifference(tile, *stored, hashes);
}

void FolderVerification::NameDifference(const TileCoordinates& tile, std::string_view stored, std::string_view hashes) {
  const auto difference = std::mismatch(stored.begin(), stored.end(), hashes.begin(), hashes.end());
  const uint64_t position = static_cast<uint64_t>(difference.first - stored.begin()) / kSha256Bytes;
  const uint64_t leaves = uint64_t{1} << (crypto::kTileHeight * tile.level);  // under one of its hashes
  const uint64_t first = (tile.index * kTileHashes + position) * leaves;
  if (position >= tile.width) return verifier_.Report(crypto::TilePath(tile), first, "is longer than the entries under it make it");
  if (leaves == 1) return verifier_.Report(crypto::TilePath(tile), first, absl::StrCat("does not fit entry ", first));
  // Where the entry is known already, this is what follows from it, and says less.
  const std::optional<uint64_t> suspect = verifier_.verdict().first_bad_entry.has_value() ? std::nullopt : std::optional(first);
  verifier_.Report(crypto::TilePath(tile), suspect, absl::StrCat("does not fit the entries ", first, " to ", first + leaves - 1));
}

void FolderVerification::CheckFile(const std::string& path) {
  const std::optional<TileCoordinates> tile = crypto::ParseTilePath(path);
  const uint32_t width = tile ? crypto::TileWidth(size(), tile->level, tile->index) : 0;
  if (width == 0 || tile->width > width) {
    return verifier_.Report(path, std::nullopt, "belongs to no entry under the checkpoint; export again, or remove it");
  }
  if (tile->width == width) return;  // was compared
  // Of an older checkpoint: the beginning of what it grew into.
  const absl::StatusOr<std::string> older = folder_.ReadTile(*tile);
  const absl::StatusOr<std::string> newer = folder_.ReadTile({tile->level, tile->index, width});
  if (absl::IsNotFound(newer.status())) return;  // was reported
  if (!older.ok() || !newer.ok()) {
    failed_ = older.ok() ? newer.status() : older.status();
    return;
  }
  const std::optional<std::string_view> prefix = tile->level == crypto::kEntriesLevel
                                                     ? BundlePrefix(*newer, tile->width)
                                                     : std::string_view(*newer).substr(0, tile->width * kSha256Bytes);
  if (prefix != *older) verifier_.Report(path, std::nullopt, "is not the beginning of what it grew into");
}

absl::Status FolderVerification::CheckFiles() {
  absl::Status walked = folder_.ForEachFile([this](const std::string& path) {
    if (failed_.ok()) CheckFile(path);
  });
  return walked.ok() ? failed_ : walked;
}

absl::StatusOr<LogVerdict> FolderVerification::Run() {
  absl::StatusOr<std::optional<std::string>> note = folder_.ReadCheckpoint();
  if (!note.ok()) return note.status();
  if (!note->has_value()) {
    return absl::NotFoundError(
        absl::StrCat("'", folder_.path(), "' holds no checkpoint; is it an exported log, and was the export finished?"));
  }
  const absl::StatusOr<std::vector<std::string>> hand_overs = folder_.ReadHandOvers();
  if (!hand_overs.ok()) return hand_overs.status();
  verifier_.Follow(*hand_overs);
  if (!verifier_.Begin(**note)) return verifier_.verdict();
  if (absl::Status taken = TakeBundles(); !taken.ok()) return taken;
  verifier_.Finish();
  if (verifier_.verdict().entries == size()) {
    if (absl::Status checked = CheckFiles(); !checked.ok()) return checked;
  }
  return verifier_.verdict();
}

}  // namespace

absl::StatusOr<LogVerdict> VerifyLogFolder(const std::string& folder, const LogVerification& options) {
  return FolderVerification(folder, options).Run();
}

}  // namespace otokura::client
