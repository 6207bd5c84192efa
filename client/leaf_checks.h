// What must hold of the entries of a log, one after another, whatever its tree says.
#ifndef OTOKURA_CLIENT_LEAF_CHECKS_H_
#define OTOKURA_CLIENT_LEAF_CHECKS_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "otokura/v1/audit.pb.h"

namespace otokura::client {

// One thread at a time. Keeps some 60 bytes a recording: a log about ten million of them takes 600 MB to check.
class LeafChecks {
 public:
  // The next leaf, from 0 on. `problem` hears what is wrong with it: it does not parse, is of a version that this program does not know,
  // has another sequence, a time before its predecessor's, or an access number or a predecessor that its recording does not give it.
  void Check(std::string_view leaf, absl::FunctionRef<void(std::string_view problem)> problem);

 private:
  using RecordingKey = std::array<char, 16>;
  struct Accesses {
    uint64_t count = 0;
    uint64_t last_sequence = 0;
  };

  void CheckAccess(uint64_t sequence, absl::FunctionRef<void(std::string_view problem)> problem);

  v1::AuditEntry entry_;  // reused, so that parsing allocates next to nothing
  uint64_t next_ = 0;
  int64_t last_time_unix_us_ = 0;
  absl::flat_hash_map<RecordingKey, Accesses> accesses_;
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_LEAF_CHECKS_H_
