// The audit log, listed. (The gateway logs each listing.)
#ifndef OTOKURA_AUDIT_LOG_H_
#define OTOKURA_AUDIT_LOG_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "otokura/connection.h"
#include "otokura/recording.h"

namespace otokura::client {

// An entry as people read it. `leaf` is what the tree hashes; everything else is read from it or from the details beside it, which are
// empty where pruned.
struct AuditEntry {
  std::string leaf{};
  uint64_t sequence = 0;
  Time time{};
  std::string action{};    // for example "LISTEN"
  std::string decision{};  // "ALLOWED", "DENIED", "NOTED"
  std::string rule{};
  std::string role{};
  std::string recording_id{};  // text form, or empty
  uint64_t access_number = 0;
  std::string purpose{};
  uint64_t offset = 0;
  uint64_t length = 0;
  uint64_t delivered_bytes = 0;
  uint32_t rows = 0;
  std::string outcome{};
  bool closes = false;  // a DELIVERED entry: `of_sequence` names the one it closes
  uint64_t of_sequence = 0;
  std::string centre{};
  uint64_t audio_bytes = 0;
  std::string subject{};
  std::string account{}, person{}, company{}, certificate{}, address{}, reference{}, reason{}, target{};
};

struct AuditQuery {
  std::string recording_id{};
  Time from{};
  Time to{};
};

struct AuditPage {
  std::vector<AuditEntry> entries{};  // newest first
  std::string next_page_token{};
  uint64_t tree_size = 0;
  std::string root_sha256{};
};

class AuditLog {
 public:
  static absl::StatusOr<std::unique_ptr<AuditLog>> Create(ConnectionOptions options);
  virtual ~AuditLog() = default;
  // `page_size` 1..1000, 0 takes the gateway's 100.
  virtual absl::StatusOr<AuditPage> List(const AuditQuery& query, uint32_t page_size, const std::string& page_token) = 0;
};

}  // namespace otokura::client

#endif  // OTOKURA_AUDIT_LOG_H_
