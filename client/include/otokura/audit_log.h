// The audit log: listed, counted, followed, exported, proven. (The gateway logs each time that it is asked.)
#ifndef OTOKURA_AUDIT_LOG_H_
#define OTOKURA_AUDIT_LOG_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "otokura/connection.h"
#include "otokura/recording.h"

namespace otokura::client {

// An entry as people read it. `leaf` is what the tree hashes; everything else is read from it, or from the details beside it, each of which
// was seen to open the leaf's commitment to it.
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
  uint64_t previous_sequence = 0;  // of the entry with access_number - 1
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
  std::string grant_id{};       // of GRANT_*, and of a release under a grant with what closes it
  std::string incident_id{};    // of INCIDENT_*, and of a suspension by the gateway: 32 hexadecimal digits
  std::string policy_sha256{};  // of a POLICY_LOAD: lower-case hex
  std::string account{}, person{}, company{}, certificate{}, address{}, reference{}, reason{}, target{}, contract{}, approver{};
  std::vector<std::string> closed{};  // fields that the leaf commits to and whose value was pruned
};

// Entries of which all that is set here is true.
struct AuditQuery {
  std::string account{};
  std::string company{};
  std::string contract{};
  std::string recording_id{};
  std::string action{};    // "LISTEN"; "listen" and "audit-list" do as well
  std::string decision{};  // "ALLOWED", "DENIED", "NOTED", in any case
  std::string purpose{};
  std::string reference{};
  Time from{};
  Time to{};
};

// A page may be short or empty and still have a next one. All pages are of the tree of the first.
struct AuditPage {
  std::vector<AuditEntry> entries{};  // newest first
  std::string next_page_token{};
  uint64_t tree_size = 0;
  std::string root_sha256{};
};

// The newest head of the log, signed (c2sp.org/tlog-checkpoint), and the key that the gateway says it signs with (c2sp.org/signed-note).
// Neither proves anything before the key is compared with one that came another way.
struct LogHead {
  std::string checkpoint{};
  std::string verifier_key{};
  std::string cosigned_checkpoint{};  // the newest with cosignatures of witnesses (c2sp.org/tlog-cosignature); empty where there is none
  std::vector<std::string> hand_overs{};  // from the log's first key to this one, oldest first (crypto/tlog/log_keys.h)
};

// Called in order, on the calling thread. An error from any of them ends the export with that error.
struct LogSink {
  std::function<absl::Status(std::string_view checkpoint)> begin{};  // once, first: leaves follow up to its size
  std::function<absl::Status(uint64_t sequence, std::string_view leaf)> leaf{};
  std::function<absl::Status(const AuditEntry& entry)> opened{};  // optional: each leaf with its details, checked against its commitments
  bool cosigned = false;  // up to the newest checkpoint that witnesses cosigned, which may be some seconds old
};

// As people read it. DATA_LOSS, FAILED_PRECONDITION where it is no entry that this program knows.
absl::StatusOr<AuditEntry> ParseAuditEntry(std::string_view leaf);

enum class AuditField {
  kRecording = 1,
  kAction = 2,
  kDecision = 3,
  kPurpose = 4,
  kAccount = 5,
  kCompany = 6,
  kReference = 7,
  kContract = 8
};
enum class AuditPeriod { kAll = 0, kHour = 1, kDay = 2 };  // UTC

struct AuditCount {
  Time start{};                       // of the hour or day
  std::vector<std::string> values{};  // one a field counted by; empty where entries say nothing in it
  uint64_t entries = 0;
  uint64_t times = 0;  // as entries, but the summary of a flood counts as often as the refusals that it sums up
  uint64_t delivered_bytes = 0;
};

// Counts of the same start and values on later pages add up.
struct AuditCountPage {
  std::vector<AuditCount> counts{};
  std::string next_page_token{};
  uint64_t tree_size = 0;
  std::string root_sha256{};
};

// Entries as they are appended.
class AuditStream {
 public:
  virtual ~AuditStream() = default;  // ends the stream
  // Waits until there are some, oldest first. An error is the stream's end.
  virtual absl::StatusOr<std::vector<AuditEntry>> Next() = 0;
  virtual uint64_t next_sequence() const = 0;  // to follow on from, after a break
  virtual void Cancel() = 0;                   // from any thread; Next then gives CANCELLED
};

class AuditLog {
 public:
  static absl::StatusOr<std::unique_ptr<AuditLog>> Create(ConnectionOptions options);
  virtual ~AuditLog() = default;
  // `page_size` 1..1000, 0 takes the gateway's 100.
  virtual absl::StatusOr<AuditPage> List(const AuditQuery& query, uint32_t page_size, const std::string& page_token) = 0;
  virtual absl::StatusOr<LogHead> Head() = 0;
  // Every leaf from `first_sequence` on, as the gateway sends them: nothing is checked but that none is missing between two.
  virtual absl::Status Export(uint64_t first_sequence, const LogSink& sink) = 0;
  // A proof that stands alone (c2sp.org/tlog-proof), with the leaf as its extra data.
  virtual absl::StatusOr<std::string> Prove(uint64_t sequence) = 0;
  // A proof that stands alone (crypto/tlog/consistency_text.h) that the log extends this older checkpoint of it.
  virtual absl::StatusOr<std::string> ProveConsistency(const std::string& old_checkpoint) = 0;
  // Every entry about one recording, with proofs that stand alone (client/RECEIPT.md), to the newest: that of this receipt. NOT_FOUND where
  // nothing was logged about such a recording. Waits for the checkpoint that covers it, which may take as long as the gateway makes one.
  virtual absl::StatusOr<std::string> MakeReceipt(const std::string& recording_id) = 0;
  // One entry. NOT_FOUND past the log's end.
  virtual absl::StatusOr<AuditEntry> Show(uint64_t sequence) = 0;
  // By at most three fields, each once.
  virtual absl::StatusOr<AuditCountPage> Count(const AuditQuery& query, const std::vector<AuditField>& by, AuditPeriod per,
                                               const std::string& page_token) = 0;
  // From that entry on, or only what is appended from now on. The query without times. Returns once the gateway follows. The stream must
  // not outlive this.
  virtual absl::StatusOr<std::unique_ptr<AuditStream>> Follow(const AuditQuery& query, std::optional<uint64_t> from_sequence) = 0;
};

}  // namespace otokura::client

#endif  // OTOKURA_AUDIT_LOG_H_
