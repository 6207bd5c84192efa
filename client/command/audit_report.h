// The question after an incident: who heard or took what (`otokura audit report`). Made of listed entries alone.
#ifndef OTOKURA_CLIENT_COMMAND_AUDIT_REPORT_H_
#define OTOKURA_CLIENT_COMMAND_AUDIT_REPORT_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "otokura/audit_log.h"

namespace otokura::client {

// A search, show, listen or download: the entry that decided it, and the one that closed it where there is one.
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

// What the listing itself says of whether entries are missing from it.
struct Wholeness {
  bool holed = false;
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

// `entries` newest first, all that the query asks for.
AuditReport MakeReport(const AuditQuery& query, const std::vector<AuditEntry>& entries);
Wholeness JudgeWholeness(const AuditQuery& query, const std::vector<AuditEntry>& entries);

std::string ToMarkdown(const AuditReport& report);
nlohmann::json ToJson(const AuditReport& report);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_AUDIT_REPORT_H_
