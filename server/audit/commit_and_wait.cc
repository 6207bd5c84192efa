#include "server/audit/commit_and_wait.h"

#include <future>
#include <memory>
#include <utility>

#include "server/audit/log.h"

namespace otokura::audit {

absl::Status CommitAndWait(storage::Committer* committer, storage::RecordCommit commit) {
  std::promise<absl::Status> committed;
  commit.done = [&committed](const absl::Status& status, absl::Span<const uint64_t>) { committed.set_value(status); };
  committer->Commit(std::move(commit));
  return committed.get_future().get();
}

absl::Status CommitAndWait(storage::Committer* committer, storage::Batch batch) {
  storage::RecordCommit commit;
  commit.batch = std::move(batch);
  commit.batch.may_use_reserve = true;
  return CommitAndWait(committer, std::move(commit));
}

absl::Status CommitFact(storage::Committer* committer, v1::AuditAction action, std::string subject, storage::Batch batch) {
  auto draft = std::make_unique<Draft>();
  draft->leaf.set_action(action);
  draft->leaf.set_decision(v1::NOTED);
  draft->leaf.set_subject(std::move(subject));
  storage::RecordCommit commit;
  commit.batch = std::move(batch);
  commit.entries.push_back(std::move(draft));
  return CommitAndWait(committer, std::move(commit));
}

}  // namespace otokura::audit
