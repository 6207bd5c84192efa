#include "server/audit/reopening.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/audit/commit_and_wait.h"

namespace otokura::audit {

absl::StatusOr<std::optional<v1::LogReopening>> ReadReopening(const storage::RecordReader& records) {
  absl::StatusOr<std::optional<std::string>> bytes = records.Get(storage::Table::kMeta, kReopeningKey);
  if (!bytes.ok()) return bytes.status();
  if (!bytes->has_value()) return std::optional<v1::LogReopening>();
  v1::LogReopening row;
  if (!row.ParseFromString(**bytes) || row.version() == 0)
    return absl::DataLossError("log reopening: its record cannot be read; run otokurad fsck");
  if (row.version() == kReopeningVersion) return std::optional(std::move(row));
  return absl::FailedPreconditionError(
      absl::StrCat("log reopening: version ", row.version(), ", this otokurad reads ", kReopeningVersion, "; run the newer one"));
}

absl::StatusOr<Reopening::Answer> Reopening::Ask(const std::string& lost_checkpoint, const std::string& person,
                                                 std::unique_ptr<Draft> entry) {
  absl::MutexLock lock(&mutex_);
  const auto row = ReadReopening(*records_);
  if (!row.ok()) return row.status();
  if (row->has_value())
    return absl::FailedPreconditionError("log reopening: confirmed already; start otokurad again to have it carried out");
  const absl::StatusOr<Publisher::Lost> lost = publisher_->FindLost(lost_checkpoint);
  if (!lost.ok()) return lost.status();
  Answer answer{false, lost->tree_size, lost->common_tree_size};
  const absl::Duration now = clock_->SinceBoot();
  answer.confirmed = proposal_.has_value() && proposal_->lost_checkpoint == lost_checkpoint && proposal_->person != person &&
                     now - proposal_->at < kProposalLife;
  entry->leaf.set_subject(answer.confirmed ? "confirmed" : "proposed");
  storage::RecordCommit commit;
  commit.entries.push_back(std::move(entry));
  if (answer.confirmed) {
    v1::LogReopening confirmed;
    confirmed.set_version(kReopeningVersion);
    confirmed.set_lost_checkpoint(lost_checkpoint);
    confirmed.set_common_tree_size(lost->common_tree_size);
    commit.batch.Put(storage::Table::kMeta, kReopeningKey, confirmed.SerializeAsString());
  }
  if (absl::Status committed = CommitAndWait(committer_, std::move(commit)); !committed.ok()) return committed;
  proposal_.reset();
  if (!answer.confirmed) proposal_ = Proposal{lost_checkpoint, person, now};
  return answer;
}

}  // namespace otokura::audit
