// What a rehearsal found: who would have been stopped by what, added up.
#ifndef OTOKURA_SERVER_ACCESS_EGRESS_REHEARSAL_FINDINGS_H_
#define OTOKURA_SERVER_ACCESS_EGRESS_REHEARSAL_FINDINGS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "otokura/v1/audit.pb.h"
#include "otokura/v1/rehearsal.pb.h"

namespace otokura::access {

// Not thread-safe.
class RehearsalFindings {
 public:
  explicit RehearsalFindings(size_t most) : most_(most) {}

  // Once more what `what` says of whom and by what, by this entry, which then released the bytes that it reserved.
  void Add(const v1::RehearsalFinding& what, const v1::AuditEntry& entry);
  // The entry `sequence`, added before, let only so much of what it reserved leave. Nothing where it was not added, or closed before.
  void Close(uint64_t sequence, uint64_t delivered_bytes);

  // In the order in which they were met first.
  const std::vector<v1::RehearsalFinding>& listed() const { return listed_; }
  // What was added of those beyond `most`.
  uint64_t unlisted() const { return unlisted_; }
  // What of memory grows with the log beside the findings: distinct recordings of each, and entries that wait to be closed.
  size_t kept() const { return recordings_.size() + open_.size(); }

 private:
  struct Open {
    size_t finding;
    uint64_t reserved_bytes;
  };
  const size_t most_;
  std::vector<v1::RehearsalFinding> listed_;
  absl::flat_hash_map<std::string, size_t> by_what_;                // serialised
  absl::flat_hash_set<std::pair<size_t, std::string>> recordings_;  // of which finding
  absl::flat_hash_map<uint64_t, Open> open_;                        // by sequence
  uint64_t unlisted_ = 0;
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_EGRESS_REHEARSAL_FINDINGS_H_
