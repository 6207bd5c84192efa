#include "server/storage/record_fold.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "server/storage/batch_limits.h"

namespace otokura::storage {
namespace {

// Half of what a batch may hold: the other half is room for the log entries of the folded commits.
constexpr size_t kFoldBytesMax = kBatchBytesMax / 2;

}  // namespace

bool RecordFold::HasRoomFor(const RecordCommit& commit) const {
  return commits_ == 0 || bytes_ + BatchBytes(commit.batch) <= kFoldBytesMax;
}

absl::Status RecordFold::Add(RecordCommit& commit, std::vector<uint64_t>* sequences) {
  sequences->clear();
  if (absl::Status status = CheckBatch(commit.batch); !status.ok()) return status;
  const size_t preconditions_before = batch_.preconditions.size();
  absl::Status status = CheckPreconditions(commit.batch);
  // A copy: the commit is folded again where the batch as a whole is refused.
  Batch one{.writes = commit.batch.writes, .preconditions = {}, .may_use_reserve = commit.batch.may_use_reserve};
  if (status.ok() && !commit.entries.empty()) {
    status = sequencer_ == nullptr ? absl::InternalError("commit: log entries where no log is kept")
                                   : sequencer_->Sequence(commit.entries, &one, sequences);
  }
  if (!status.ok()) {
    sequences->clear();
    batch_.preconditions.resize(preconditions_before);
    return status;
  }
  has_entries_ = has_entries_ || !commit.entries.empty();
  if (commit.with_sequences) commit.with_sequences(*sequences, &one);
  if (status = CheckBatch(one); !status.ok()) {
    spoiled_ = true;
    return status;
  }
  Merge(std::move(one));
  return absl::OkStatus();
}

// What was read from the store goes to the engine as a precondition too: another gateway may write to the same store.
absl::Status RecordFold::CheckPreconditions(const Batch& batch) {
  for (const Precondition& precondition : batch.preconditions) {
    bool from_store = false;
    absl::StatusOr<std::optional<std::string>> current = Current(precondition.table, precondition.key, &from_store);
    if (!current.ok()) return current.status();
    if (*current != precondition.expected) return PreconditionBroken(precondition.table);
    if (from_store) batch_.preconditions.push_back(precondition);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> RecordFold::Current(Table table, const std::string& key, bool* from_store) {
  // Here and not as writes come: most folds state no precondition, and a log entry has a dozen rows.
  for (; looked_up_ < batch_.writes.size(); ++looked_up_) {
    const Write& write = batch_.writes[looked_up_];
    newest_.insert_or_assign(std::make_pair(write.table, write.key), looked_up_);
  }
  auto found = newest_.find(std::make_pair(table, key));
  *from_store = found == newest_.end();
  if (*from_store) return store_.Get(table, key);
  return batch_.writes[found->second].value;
}

void RecordFold::Merge(Batch one) {
  bytes_ += BatchBytes(one);
  batch_.may_use_reserve = one.may_use_reserve && (commits_ == 0 || batch_.may_use_reserve);
  ++commits_;
  std::move(one.writes.begin(), one.writes.end(), std::back_inserter(batch_.writes));
}

void RecordFold::Conclude() {
  if (has_entries_) sequencer_->Conclude(&batch_);
}

}  // namespace otokura::storage
