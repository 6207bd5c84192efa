// Integrated → published: signs the log's head for the world outside, and finds a log that is not the one it signed before (FORMAT.md).
#ifndef OTOKURA_SERVER_AUDIT_PUBLISHER_H_
#define OTOKURA_SERVER_AUDIT_PUBLISHER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "crypto/signed_note.h"
#include "crypto/tlog/checkpoint.h"
#include "crypto/tlog/log_keys.h"
#include "server/audit/integrator.h"
#include "server/audit/log.h"
#include "server/runtime/event_log.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::audit {

// A checkpoint that was given out, or may be.
struct PublishedCheckpoint {
  uint64_t tree_size = 0;
  std::string note;
  std::string root;  // 32 bytes
};
// What is signed of it.
std::string_view CheckpointText(const PublishedCheckpoint& checkpoint);

// Thread-safe. A checkpoint is published once it is durable in the store *and* copied into the key store; it covers durable leaves only.
//
// Before it signs anything, and before the gate may release anything, the stored log must extend the newest checkpoint of both. Where it
// does not (an older data folder was put back, or another gateway signs with the same keys), nothing is signed and nothing released until
// that is resolved, while calls are taken in (DESIGN §7, I11).
class Publisher {
 public:
  struct Parts {
    storage::RecordStore* records = nullptr;
    storage::Committer* committer = nullptr;
    const Log* log = nullptr;
    const crypto::NoteSigner* signer = nullptr;  // its name is the log's origin
    std::vector<std::string> hand_overs{};       // that lead to it from the log's first key (keys::ReadLogHandOvers)
    std::string copy_path;                       // keys::CheckpointCopyPath
    runtime::EventLog* events = nullptr;
    // Hears of each checkpoint once it is published, on the thread that published it; must only hand over. May be null.
    std::function<void(const PublishedCheckpoint&)> published = nullptr;
  };
  // All borrowed, must outlive this.
  explicit Publisher(Parts parts);
  ~Publisher();

  // One turn: integrates what is durable and publishes a checkpoint over it, unless the newest covers it. FAILED_PRECONDITION and DATA_LOSS
  // are for good; after any other error the next turn goes on.
  absl::Status Publish();
  // A turn every so often, on a thread of its own, until Stop.
  void Start(absl::Duration interval);
  void Stop();

  // UNAVAILABLE until the first checkpoint of this run.
  absl::StatusOr<PublishedCheckpoint> newest() const;
  // The newest that witnesses cosigned, also in runs before this one; nothing where there is none.
  std::optional<PublishedCheckpoint> newest_cosigned() const;
  // Keeps a cosignature, a verified signature line of that witness, beside the checkpoint that it is over.
  absl::Status AddCosignature(const PublishedCheckpoint& checkpoint, std::string_view witness, std::string_view line);
  // Whether the log was seen to extend what was published before. Else why not, and what to do.
  absl::Status MayRelease() const;
  // A checkpoint of this log that it does not extend, and what is known of where the two part.
  struct Lost {
    uint64_t tree_size = 0;
    uint64_t common_tree_size = 0;  // so many entries were published of both
  };
  // FAILED_PRECONDITION where the log extends it; INVALID_ARGUMENT where it is no checkpoint of this log, or not the newest that is known
  // here.
  absl::StatusOr<Lost> FindLost(std::string_view checkpoint);
  std::string VerifierKey() const { return parts_.signer->VerifierKey(); }
  const std::vector<std::string>& hand_overs() const { return parts_.hand_overs; }

 private:
  absl::Status Turn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_mutex_);
  absl::Status CompareWithCopies() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_mutex_);
  // What the note says, once the integrated log extends it.
  absl::StatusOr<crypto::Checkpoint> CheckExtends(std::string_view note, std::string_view where) ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_mutex_);
  uint64_t CommonTreeSize(uint64_t lost_tree_size) ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_mutex_);
  absl::Status LoadCosigned() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_mutex_);
  absl::Status CheckCopyIsOurs() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_mutex_);
  absl::Status Sign(const Head& head) ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_mutex_);
  void Report(const absl::Status& turn) ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_mutex_);
  void Work(absl::Duration interval);

  const Parts parts_;
  const crypto::LogKeys keys_;

  absl::Mutex turn_mutex_;  // one turn at a time; held while it waits for the disk
  Integrator integrator_ ABSL_GUARDED_BY(turn_mutex_);
  // What the key store's copy holds, and what it may hold instead since a write of it whose fate is unknown. Empty: not compared yet.
  std::string copy_ ABSL_GUARDED_BY(turn_mutex_);
  std::string copy_in_doubt_ ABSL_GUARDED_BY(turn_mutex_);
  absl::Status last_turn_ ABSL_GUARDED_BY(turn_mutex_);

  mutable absl::Mutex mutex_;
  absl::CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status may_release_ ABSL_GUARDED_BY(mutex_);
  std::optional<PublishedCheckpoint> newest_ ABSL_GUARDED_BY(mutex_);
  std::optional<PublishedCheckpoint> cosigned_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

// `otokurad init`: the checkpoint of the empty log, so that from the first moment there is one to extend.
absl::Status WriteFirstCheckpoint(const crypto::NoteSigner& signer, const std::string& copy_path);
// The same for a log that follows another.
absl::Status ReplaceWithFirstCheckpoint(const crypto::NoteSigner& signer, const std::string& copy_path);

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_PUBLISHER_H_
