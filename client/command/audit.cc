// `otokura audit list`, and where its other subcommands come together.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/command/audit_log_text.h"
#include "client/command/exit_code.h"
#include "client/command/recording_text.h"
#include "client/command/session.h"
#include "client/command/text.h"
#include "otokura/audit_log.h"

namespace otokura::client {
namespace {

constexpr uint32_t kPageMax = 1000;  // audit.proto: ListAuditRequest.page_size

struct ListOptions {
  std::string recording, from, to;
  uint64_t limit = 100;
  bool all = false;
};

}  // namespace

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
                                                              {"account", entry.account},
                                                              {"person", entry.person},
                                                              {"company", entry.company},
                                                              {"certificate", entry.certificate},
                                                              {"address", entry.address},
                                                              {"reference", entry.reference},
                                                              {"reason", entry.reason},
                                                              {"target", entry.target}};
  for (const auto& [name, text] : texts) {
    if (!text.empty()) line[name] = text;
  }
  const std::pair<const char*, uint64_t> numbers[] = {
      {"access_number", entry.access_number},     {"offset", entry.offset}, {"length", entry.length},
      {"delivered_bytes", entry.delivered_bytes}, {"rows", entry.rows},     {"audio_bytes", entry.audio_bytes}};
  for (const auto& [name, number] : numbers) {
    if (number != 0) line[name] = number;
  }
  if (entry.closes) line["of_sequence"] = entry.of_sequence;
  return line;
}

namespace {

std::string Extent(const AuditEntry& entry) {
  if (entry.rows > 0) return absl::StrCat(entry.rows, entry.rows == 1 ? " row" : " rows");
  const uint64_t bytes = entry.delivered_bytes > 0 ? entry.delivered_bytes : entry.length > 0 ? entry.length : entry.audio_bytes;
  return bytes == 0 ? "" : absl::StrCat(bytes, " bytes");
}

int List(const ListOptions& options, const Session& session) {
  auto from = ParseTime(options.from, DayEdge::kStart);
  if (!from.ok()) return Fail(from.status());
  auto to = ParseTime(options.to, DayEdge::kEnd);
  if (!to.ok()) return Fail(to.status());
  auto log = AuditLog::Create(session.connection);
  if (!log.ok()) return Fail(log.status());
  const AuditQuery query{.recording_id = options.recording, .from = *from, .to = *to};
  const uint64_t limit = options.all ? UINT64_MAX : options.limit;
  Table table({"SEQUENCE", "TIME", "ACTION", "DECISION", "RULE", "ACCOUNT", "RECORDING", "PURPOSE", "EXTENT", "OUTCOME"});
  uint64_t listed = 0;
  std::string token;
  do {
    auto page = (*log)->List(query, static_cast<uint32_t>(std::min<uint64_t>(limit - listed, kPageMax)), token);
    if (!page.ok()) return Fail(page.status());
    for (const AuditEntry& entry : page->entries) {
      if (session.json) {
        PrintJson(ToJson(entry));
      } else {
        table.Add({absl::StrCat(entry.sequence), LocalTimeText(entry.time), entry.action, entry.decision, entry.rule, entry.account,
                   entry.recording_id, entry.purpose, Extent(entry), entry.outcome});
      }
      ++listed;
    }
    token = page->next_page_token;
  } while (!token.empty() && listed < limit);
  if (!session.json) std::fputs(table.Text().c_str(), stdout);
  return kExitDone;
}

}  // namespace

void AddAudit(CLI::App* app, Session* session) {
  CLI::App* audit = app->add_subcommand("audit", "The audit log");
  audit->require_subcommand(1);
  AddAuditProofs(audit, session);
  auto options = std::make_shared<ListOptions>();
  CLI::App* command = audit->add_subcommand("list", "Who did what, newest first");
  command->add_option("--recording", options->recording, "only entries about this recording");
  command->add_option("--from", options->from, "at or after");
  command->add_option("--to", options->to, "before; a date: up to its end");
  auto* limit =
      command->add_option("--limit", options->limit, "at most so many (default 100)")->check(CLI::Range(uint64_t{1}, uint64_t{10'000'000}));
  command->add_flag("--all", options->all, "every entry there is")->excludes(limit);
  command->footer(Footer("otokura audit list --recording 01a2013c-5ac4-7984-9723-0effe47e9048"));
  command->callback([options, session] { session->run = [options, session] { return List(*options, *session); }; });
}

}  // namespace otokura::client
