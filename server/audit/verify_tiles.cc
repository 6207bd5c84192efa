#include "server/audit/verify_tiles.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "crypto/merkle.h"
#include "crypto/tlog/checkpoint.h"
#include "crypto/tlog/tile_builder.h"
#include "server/audit/log_rows.h"
#include "server/audit/tile_rows.h"
#include "server/keys/key_store_file.h"

namespace otokura::audit {
namespace {

using storage::Table;

constexpr std::string_view kIntegrated = "integrated log";

class TileVerification {
 public:
  TileVerification(const storage::RecordReader& records, const crypto::LogKeys& log_keys,
                   absl::FunctionRef<void(std::string_view, std::string_view)> problem)
      : records_(records), log_keys_(log_keys), problem_(problem) {}
  absl::Status Run(const std::string& copy_path);

 private:
  struct Known {
    std::string where;
    crypto::Checkpoint checkpoint;
  };

  absl::Status TakeCheckpoints(const std::string& copy_path);
  void TakeCheckpoint(std::string where, std::string_view note);
  absl::Status TakeIntegrated();
  absl::Status HashLeaves();
  void CompareTile(const crypto::TileCoordinates& tile, std::string_view hashes);
  void CompareRoots();
  absl::Status CheckNothingElse();

  const storage::RecordReader& records_;
  const crypto::LogKeys& log_keys_;
  absl::FunctionRef<void(std::string_view where, std::string_view problem)> problem_;
  std::vector<Known> known_;
  v1::IntegratedLog integrated_;
  crypto::TileBuilder tree_;
  absl::Status failed_;
};

void TileVerification::TakeCheckpoint(std::string where, std::string_view note) {
  absl::StatusOr<crypto::Checkpoint> checkpoint = log_keys_.Open(note);
  if (checkpoint.ok()) {
    known_.push_back({std::move(where), *std::move(checkpoint)});
  } else {
    problem_(where, absl::StrCat("is not this log's: ", checkpoint.status().message()));
  }
}

absl::Status TileVerification::TakeCheckpoints(const std::string& copy_path) {
  const absl::StatusOr<std::optional<v1::PublishedLog>> stored = ReadPublished(records_);
  if (!stored.ok() && !absl::IsDataLoss(stored.status())) return stored.status();
  if (!stored.ok()) problem_("checkpoint in the store", "damaged");
  if (stored.ok() && stored->has_value()) TakeCheckpoint("checkpoint in the store", (*stored)->checkpoint());
  const absl::StatusOr<std::string> copy = keys::ReadSmallFile(copy_path);
  if (absl::IsUnavailable(copy.status())) return copy.status();
  if (copy.ok()) {
    TakeCheckpoint("checkpoint in the key store", *copy);
  } else {
    problem_("checkpoint in the key store", "missing or too large");
  }
  return absl::OkStatus();
}

absl::Status TileVerification::TakeIntegrated() {
  absl::StatusOr<std::optional<v1::IntegratedLog>> row = ReadIntegrated(records_);
  if (!row.ok() && !absl::IsDataLoss(row.status())) return row.status();
  if (!row.ok()) problem_(kIntegrated, "its row is damaged");
  if (row.ok() && row->has_value()) integrated_ = **std::move(row);
  return absl::OkStatus();
}

void TileVerification::CompareTile(const crypto::TileCoordinates& tile, std::string_view hashes) {
  if (tree_.size() > integrated_.tree_size()) return;
  const absl::StatusOr<std::optional<std::string>> row = records_.Get(Table::kTiles, TileKey(tile.level, tile.index));
  if (!row.ok()) {
    failed_ = row.status();
  } else if (!row->has_value()) {
    problem_(absl::StrCat("log ", crypto::TilePath(tile)), "missing");
  } else if (**row != hashes) {
    problem_(absl::StrCat("log ", crypto::TilePath(tile)), "is not what the leaves hash to");
  }
}

void TileVerification::CompareRoots() {
  for (const Known& known : known_) {
    if (known.checkpoint.tree_size == tree_.size() && known.checkpoint.root != tree_.Root()) {
      problem_(known.where, absl::StrCat("the first ", tree_.size(), " entries are not those that it was made over"));
    }
  }
  if (tree_.size() != integrated_.tree_size()) return;
  tree_.ForEachPartial([this](const crypto::TileCoordinates& tile, std::string_view hashes) { CompareTile(tile, hashes); });
  if (tree_.size() > 0 && tree_.Root() != integrated_.root_sha256()) problem_(kIntegrated, "its root is not what the leaves hash to");
}

absl::Status TileVerification::HashLeaves() {
  CompareRoots();
  absl::Status scanned = records_.Scan(Table::kLog, {}, [this](std::string_view, std::string_view leaf) {
    tree_.Append(crypto::MerkleLeafHash(leaf),
                 [this](const crypto::TileCoordinates& tile, std::string_view hashes) { CompareTile(tile, hashes); });
    CompareRoots();
    return failed_.ok();
  });
  if (!scanned.ok()) return scanned;
  for (const Known& known : known_) {
    if (known.checkpoint.tree_size > tree_.size()) {
      problem_(known.where, absl::StrCat("covers ", known.checkpoint.tree_size, " entries, but the log has ", tree_.size(),
                                         ": an older state of it was put back"));
    }
  }
  if (integrated_.tree_size() > tree_.size()) problem_(kIntegrated, "goes further than the log");
  return failed_;
}

absl::Status TileVerification::CheckNothingElse() {
  return records_.Scan(Table::kTiles, {}, [this](std::string_view key, std::string_view) {
    const int level = static_cast<unsigned char>(key[0]);
    const std::optional<uint64_t> index = ParseSequenceKey(key.substr(1));
    if (!index || crypto::TileWidth(integrated_.tree_size(), level, *index) == 0) {
      problem_("log tiles", "a row that is no tile of this log");
    }
    return true;
  });
}

absl::Status TileVerification::Run(const std::string& copy_path) {
  if (absl::Status taken = TakeCheckpoints(copy_path); !taken.ok()) return taken;
  if (absl::Status taken = TakeIntegrated(); !taken.ok()) return taken;
  if (absl::Status hashed = HashLeaves(); !hashed.ok()) return hashed;
  return CheckNothingElse();
}

}  // namespace

absl::Status VerifyTiles(const storage::RecordReader& records, const crypto::LogKeys& log_keys, const std::string& copy_path,
                         absl::FunctionRef<void(std::string_view where, std::string_view problem)> problem) {
  return TileVerification(records, log_keys, problem).Run(copy_path);
}

}  // namespace otokura::audit
