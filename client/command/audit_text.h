// What the `otokura audit` commands have in common: which entries, and how they are printed.
#ifndef OTOKURA_CLIENT_COMMAND_AUDIT_TEXT_H_
#define OTOKURA_CLIENT_COMMAND_AUDIT_TEXT_H_

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/command/session.h"
#include "otokura/audit_log.h"

namespace otokura::client {

inline constexpr uint32_t kAuditPageMax = 1000;  // audit.proto: ListAuditRequest.page_size

struct AuditQueryOptions {
  AuditQuery query;
  std::string from, to;
};
// --account, --company, --contract, --recording, --action, --decision, --purpose, --reference.
void AddAuditConditions(CLI::App* command, AuditQueryOptions* options);
// --from, --to.
void AddAuditTimes(CLI::App* command, AuditQueryOptions* options);
absl::StatusOr<AuditQuery> QueryOf(const AuditQueryOptions& options);

nlohmann::json ToJson(const AuditEntry& entry);
std::vector<std::string> AuditHeadings();
std::vector<std::string> AuditRow(const AuditEntry& entry);
// One line of its own, for entries that come one after another.
std::string AuditLine(const AuditEntry& entry);

// The further subcommands; each on parsing sets session->run.
void AddAuditCount(CLI::App* audit, Session* session);
void AddAuditTail(CLI::App* audit, Session* session);
void AddAuditShow(CLI::App* audit, Session* session);
void AddAuditReport(CLI::App* audit, Session* session);
void AddAuditReceipt(CLI::App* audit, Session* session);  // receipt, verify-receipt

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_AUDIT_TEXT_H_
