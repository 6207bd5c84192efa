// Commits for threads that may wait for the disk; never from a callback of the committer.
#ifndef OTOKURA_SERVER_AUDIT_COMMIT_AND_WAIT_H_
#define OTOKURA_SERVER_AUDIT_COMMIT_AND_WAIT_H_

#include <string>

#include "absl/status/status.h"
#include "otokura/v1/audit.pb.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::audit {

// Its `done` is taken for the waiting.
absl::Status CommitAndWait(storage::Committer* committer, storage::RecordCommit commit);
// What keeps the log provable, which it must be on a full disk too: may use the reserve.
absl::Status CommitAndWait(storage::Committer* committer, storage::Batch batch);
// A NOTED entry, in one write with the batch.
absl::Status CommitFact(storage::Committer* committer, v1::AuditAction action, std::string subject, storage::Batch batch);

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_COMMIT_AND_WAIT_H_
