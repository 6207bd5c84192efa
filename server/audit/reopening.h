// A log whose entries are lost for good goes on as another one: two officers ask for it (DESIGN §7).
#ifndef OTOKURA_SERVER_AUDIT_REOPENING_H_
#define OTOKURA_SERVER_AUDIT_REOPENING_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "otokura/v1/stored.pb.h"
#include "server/audit/log.h"
#include "server/audit/publisher.h"
#include "server/runtime/clock.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::audit {

inline constexpr std::string_view kReopeningKey = "log-reopening";  // in Table::kMeta
inline constexpr uint32_t kReopeningVersion = 1;

// What two officers confirmed and the next start carries out; nothing where there is nothing. DATA_LOSS, FAILED_PRECONDITION (newer
// version).
absl::StatusOr<std::optional<v1::LogReopening>> ReadReopening(const storage::RecordReader& records);

// Thread-safe; waits for the disk.
class Reopening {
 public:
  // Borrowed, must outlive this.
  Reopening(const storage::RecordReader* records, storage::Committer* committer, Publisher* publisher, runtime::Clock* clock)
      : records_(records), committer_(committer), publisher_(publisher), clock_(clock) {}

  struct Answer {
    bool confirmed = false;
    uint64_t lost_tree_size = 0;
    uint64_t common_tree_size = 0;
  };
  // `entry`, an ALLOWED one, commits with what comes of it. A proposal is forgotten at a restart. Errors as admin.proto says.
  absl::StatusOr<Answer> Ask(const std::string& lost_checkpoint, const std::string& person, std::unique_ptr<Draft> entry);

  static constexpr absl::Duration kProposalLife = absl::Hours(24);  // a second officer who is asked today, not one who finds it next year

 private:
  struct Proposal {
    std::string lost_checkpoint;
    std::string person;
    absl::Duration at;
  };
  const storage::RecordReader* const records_;
  storage::Committer* const committer_;
  Publisher* const publisher_;
  runtime::Clock* const clock_;
  absl::Mutex mutex_;  // held while it waits
  std::optional<Proposal> proposal_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_REOPENING_H_
