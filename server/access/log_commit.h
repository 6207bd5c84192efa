// One entry on its way into the log.
#ifndef OTOKURA_SERVER_ACCESS_LOG_COMMIT_H_
#define OTOKURA_SERVER_ACCESS_LOG_COMMIT_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "server/audit/log.h"
#include "server/storage/committer.h"

namespace otokura::access {

// What somebody is told whose entry could not be made durable.
inline absl::Status LogIsDown() {
  return absl::UnavailableError("audit log: the entry for this request could not be made durable, so nothing was released; try again");
}

inline storage::RecordCommit CommitOf(std::unique_ptr<audit::Draft> entry, storage::RecordsDone done) {
  storage::RecordCommit commit;
  commit.batch.may_use_reserve = true;
  commit.entries.push_back(std::move(entry));
  commit.done = std::move(done);
  return commit;
}

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_LOG_COMMIT_H_
