// Checkpoints and proofs of the audit log, for who may ask for them.
#ifndef OTOKURA_SERVER_RPC_LOG_PROOFS_H_
#define OTOKURA_SERVER_RPC_LOG_PROOFS_H_

#include <functional>

#include "absl/status/statusor.h"
#include "otokura/v1/audit.pb.h"
#include "server/access/gate.h"
#include "server/audit/publisher.h"
#include "server/runtime/executor.h"
#include "server/storage/storage.h"

namespace otokura::rpc {

// Thread-safe; `done` comes from any thread.
class LogProofs {
 public:
  template <typename Response>
  using Done = std::function<void(absl::StatusOr<Response>)>;

  // Borrowed, must outlive this.
  struct Parts {
    access::Gate* gate = nullptr;
    const audit::Publisher* publisher = nullptr;
    const storage::RecordReader* records = nullptr;
    runtime::Executor* executor = nullptr;
  };
  explicit LogProofs(Parts parts) : parts_(parts) {}

  void Checkpoint(const access::Caller& caller, Done<v1::GetCheckpointResponse> done) const;
  void Inclusion(const access::Caller& caller, const v1::ProveInclusionRequest& request, Done<v1::ProveInclusionResponse> done) const;
  void Consistency(const access::Caller& caller, const v1::ProveConsistencyRequest& request, Done<v1::ProveConsistencyResponse> done) const;

 private:
  // Runs `allowed` where the caller may; else `refused` gets the refusal once it is in the log.
  void IfAllowed(const access::Caller& caller, std::function<void()> allowed, std::function<void(absl::Status)> refused) const;
  absl::StatusOr<v1::ProveInclusionResponse> MakeInclusion(uint64_t sequence) const;
  absl::StatusOr<v1::ProveConsistencyResponse> MakeConsistency(uint64_t old_size) const;

  const Parts parts_;
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_LOG_PROOFS_H_
