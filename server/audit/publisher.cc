#include "server/audit/publisher.h"

#include <pthread.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/merkle.h"
#include "server/audit/commit_and_wait.h"
#include "server/audit/tile_rows.h"
#include "server/keys/key_store_file.h"

namespace otokura::audit {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

bool IsForGood(const absl::Status& status) { return absl::IsFailedPrecondition(status) || absl::IsDataLoss(status); }

absl::StatusOr<std::string> SignedNote(const crypto::NoteSigner& signer, uint64_t tree_size, std::string root) {
  absl::StatusOr<std::string> text = crypto::FormatCheckpoint({signer.name(), tree_size, std::move(root)});
  return text.ok() ? signer.Sign(*text) : text.status();
}

// They were seen to lead to this key when they were read.
crypto::LogKeys KeysOf(const std::vector<std::string>& hand_overs, const crypto::NoteSigner& signer) {
  return *crypto::LogKeys::Whole(hand_overs, *crypto::NoteVerifier::Parse(signer.VerifierKey()));
}

}  // namespace

absl::Status WriteFirstCheckpoint(const crypto::NoteSigner& signer, const std::string& copy_path) {
  absl::StatusOr<std::string> note = SignedNote(signer, 0, crypto::MerkleEmptyRoot());
  return note.ok() ? keys::WriteNewFile(copy_path, *note) : note.status();
}

absl::Status ReplaceWithFirstCheckpoint(const crypto::NoteSigner& signer, const std::string& copy_path) {
  absl::StatusOr<std::string> note = SignedNote(signer, 0, crypto::MerkleEmptyRoot());
  return note.ok() ? keys::ReplaceFile(copy_path, *note) : note.status();
}

Publisher::Publisher(Parts parts)
    : parts_(std::move(parts)),
      keys_(KeysOf(parts_.hand_overs, *parts_.signer)),
      integrator_(parts_.records, parts_.committer),
      may_release_(absl::UnavailableError("audit log: not yet compared with what was published of it; try again")) {}

Publisher::~Publisher() { Stop(); }

absl::Status Publisher::Publish() {
  absl::MutexLock turn(&turn_mutex_);
  // Once it was found not to extend what was published, nothing is signed any more.
  absl::Status result = IsForGood(last_turn_) ? last_turn_ : Turn();
  if (IsForGood(result)) {
    absl::MutexLock lock(&mutex_);
    may_release_ = absl::FailedPreconditionError(result.message());
  }
  Report(result);
  return result;
}

absl::Status Publisher::Turn() {
  const Head head = parts_.log->head();
  if (absl::Status integrated = integrator_.IntegrateUpTo(head); !integrated.ok()) return integrated;
  if (copy_.empty()) {
    if (absl::Status compared = CompareWithCopies(); !compared.ok()) return compared;
  }
  if (const absl::StatusOr<PublishedCheckpoint> published = newest(); published.ok() && published->tree_size == head.tree_size) {
    return absl::OkStatus();
  }
  return Sign(head);
}

absl::StatusOr<crypto::Checkpoint> Publisher::CheckExtends(std::string_view note, std::string_view where) {
  absl::StatusOr<crypto::Checkpoint> checkpoint = keys_.Open(note);
  if (!checkpoint.ok()) {
    return absl::FailedPreconditionError(absl::StrCat("audit log: the checkpoint in ", View(where), " is not this log's (",
                                                      checkpoint.status().message(),
                                                      "); put the newest one back that anybody holds, for example of an export"));
  }
  if (checkpoint->tree_size > integrator_.size()) {
    return absl::FailedPreconditionError(
        absl::StrCat("audit log: ", checkpoint->tree_size, " entries were published, as the checkpoint in ", View(where),
                     " says, but the data folder holds ", integrator_.size(),
                     ": an older state of it was put back. Calls are taken in, nothing is released; bring the newest data folder back"));
  }
  const absl::StatusOr<std::string> root = integrator_.RootAt(checkpoint->tree_size);
  if (!root.ok()) return root.status();
  if (*root == checkpoint->root) return checkpoint;
  return absl::FailedPreconditionError(absl::StrCat("audit log: its first ", checkpoint->tree_size,
                                                    " entries are not those of the checkpoint in ", View(where),
                                                    ": it was changed, or another gateway went on from a copy. Calls are taken in, nothing "
                                                    "is released; bring the right data folder back"));
}

absl::Status Publisher::CompareWithCopies() {
  absl::StatusOr<std::optional<v1::PublishedLog>> stored = ReadPublished(*parts_.records);
  if (!stored.ok()) return stored.status();
  if (stored->has_value()) {
    if (absl::Status extends = CheckExtends((*stored)->checkpoint(), "the data folder").status(); !extends.ok()) return extends;
  }
  if (!parts_.hand_overs.empty()) {
    if (absl::Status extends = CheckExtends(parts_.hand_overs.back(), "the hand-over of the log's key").status(); !extends.ok())
      return extends;
  }
  absl::StatusOr<std::string> copy = keys::ReadSmallFile(parts_.copy_path);
  if (absl::IsNotFound(copy.status())) {
    return absl::FailedPreconditionError(
        absl::StrCat("audit log: ", parts_.copy_path,
                     " is missing, so an older data folder would not be noticed; put the newest checkpoint there that "
                     "anybody holds, for example of an export"));
  }
  if (!copy.ok()) return copy.status();
  if (absl::Status extends = CheckExtends(*copy, parts_.copy_path).status(); !extends.ok()) return extends;
  if (absl::Status loaded = LoadCosigned(); !loaded.ok()) return loaded;
  copy_ = *std::move(copy);
  absl::MutexLock lock(&mutex_);
  may_release_ = absl::OkStatus();
  return absl::OkStatus();
}

// Somebody else who writes it signs with our key, from a copy of this site.
absl::Status Publisher::CheckCopyIsOurs() {
  const absl::StatusOr<std::string> copy = keys::ReadSmallFile(parts_.copy_path);
  if (!copy.ok() && !absl::IsNotFound(copy.status()) && !absl::IsDataLoss(copy.status())) return copy.status();
  if (copy.ok() && (*copy == copy_ || *copy == copy_in_doubt_)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "audit log: ", parts_.copy_path,
      " was changed by somebody else; does a second gateway run on a copy of this site? Calls are taken in, nothing is released; stop "
      "the other one and start this one again"));
}

absl::Status Publisher::Sign(const Head& head) {
  if (absl::Status ours = CheckCopyIsOurs(); !ours.ok()) return ours;
  absl::StatusOr<std::string> note = SignedNote(*parts_.signer, head.tree_size, head.root);
  if (!note.ok()) return note.status();
  v1::PublishedLog row;
  row.set_version(kPublishedVersion);
  row.set_checkpoint(*note);
  storage::Batch batch;
  batch.Put(storage::Table::kMeta, kPublishedKey, row.SerializeAsString());
  if (absl::Status committed = CommitAndWait(parts_.committer, std::move(batch)); !committed.ok()) return committed;
  copy_in_doubt_ = *note;
  if (absl::Status copied = keys::ReplaceFile(parts_.copy_path, *note); !copied.ok()) return copied;
  copy_ = *note;
  const PublishedCheckpoint published{head.tree_size, *std::move(note), head.root};
  {
    absl::MutexLock lock(&mutex_);
    newest_ = published;
  }
  if (parts_.published) parts_.published(published);
  return absl::OkStatus();
}

// Once for each new trouble, and once when it is over.
void Publisher::Report(const absl::Status& turn) {
  if (turn == last_turn_) return;
  if (!turn.ok()) {
    parts_.events->Failure(IsForGood(turn) ? "log-not-trusted" : "log-not-published", turn);
  } else if (!last_turn_.ok()) {
    parts_.events->Info("log-published-again");
  }
  last_turn_ = turn;
}

void Publisher::Start(absl::Duration interval) {
  thread_ = std::thread([this, interval] { Work(interval); });
  pthread_setname_np(thread_.native_handle(), "publish-log");
}

void Publisher::Work(absl::Duration interval) {
  for (;;) {
    {
      absl::MutexLock lock(&mutex_);
      const absl::Time next = absl::Now() + interval;
      while (!stopping_ && !wake_.WaitWithDeadline(&mutex_, next)) continue;
      if (stopping_) return;
    }
    Publish().IgnoreError();  // reported as an event
  }
}

void Publisher::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    wake_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

absl::StatusOr<PublishedCheckpoint> Publisher::newest() const {
  absl::MutexLock lock(&mutex_);
  if (newest_.has_value()) return *newest_;
  if (absl::IsFailedPrecondition(may_release_)) return may_release_;
  return absl::UnavailableError("audit log: no checkpoint yet; one comes within seconds, try again");
}

absl::Status Publisher::MayRelease() const {
  absl::MutexLock lock(&mutex_);
  return may_release_;
}

}  // namespace otokura::audit
