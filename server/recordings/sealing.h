// How a recording ends: its manifest, its record and its entry in one atomic write (I3, I7).
#ifndef OTOKURA_SERVER_RECORDINGS_SEALING_H_
#define OTOKURA_SERVER_RECORDINGS_SEALING_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "otokura/v1/stored.pb.h"
#include "server/audit/log.h"
#include "server/keys/recording_keys.h"
#include "server/recordings/parts.h"
#include "server/recordings/recorder_intake.h"
#include "server/recordings/site.h"

namespace otokura::recordings {

// An entry about a recording that its recorder, or the gateway for it, caused.
std::unique_ptr<audit::Draft> RecordingEntry(v1::AuditAction action, const v1::RecordingRecord& record, std::string_view rule,
                                             audit::Particulars particulars);

struct Ending {
  v1::RecordingRecord record;  // parts ended, audio_sha256, digest_check and state set
  std::string expected_bytes;  // the record as stored
  std::vector<DigestPass::Damage> damage;
  audit::Particulars particulars;  // who ended it; empty for the gateway itself
};

// Marks damage found at the end: gaps in the record, up to the limit.
void MarkDamage(const std::vector<DigestPass::Damage>& damage, uint32_t gaps_max, v1::RecordingRecord* record);

// Seals the manifest and commits. `done` (on the committer's thread) gets the record as stored, ABORTED where somebody else changed it
// meanwhile.
void CommitEnding(const Site& site, const RecorderIntake& intake, const keys::RecordingSealer& sealer, Ending ending,
                  std::function<void(absl::StatusOr<v1::RecordingRecord>)> done);

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_SEALING_H_
