// What a witness answers to add-checkpoint (c2sp.org/tlog-witness): it cosigns what extends all that it cosigned of that log before.
#ifndef OTOKURA_CLIENT_WITNESS_WITNESS_H_
#define OTOKURA_CLIENT_WITNESS_WITNESS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/witness/witness_folder.h"
#include "crypto/tlog/add_checkpoint.h"

namespace otokura::client {

// As HTTP says it.
struct WitnessAnswer {
  int status = 0;
  std::string content_type;
  std::string body;
};

// Thread-safe.
class Witness {
 public:
  // `now` is what cosignatures say. FAILED_PRECONDITION where another has the folder open.
  static absl::StatusOr<std::unique_ptr<Witness>> Open(const std::string& folder, std::function<absl::Time()> now);

  // One request at a time: what is checked is what is kept. The checkpoint is durable before its cosignature is given.
  WitnessAnswer Add(std::string_view request);
  std::string VerifierKey() const { return signer_.VerifierKey(); }

 private:
  Witness(WitnessFolder folder, FileDescriptor lock, crypto::CosignatureSigner signer, std::function<absl::Time()> now);
  WitnessAnswer Extend(KnownLog& log, const crypto::AddCheckpoint& request, const crypto::Checkpoint& checkpoint)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  WitnessAnswer Cosign(KnownLog& log, const std::string& note, const crypto::Checkpoint& checkpoint) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const WitnessFolder folder_;
  const FileDescriptor lock_;
  const crypto::CosignatureSigner signer_;
  const std::function<absl::Time()> now_;
  absl::Mutex mutex_;
  std::map<std::string, KnownLog, std::less<>> logs_ ABSL_GUARDED_BY(mutex_);  // by origin
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_WITNESS_WITNESS_H_
