#include "client/command/audit_text.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/command/text.h"

namespace otokura::client {
namespace {

std::string Extent(const AuditEntry& entry) {
  if (entry.rows > 0) return absl::StrCat(entry.rows, entry.rows == 1 ? " row" : " rows");
  const uint64_t bytes = entry.delivered_bytes > 0 ? entry.delivered_bytes : entry.length > 0 ? entry.length : entry.audio_bytes;
  return bytes == 0 ? "" : absl::StrCat(bytes, " bytes");
}

}  // namespace

void AddAuditConditions(CLI::App* command, AuditQueryOptions* options) {
  command->add_option("--account", options->query.account, "only entries about what this account did");
  command->add_option("--company", options->query.company, "only by accounts of this company");
  command->add_option("--contract", options->query.contract, "only by accounts under this contract itself");
  command->add_option("--recording", options->query.recording_id, "only about this recording");
  command->add_option("--action", options->query.action, "only this action: search, show, listen, download, delivered, audit-list, …");
  command->add_option("--decision", options->query.decision, "allowed, denied or noted");
  command->add_option("--purpose", options->query.purpose, "only where this purpose was stated");
  command->add_option("--reference", options->query.reference, "only where this reference was stated");
}

void AddAuditTimes(CLI::App* command, AuditQueryOptions* options) {
  command->add_option("--from", options->from, "at or after");
  command->add_option("--to", options->to, "before; a date: up to its end");
}

absl::StatusOr<AuditQuery> QueryOf(const AuditQueryOptions& options) {
  AuditQuery query = options.query;
  auto from = ParseTime(options.from, DayEdge::kStart);
  if (!from.ok()) return from.status();
  auto to = ParseTime(options.to, DayEdge::kEnd);
  if (!to.ok()) return to.status();
  query.from = *from;
  query.to = *to;
  return query;
}

nlohmann::json ToJson(const AuditEntry& entry) {
  nlohmann::json line = {{"sequence", entry.sequence},
                         {"time", Rfc3339(entry.time)},
                         {"action", entry.action},
                         {"decision", entry.decision},
                         {"leaf", Hex(entry.leaf)}};
  const std::pair<const char*, const std::string&> texts[] = {{"rule", entry.rule},
                                                              {"role", entry.role},
                                                              {"recording_id", entry.recording_id},
                                                              {"purpose", entry.purpose},
                                                              {"outcome", entry.outcome},
                                                              {"centre", entry.centre},
                                                              {"subject", entry.subject},
                                                              {"policy_sha256", entry.policy_sha256},
                                                              {"account", entry.account},
                                                              {"person", entry.person},
                                                              {"company", entry.company},
                                                              {"certificate", entry.certificate},
                                                              {"address", entry.address},
                                                              {"reference", entry.reference},
                                                              {"reason", entry.reason},
                                                              {"target", entry.target},
                                                              {"contract", entry.contract},
                                                              {"approver", entry.approver},
                                                              {"grant_id", entry.grant_id},
                                                              {"incident_id", entry.incident_id}};
  for (const auto& [name, text] : texts) {
    if (!text.empty()) line[name] = text;
  }
  const std::pair<const char*, uint64_t> numbers[] = {
      {"access_number", entry.access_number},     {"offset", entry.offset}, {"length", entry.length},
      {"delivered_bytes", entry.delivered_bytes}, {"rows", entry.rows},     {"audio_bytes", entry.audio_bytes}};
  for (const auto& [name, number] : numbers) {
    if (number != 0) line[name] = number;
  }
  if (entry.access_number > 1) line["previous_sequence"] = entry.previous_sequence;
  if (entry.closes) line["of_sequence"] = entry.of_sequence;
  if (!entry.closed.empty()) line["pruned"] = entry.closed;
  return line;
}

std::vector<std::string> AuditHeadings() {
  return {"SEQUENCE", "TIME", "ACTION", "DECISION", "RULE", "ACCOUNT", "RECORDING", "PURPOSE", "EXTENT", "OUTCOME"};
}

std::vector<std::string> AuditRow(const AuditEntry& entry) {
  return {absl::StrCat(entry.sequence),
          LocalTimeText(entry.time),
          entry.action,
          entry.decision,
          entry.rule,
          entry.account,
          entry.recording_id,
          entry.purpose,
          Extent(entry),
          entry.outcome};
}

std::string AuditLine(const AuditEntry& entry) {
  std::vector<std::string> cells = AuditRow(entry);
  for (std::string& cell : cells) cell = cell.empty() ? "-" : Printable(std::move(cell));
  return absl::StrJoin(cells, "  ");
}

}  // namespace otokura::client
