// `otokura grant request|approve|refuse|revoke|list`.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/command/exit_code.h"
#include "client/command/recording_text.h"
#include "client/command/session.h"
#include "client/command/text.h"
#include "otokura/grants.h"

namespace otokura::client {
namespace {

struct GrantOptions {
  GrantRequest request;
  std::string id, reason;
  bool ended = false;
};

nlohmann::json ToJson(const Grant& grant) {
  nlohmann::json line = {{"id", grant.id},
                         {"account", grant.account},
                         {"person", grant.person_id},
                         {"company", grant.company},
                         {"contract", grant.contract},
                         {"recording_ids", grant.recording_ids},
                         {"purpose", grant.justification.purpose},
                         {"reference", grant.justification.reference},
                         {"reason", grant.reason},
                         {"hours", grant.hours},
                         {"state", Name(grant.state)},
                         {"requested", Rfc3339(grant.requested)},
                         {"revision", grant.revision}};
  const std::pair<const char*, std::string> texts[] = {{"decided_by", grant.decided_by},
                                                       {"from", Rfc3339(grant.from)},
                                                       {"until", Rfc3339(grant.until)},
                                                       {"revoked_by", grant.revoked_by},
                                                       {"ended_because", grant.ended_because}};
  for (const auto& [name, text] : texts) {
    if (!text.empty()) line[name] = text;
  }
  return line;
}

void Print(const std::vector<Grant>& grants, bool json) {
  Table table(
      {"ID", "ACCOUNT", "COMPANY", "CONTRACT", "STATE", "PURPOSE", "REFERENCE", "HOURS", "UNTIL", "DECIDED BY", "RECORDINGS", "REASON"});
  for (const Grant& grant : grants) {
    if (json) {
      PrintJson(ToJson(grant));
      continue;
    }
    table.Add({grant.id, grant.account, grant.company, grant.contract, std::string(Name(grant.state)), grant.justification.purpose,
               grant.justification.reference, absl::StrCat(grant.hours), LocalTimeText(grant.until), grant.decided_by,
               absl::StrJoin(grant.recording_ids, " "), grant.reason});
  }
  if (!json) std::fputs(table.Text().c_str(), stdout);
}

// What a call about one grant comes to.
int Told(const absl::StatusOr<Grant>& grant, const Session& session) {
  if (!grant.ok()) return Fail(grant.status());
  Print({*grant}, session.json);
  return kExitDone;
}

absl::StatusOr<std::vector<Grant>> ListAll(Grants* grants, bool ended) {
  std::vector<Grant> all;
  std::string token;
  do {
    auto page = grants->List(ended, 0, token);
    if (!page.ok()) return page.status();
    all.insert(all.end(), page->grants.begin(), page->grants.end());
    token = page->next_page_token;
  } while (!token.empty());
  return all;
}

absl::StatusOr<Grant> Request(const GrantOptions& options, Grants* grants) { return grants->Request(options.request); }

// What is approved is what the list says of it now.
absl::StatusOr<Grant> Approve(const GrantOptions& options, Grants* grants) {
  const auto all = ListAll(grants, /*ended=*/false);
  if (!all.ok()) return all.status();
  const auto found = std::find_if(all->begin(), all->end(), [&](const Grant& grant) { return grant.id == options.id; });
  if (found != all->end()) return grants->Approve(options.id, found->revision);
  return absl::NotFoundError("no such grant waits; look at the list of grants");
}

absl::StatusOr<Grant> Refuse(const GrantOptions& options, Grants* grants) { return grants->Refuse(options.id, options.reason); }
absl::StatusOr<Grant> Revoke(const GrantOptions& options, Grants* grants) { return grants->Revoke(options.id, options.reason); }

int List(const GrantOptions& options, const Session& session) {
  auto grants = Grants::Create(session.connection);
  if (!grants.ok()) return Fail(grants.status());
  const auto all = ListAll(grants->get(), options.ended);
  if (!all.ok()) return Fail(all.status());
  Print(*all, session.json);
  return kExitDone;
}

using Action = absl::StatusOr<Grant> (*)(const GrantOptions& options, Grants* grants);

int Run(Action action, const GrantOptions& options, const Session& session) {
  auto grants = Grants::Create(session.connection);
  if (!grants.ok()) return Fail(grants.status());
  return Told(action(options, grants->get()), session);
}

CLI::App* AddAction(CLI::App* grant, Session* session, const char* name, const char* about, const std::shared_ptr<GrantOptions>& options,
                    Action action) {
  CLI::App* command = grant->add_subcommand(name, about);
  command->callback([action, options, session] { session->run = [action, options, session] { return Run(action, *options, *session); }; });
  return command;
}

void AddReason(CLI::App* command, GrantOptions* options) {
  command->add_option("--reason", options->reason, "kept sealed beside the audit log")->required();
}

}  // namespace

void AddGrant(CLI::App* app, Session* session) {
  CLI::App* grant = app->add_subcommand("grant", "What contractors may hear: requested, approved, for some hours");
  grant->require_subcommand(1);
  auto options = std::make_shared<GrantOptions>();
  CLI::App* request = AddAction(grant, session, "request", "As a contractor: ask to hear a few recordings", options, Request);
  request->add_option("recordings", options->request.recording_ids, "recording ids")->required();
  request->add_option("--hours", options->request.hours, "from the approval")->required();
  request->add_option("--reason", options->request.reason, "why these; whoever decides reads it")->required();
  AddJustification(request, &options->request.justification, /*required=*/true);
  request->footer(Footer(
      "otokura grant request 01a2013c-5ac4-7984-9723-0effe47e9048 --hours 4 --purpose maintenance --reference WORK-77 --reason 'clicks "
      "on line 3'"));
  CLI::App* approve =
      AddAction(grant, session, "approve", "As somebody outside the contractor's contracts: let it take effect now", options, Approve);
  approve->add_option("id", options->id, "grant id")->required();
  CLI::App* refuse = AddAction(grant, session, "refuse", "Say no, as whoever might have approved it", options, Refuse);
  refuse->add_option("id", options->id, "grant id")->required();
  AddReason(refuse, options.get());
  CLI::App* revoke =
      AddAction(grant, session, "revoke", "End it at once, also in the middle of a call; withdraw a request of your own", options, Revoke);
  revoke->add_option("id", options->id, "grant id")->required();
  AddReason(revoke, options.get());
  CLI::App* list = grant->add_subcommand("list", "Those that wait or are active; a contractor's own");
  list->add_flag("--ended", options->ended, "also those that are over");
  list->callback([options, session] { session->run = [options, session] { return List(*options, *session); }; });
}

}  // namespace otokura::client
