// Checks a whole log with its public key alone: an exported folder offline, or a gateway's as it streams it.
#ifndef OTOKURA_CLIENT_LOG_VERIFIER_H_
#define OTOKURA_CLIENT_LOG_VERIFIER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/leaf_checks.h"
#include "crypto/tlog/checkpoint.h"
#include "crypto/tlog/cosignature.h"
#include "crypto/tlog/log_keys.h"
#include "crypto/tlog/tile_builder.h"
#include "otokura/audit_log.h"

namespace otokura::client {

struct LogFinding {
  std::string where;                 // "entry 17", "tile/0/000", "checkpoint"
  std::optional<uint64_t> sequence;  // of the first entry that it may concern
  std::string problem;
};

struct LogVerification {
  crypto::LogKeys log_key;                                        // those that it handed over to are followed
  std::optional<crypto::Checkpoint> since{};                      // an older one, which the log must extend
  std::optional<crypto::CosignatureVerifier> witness{};           // who must have cosigned the checkpoint
  std::function<void(const LogFinding& finding)> finding{};       // as they are found
  std::function<bool(uint64_t done, uint64_t total)> progress{};  // now and then; false ends the verification with CANCELLED
  std::function<absl::Status(const AuditEntry& entry)> opened{};  // live alone: each entry with its details (LogSink)
};

struct LogVerdict {
  crypto::Checkpoint checkpoint;  // empty where it did not verify
  uint64_t entries = 0;           // that were checked
  uint64_t findings = 0;          // none: the log is whole
  std::optional<uint64_t> first_bad_entry{};
  std::string newest_key{};  // that the log's key handed over to; empty where it is the one that was given
};

// Takes the leaves of a tree in order and says what is wrong with them. For one verification, one thread.
class TreeVerifier {
 public:
  // `options` is borrowed and outlives this.
  explicit TreeVerifier(const LogVerification& options) : options_(options), keys_(options.log_key) {}

  // Goes on from the key that was given to those that it handed over to.
  void Follow(const std::vector<std::string>& hand_overs);
  // False where the checkpoint is not this log's: there is nothing to compare with.
  bool Begin(std::string_view note);
  absl::Status Take(std::string_view leaf, crypto::TileBuilder::TileDone full);
  // After the last leaf.
  void Finish();
  void Report(std::string where, std::optional<uint64_t> sequence, std::string_view problem);
  void ReportEntry(uint64_t sequence, std::string_view problem);

  const crypto::TileBuilder& tree() const { return tree_; }
  const LogVerdict& verdict() const { return verdict_; }

 private:
  void CompareOlder();
  void CheckCosigned(std::string_view note);
  void Compare(const crypto::Checkpoint& older, const char* what);

  const LogVerification& options_;
  crypto::LogKeys keys_;
  LeafChecks leaves_;
  crypto::TileBuilder tree_;
  LogVerdict verdict_;
};

// Every file of the folder against every leaf in it. An error means that the verification could not go on (the folder cannot be read, it
// was cancelled); what is wrong with the log are findings.
absl::StatusOr<LogVerdict> VerifyLogFolder(const std::string& folder, const LogVerification& options);
// The same over the leaves that the gateway streams.
absl::StatusOr<LogVerdict> VerifyLiveLog(AuditLog& log, const LogVerification& options);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_LOG_VERIFIER_H_
