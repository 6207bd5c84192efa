// Publisher: the newest checkpoint that witnesses cosigned, with their cosignatures.
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/audit/commit_and_wait.h"
#include "server/audit/publisher.h"
#include "server/audit/tile_rows.h"

namespace otokura::audit {
namespace {

// One cosignature of each witness: a later one over the same checkpoint says no more.
bool HasSignatureOf(const PublishedCheckpoint& checkpoint, std::string_view name) {
  return checkpoint.note.find(absl::StrCat("\n\xE2\x80\x94 ", absl::string_view(name.data(), name.size()), " ")) != std::string::npos;
}

}  // namespace

std::string_view CheckpointText(const PublishedCheckpoint& checkpoint) {
  return std::string_view(checkpoint.note).substr(0, checkpoint.note.rfind("\n\n") + 1);
}

absl::Status Publisher::LoadCosigned() {
  absl::StatusOr<std::optional<v1::PublishedLog>> stored = ReadCosigned(*parts_.records);
  if (!stored.ok() || !stored->has_value()) return stored.status();
  absl::StatusOr<crypto::Checkpoint> checkpoint = CheckExtends((*stored)->checkpoint(), "the data folder, which witnesses cosigned,");
  if (!checkpoint.ok()) return checkpoint.status();
  absl::MutexLock lock(&mutex_);
  cosigned_ = PublishedCheckpoint{checkpoint->tree_size, (*stored)->checkpoint(), checkpoint->root};
  return absl::OkStatus();
}

std::optional<PublishedCheckpoint> Publisher::newest_cosigned() const {
  absl::MutexLock lock(&mutex_);
  return cosigned_;
}

absl::Status Publisher::AddCosignature(const PublishedCheckpoint& checkpoint, std::string_view witness, std::string_view line) {
  v1::PublishedLog row;
  {
    absl::MutexLock lock(&mutex_);
    if (!cosigned_.has_value() || cosigned_->tree_size < checkpoint.tree_size) cosigned_ = checkpoint;
    if (cosigned_->tree_size != checkpoint.tree_size || HasSignatureOf(*cosigned_, witness)) return absl::OkStatus();
    cosigned_->note.append(line);
    if (newest_.has_value() && newest_->tree_size == checkpoint.tree_size) newest_->note = cosigned_->note;
    row.set_version(kPublishedVersion);
    row.set_checkpoint(cosigned_->note);
  }
  // Two witnesses at once may store the one without the other's line; the next checkpoint has both.
  storage::Batch batch;
  batch.Put(storage::Table::kMeta, kCosignedKey, row.SerializeAsString());
  return CommitAndWait(parts_.committer, std::move(batch));
}

}  // namespace otokura::audit
