// A sealed recording against its manifest and the log (I7): a record changed, swapped or rolled back in the store is found before a byte
// leaves.
#ifndef OTOKURA_SERVER_RECORDINGS_INTEGRITY_H_
#define OTOKURA_SERVER_RECORDINGS_INTEGRITY_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "otokura/v1/audit.pb.h"
#include "otokura/v1/stored.pb.h"
#include "server/keys/recording_keys.h"
#include "server/storage/storage.h"

namespace otokura::recordings {

// DATA_LOSS naming what disagrees. `read_entry` gives the log entry of a sequence.
absl::Status CheckAgainstManifest(const storage::RecordReader& records, const keys::RecordingVerifier& verifier,
                                  const v1::RecordingRecord& record,
                                  absl::FunctionRef<absl::StatusOr<v1::AuditEntry>(uint64_t sequence)> read_entry);

// DATA_LOSS where a record that says LIVE has a manifest: it was rolled back to before its end.
absl::Status CheckStillLive(const storage::RecordReader& records, const v1::RecordingRecord& record);

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_INTEGRITY_H_
