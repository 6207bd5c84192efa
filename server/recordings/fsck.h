// Checks every record against every object, the manifest and the log, without ever returning plaintext (DESIGN §3).
#ifndef OTOKURA_SERVER_RECORDINGS_FSCK_H_
#define OTOKURA_SERVER_RECORDINGS_FSCK_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "server/audit/log.h"
#include "server/keys/key_hierarchy.h"
#include "server/storage/storage.h"

namespace otokura::recordings {

struct FsckOptions {
  bool deep = false;  // verify every chunk's tag and every digest as well
};

struct FsckFinding {
  std::string where;    // "recording <id>", "object <name>", "log entry <n>", "index …"
  std::string problem;  // never a value of a person
};

struct FsckReport {
  uint64_t recordings = 0;
  uint64_t live_recordings = 0;
  uint64_t objects = 0;
  uint64_t chunks_verified = 0;
  uint64_t log_entries = 0;
  uint64_t findings = 0;
};

// The store must not be written meanwhile. Findings come as they are found; an error means that the check itself could not go on.
absl::StatusOr<FsckReport> Fsck(storage::Engine& engine, const keys::KeyHierarchy& keys, const FsckOptions& options,
                                absl::FunctionRef<void(const FsckFinding&)> finding);

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_FSCK_H_
