// The right to see plaintext, as a value (DESIGN §3): only `access` makes one, and only once the ALLOWED entry is durable (I2).
#ifndef OTOKURA_SERVER_KEYS_RELEASE_PERMIT_H_
#define OTOKURA_SERVER_KEYS_RELEASE_PERMIT_H_

#include <cstdint>

#include "server/storage/recording_id.h"

namespace otokura::access {
class Gate;
}

namespace otokura::keys {

enum class Released : uint8_t { kAudio, kMetadata, kAuditDetails };

// Move-only. A moved-from permit permits nothing.
class ReleasePermit {
 public:
  ReleasePermit(ReleasePermit&& other) noexcept;
  ReleasePermit& operator=(ReleasePermit&& other) noexcept;
  ReleasePermit(const ReleasePermit&) = delete;
  ReleasePermit& operator=(const ReleasePermit&) = delete;

  bool Permits(Released what, const storage::RecordingId& recording) const { return valid_ && what_ == what && recording_ == recording; }
  bool PermitsAuditDetails() const { return valid_ && what_ == Released::kAuditDetails; }
  // Log index of the ALLOWED entry behind it.
  uint64_t sequence() const { return sequence_; }

 private:
  friend class access::Gate;
  ReleasePermit(Released what, const storage::RecordingId& recording, uint64_t sequence)
      : what_(what), recording_(recording), sequence_(sequence), valid_(true) {}
  Released what_;
  storage::RecordingId recording_;
  uint64_t sequence_;
  bool valid_;
};

}  // namespace otokura::keys

#endif  // OTOKURA_SERVER_KEYS_RELEASE_PERMIT_H_
