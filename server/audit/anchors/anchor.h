// A place that checkpoints are brought to (ANCHORS.md).
#ifndef OTOKURA_SERVER_AUDIT_ANCHORS_ANCHOR_H_
#define OTOKURA_SERVER_AUDIT_ANCHORS_ANCHOR_H_

#include <atomic>
#include <string>

#include "absl/status/statusor.h"
#include "server/audit/publisher.h"

namespace otokura::audit {

struct Acknowledgement {
  std::string cosignature{};  // the signature line of a witness; empty of others
};

// One thread at a time.
class Anchor {
 public:
  virtual ~Anchor() = default;
  // Brings the checkpoint there and waits for the answer, within the anchor's timeout and less once `cancelled`. FAILED_PRECONDITION: it
  // knows a log that this checkpoint does not extend. After any other error it is tried again.
  virtual absl::StatusOr<Acknowledgement> Deliver(const PublishedCheckpoint& checkpoint, const std::atomic<bool>& cancelled) = 0;
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_ANCHORS_ANCHOR_H_
