// `otokura audit list`, and the subcommands in the files beside it.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "client/command/audit_text.h"
#include "client/command/exit_code.h"
#include "client/command/recording_text.h"
#include "client/command/text.h"

namespace otokura::client {
namespace {

struct ListOptions {
  AuditQueryOptions which;
  uint64_t limit = 100;
  bool all = false;
};

int List(const ListOptions& options, const Session& session) {
  const auto query = QueryOf(options.which);
  if (!query.ok()) return Fail(query.status());
  auto log = AuditLog::Create(session.connection);
  if (!log.ok()) return Fail(log.status());
  const uint64_t limit = options.all ? UINT64_MAX : options.limit;
  Table table(AuditHeadings());
  uint64_t listed = 0;
  std::string token;
  do {
    auto page = (*log)->List(*query, static_cast<uint32_t>(std::min<uint64_t>(limit - listed, kAuditPageMax)), token);
    if (!page.ok()) return Fail(page.status());
    for (const AuditEntry& entry : page->entries) {
      if (session.json) {
        PrintJson(ToJson(entry));
      } else {
        table.Add(AuditRow(entry));
      }
      ++listed;
    }
    token = page->next_page_token;
  } while (!token.empty() && listed < limit);
  if (!session.json) std::fputs(table.Text().c_str(), stdout);
  return kExitDone;
}

void AddList(CLI::App* audit, Session* session) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* command = audit->add_subcommand("list", "Who did what, newest first");
  AddAuditConditions(command, &options->which);
  AddAuditTimes(command, &options->which);
  auto* limit =
      command->add_option("--limit", options->limit, "at most so many (default 100)")->check(CLI::Range(uint64_t{1}, uint64_t{10'000'000}));
  command->add_flag("--all", options->all, "every entry there is")->excludes(limit);
  command->footer(Footer("otokura audit list --account hanako --action listen --from 2026-04-01"));
  command->callback([options, session] { session->run = [options, session] { return List(*options, *session); }; });
}

}  // namespace

void AddAudit(CLI::App* app, Session* session) {
  CLI::App* audit = app->add_subcommand("audit", "The audit log: each question to it is an entry in it");
  audit->require_subcommand(1);
  AddList(audit, session);
  AddAuditCount(audit, session);
  AddAuditTail(audit, session);
  AddAuditShow(audit, session);
  AddAuditReport(audit, session);
  AddAuditProofs(audit, session);
  AddAuditReceipt(audit, session);
}

}  // namespace otokura::client
