#include "server/access/egress/rehearsal_findings.h"

#include <algorithm>

namespace otokura::access {

void RehearsalFindings::Add(const v1::RehearsalFinding& what, const v1::AuditEntry& entry) {
  const int64_t time_unix_ms = entry.time_unix_us() / 1000;
  auto known = by_what_.find(what.SerializeAsString());
  if (known == by_what_.end()) {
    if (listed_.size() == most_) {
      ++unlisted_;
      return;
    }
    known = by_what_.emplace(what.SerializeAsString(), listed_.size()).first;
    v1::RehearsalFinding& added = listed_.emplace_back(what);
    added.set_first_unix_ms(time_unix_ms);
    added.set_first_sequence(entry.sequence());
  }
  v1::RehearsalFinding& finding = listed_[known->second];
  finding.set_times(finding.times() + 1);
  finding.set_last_unix_ms(time_unix_ms);
  finding.set_audio_bytes(finding.audio_bytes() + entry.reserved_bytes());
  if (!entry.recording_id().empty() && recordings_.emplace(known->second, entry.recording_id()).second) {
    finding.set_recordings(finding.recordings() + 1);
  }
  if (entry.reserved_bytes() > 0) open_[entry.sequence()] = {known->second, entry.reserved_bytes()};
}

void RehearsalFindings::Close(uint64_t sequence, uint64_t delivered_bytes) {
  const auto open = open_.find(sequence);
  if (open == open_.end()) return;
  v1::RehearsalFinding& finding = listed_[open->second.finding];
  const uint64_t reserved = open->second.reserved_bytes;
  finding.set_audio_bytes(finding.audio_bytes() - (reserved - std::min(reserved, delivered_bytes)));
  open_.erase(open);
}

}  // namespace otokura::access
