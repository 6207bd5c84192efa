// The question after an incident: who heard or took what (`otokura audit report`). Made of listed entries, or of the leaves of a
// log that was verified.
#ifndef OTOKURA_CLIENT_COMMAND_AUDIT_REPORT_H_
#define OTOKURA_CLIENT_COMMAND_AUDIT_REPORT_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/log_verifier.h"
#include "otokura/audit_log.h"

namespace otokura::client {

inline constexpr size_t kReportEntriesMax = 1'000'000;  // in memory, about a kilobyte each

// A search, show, listen, download or export: the entry that decided it, and the one that closed it where there is one.
struct AuditAccess {
  AuditEntry entry{};  // the closing one where the deciding one lies before the span
  bool began_before = false;
  bool closed = false;
  uint64_t delivered_bytes = 0;
  uint32_t rows = 0;
  std::string outcome{};

  bool released() const { return entry.decision != "DENIED"; }
  uint64_t times() const { return released() || entry.rows == 0 ? 1 : entry.rows; }  // a flood's summary stands for many
};

struct AccountSum {
  std::string account{}, person{}, company{}, role{};
  uint64_t accesses = 0;
  uint64_t denied = 0;
  uint64_t recordings = 0;  // different ones, of which something was delivered
  uint64_t delivered_bytes = 0;
};

// What the log's own leaves say of a span: read past the index, from a log that was verified from its first entry to a signed checkpoint.
struct VerifiedSpan {
  LogVerdict verdict{};
  std::string first_finding{};        // what is wrong with the log; empty where nothing is
  std::vector<AuditEntry> entries{};  // newest first: what the query asks for
  uint64_t nameless = 0;              // entries in the span whose account or company was pruned: nobody can tell whose they are
};

enum class Proof { kNone, kWhole, kNotWhole };

// Whether entries are missing from the listing.
struct Wholeness {
  Proof proof = Proof::kNone;
  std::string text{};
};

struct AuditReport {
  AuditQuery query{};
  Time made{};
  uint64_t tree_size = 0;
  std::string root_sha256{};
  uint64_t entries = 0;  // in the span, of every kind
  Wholeness wholeness{};
  AccountSum total{};
  std::vector<AccountSum> accounts{};
  std::vector<AuditAccess> accesses{};  // oldest first
};

// `listed` newest first, all that the index gave. Where the log was verified, what it holds is reported, and `listed` only compared with
// it.
AuditReport MakeReport(const AuditQuery& query, const std::vector<AuditEntry>& listed, const VerifiedSpan* verified = nullptr);
Wholeness JudgeWholeness(const AuditQuery& query, const std::vector<AuditEntry>& listed, const VerifiedSpan* verified);

// Verifies the whole log as the gateway streams it, up to a checkpoint over at least the tree that was listed (`tree_size`, `root_sha256`),
// and picks out of that tree what the query asks for. An error means that it could not be done.
absl::StatusOr<VerifiedSpan> VerifySpan(AuditLog& log, const AuditQuery& query, uint64_t tree_size, const std::string& root_sha256,
                                        const LogVerification& verification);

std::string ToMarkdown(const AuditReport& report);
nlohmann::json ToJson(const AuditReport& report);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_AUDIT_REPORT_H_
