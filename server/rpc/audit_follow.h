// Audit.Follow: entries as they are appended. The stream is one AUDIT_FOLLOW entry when it begins and one DELIVERED when it ends, so that
// following the log does not make it longer.
#ifndef OTOKURA_SERVER_RPC_AUDIT_FOLLOW_H_
#define OTOKURA_SERVER_RPC_AUDIT_FOLLOW_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/access/gate.h"
#include "server/audit/log.h"
#include "server/audit/queries.h"
#include "server/rpc/door.h"
#include "server/runtime/clock.h"
#include "server/runtime/executor.h"

namespace otokura::rpc {

inline constexpr int kFollowsMax = 32;           // each looks at the log a few times a second
inline constexpr int kFollowsPerAccountMax = 4;  // several windows of one person
inline constexpr absl::Duration kFollowInterval = absl::Milliseconds(250);
inline constexpr size_t kFollowStepEntries = 200;  // read and opened at a time: a few milliseconds

// All streams that follow the log. Thread-safe.
class AuditFollows {
 public:
  // Borrowed, must outlive the streams.
  struct Parts {
    access::Gate* gate;
    const audit::Log* log;
    const audit::Queries* queries;
    runtime::Clock* clock;
    runtime::Executor* executor;
  };
  explicit AuditFollows(const Parts& parts) : parts_(parts) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Begin(const Door& door, grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request);
  // Ends them all as UNAVAILABLE within kFollowInterval.
  void Drain() { stopping_ = true; }

 private:
  friend class FollowReactor;
  // RESOURCE_EXHAUSTED. What was admitted leaves again.
  absl::Status Admit(const std::string& account);
  void Leave(const std::string& account);

  const Parts parts_;
  std::atomic<bool> stopping_{false};
  absl::Mutex mutex_;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, int> per_account_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_AUDIT_FOLLOW_H_
