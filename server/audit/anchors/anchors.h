// All anchors of the configuration: what they acknowledged, and whether something may be released (ANCHORS.md).
#ifndef OTOKURA_SERVER_AUDIT_ANCHORS_ANCHORS_H_
#define OTOKURA_SERVER_AUDIT_ANCHORS_ANCHORS_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "otokura/v1/audit.pb.h"
#include "otokura/v1/config.pb.h"
#include "server/audit/anchors/acknowledgement_lag.h"
#include "server/audit/anchors/delivery.h"
#include "server/audit/log.h"
#include "server/audit/publisher.h"
#include "server/runtime/clock.h"
#include "server/runtime/event_log.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::audit {

// Thread-safe. Each anchor has a thread of its own; nothing here waits for one of them but Stop.
class Anchors {
 public:
  // All borrowed, must outlive this.
  struct Parts {
    storage::RecordStore* records = nullptr;
    storage::Committer* committer = nullptr;
    const Log* log = nullptr;
    runtime::Clock* clock = nullptr;
    runtime::EventLog* events = nullptr;
    std::string origin;
    // Makes an entry of the log; waits for it.
    std::function<absl::Status(v1::AuditAction action, std::string subject)> note;
    // Keeps a verified cosignature (Publisher::AddCosignature); waits for it.
    std::function<absl::Status(const PublishedCheckpoint& checkpoint, std::string_view witness, std::string_view line)> cosigned;
  };
  // `config` has its defaults and passed its checks. INVALID_ARGUMENT where a library refuses a setting all the same.
  static absl::StatusOr<std::unique_ptr<Anchors>> Create(const v1::LogConfig& config, Parts parts);
  ~Anchors();

  // From now on `note` and `cosigned` may be called.
  void Start();
  // Only hands over.
  void Offer(const PublishedCheckpoint& checkpoint);
  // FAILED_PRECONDITION while an anchor contradicts this log; UNAVAILABLE while a mandatory one lags by more than the limit, or has not
  // acknowledged anything since the start, and for the first moments of any off this host.
  absl::Status MayRelease();
  // Whether one off this host acknowledged all of the log that is older than the lag limit, and none contradicts it.
  bool IsAnchored();
  // Gives anchors that answer a moment for what was offered last.
  void Stop(absl::Duration patience);

 private:
  struct Site;  // one anchor and what is known of it
  Anchors(const v1::LogConfig& config, Parts parts);
  absl::StatusOr<std::unique_ptr<Anchor>> MakeAnchor(const v1::AnchorConfig& config);
  std::unique_ptr<Anchor> MakeSyslog(const v1::AnchorConfig& config);
  std::unique_ptr<Anchor> MakeFile(const v1::AnchorConfig& config);
  absl::Status Add(const v1::AnchorConfig& config);
  void Acknowledged(Site& site, const PublishedCheckpoint& checkpoint, const Acknowledgement& acknowledgement);
  void Failed(Site& site, const absl::Status& status);
  void Note(v1::AuditAction action, const std::string& name);
  absl::Status CheckSite(Site& site, uint64_t tree_size, absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Parts parts_;
  const absl::Duration lag_limit_;
  absl::Mutex mutex_;
  absl::Duration started_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Site>> sites_;  // unchanged after Create
};

// Whether what this anchor acknowledges lies off this host.
bool IsOffHost(const v1::AnchorConfig& config);

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_ANCHORS_ANCHORS_H_
