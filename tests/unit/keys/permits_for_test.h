// Permits without a gate. Compiles only where the real gate is not: both would define access::Gate.
#ifndef OTOKURA_TESTS_UNIT_KEYS_PERMITS_FOR_TEST_H_
#define OTOKURA_TESTS_UNIT_KEYS_PERMITS_FOR_TEST_H_

#include "server/keys/release_permit.h"

namespace otokura::access {

class Gate {
 public:
  static keys::ReleasePermit Make(keys::Released what, const storage::RecordingId& recording, uint64_t sequence) {
    return keys::ReleasePermit(what, recording, sequence);
  }
};

inline keys::ReleasePermit PermitFor(keys::Released what, const storage::RecordingId& recording, uint64_t sequence) {
  return Gate::Make(what, recording, sequence);
}

}  // namespace otokura::access

#endif  // OTOKURA_TESTS_UNIT_KEYS_PERMITS_FOR_TEST_H_
