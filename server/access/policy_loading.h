// How another policy comes into force: signed by two, logged, at once (DESIGN §8).
#ifndef OTOKURA_SERVER_ACCESS_POLICY_LOADING_H_
#define OTOKURA_SERVER_ACCESS_POLICY_LOADING_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "proto/policy/rules.h"
#include "server/access/gate.h"
#include "server/access/policy_in_force.h"
#include "server/access/policy_rows.h"
#include "server/storage/committer.h"

namespace otokura::access {

// Of a text of the largest size with signatures of every signer, and below what a request may hold.
inline constexpr size_t kPolicyNoteBytesMax = policy::kPolicyBytesMax;

// Thread-safe; waits for the disk.
class PolicyLoading {
 public:
  // Borrowed, must outlive this.
  struct Parts {
    const storage::RecordStore* records;
    const keys::SiteKeys* keys;
    const audit::Log* log;
    storage::Committer* committer;
    Gate* gate;
    PolicyInForce* policy;
    std::function<absl::Status(const policy::Rules&)> suits_accounts{};  // whether those that there are may live under it
  };
  explicit PolicyLoading(Parts parts) : parts_(parts) {}

  using Done = std::function<void(absl::StatusOr<StoredPolicy>)>;
  // As admin.proto says; every refusal is an entry before it is told.
  void Load(const Caller& caller, const std::string& note, Done done);
  void Show(const Caller& caller, Done done);

  // Puts what is stored in force where it is not: at the start, and after a commit of unknown fate. Where the stored policy is damaged, the
  // rules stay as they are, nothing is released, and the status says why.
  absl::Status Refresh();

 private:
  // What comes in the place of what.
  struct Change {
    StoredPolicy before;
    StoredPolicy after;
  };
  absl::StatusOr<StoredPolicy> Read() const { return ReadPolicy(*parts_.records->Snapshot(), *parts_.keys, *parts_.log); }
  // Whether this note may come into force. Fills `*change` where it may, and `*sha256` once its signatures hold.
  Decision Examine(const std::string& note, Change* change, std::string* sha256) const;
  absl::Status Commit(const Change& change, std::unique_ptr<audit::Draft> entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Parts parts_;
  absl::Mutex mutex_;  // one change at a time; held while it waits
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_POLICY_LOADING_H_
