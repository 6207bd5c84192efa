// A gateway's log as a folder that anybody can verify: resumed where it was broken off, extended where it was whole.
#ifndef OTOKURA_CLIENT_LOG_EXPORTER_H_
#define OTOKURA_CLIENT_LOG_EXPORTER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/tlog/log_keys.h"
#include "otokura/audit_log.h"

namespace otokura::client {

struct LogExport {
  std::string folder;
  crypto::LogKeys log_key;                                        // those that it handed over to are followed
  std::function<absl::Status(const AuditEntry& entry)> opened{};  // optional: each new entry with its details (LogSink)
  bool cosigned = false;                                          // up to the newest checkpoint that witnesses cosigned
  std::function<bool(uint64_t done, uint64_t total)> progress{};  // now and then; false breaks the export off with CANCELLED
};

struct LogExported {
  uint64_t tree_size = 0;
  uint64_t new_entries = 0;  // since the folder's last checkpoint
};

// Fetches what the folder lacks, derives every tile from the leaves, and writes the new checkpoint last, in one step, only when it is
// signed by the key, extends the folder's old one, and is over exactly these leaves: else DATA_LOSS, and the folder keeps the old one.
// Broken off, it goes on from the last whole bundle.
absl::StatusOr<LogExported> ExportLog(AuditLog& log, const LogExport& options);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_LOG_EXPORTER_H_
