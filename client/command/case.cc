// `otokura case open|close|list|show`.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "client/command/exit_code.h"
#include "client/command/recording_text.h"
#include "client/command/session.h"
#include "client/command/text.h"
#include "otokura/cases.h"

namespace otokura::client {
namespace {

struct CaseOptions {
  NewCase opened;
  std::vector<std::string> callers, pension_numbers, agents, call_ids;
  std::string name, reason;
};

nlohmann::json ToJson(const Case& one) {
  nlohmann::json line = {
      {"name", one.name},         {"purposes", one.purposes},   {"recordings", one.recording_ids}, {"terms", one.terms},
      {"state", Name(one.state)}, {"opened_by", one.opened_by}, {"opened", Rfc3339(one.opened)},   {"ends", Rfc3339(one.ends)}};
  if (!one.closed_by.empty()) line["closed_by"] = one.closed_by;
  return line;
}

void Print(const std::vector<Case>& cases, bool json) {
  Table table({"NAME", "FOR", "RECORDINGS", "NUMBERS", "STATE", "OPENED BY", "OPENED", "ENDS"});
  for (const Case& one : cases) {
    if (json) {
      PrintJson(ToJson(one));
      continue;
    }
    table.Add({one.name, absl::StrJoin(one.purposes, " "), std::to_string(one.recording_ids.size()), std::to_string(one.terms),
               std::string(Name(one.state)), one.opened_by, LocalTimeText(one.opened), LocalTimeText(one.ends)});
  }
  if (!json) std::fputs(table.Text().c_str(), stdout);
}

// What a call about one case comes to.
int Told(const absl::StatusOr<Case>& one, const Session& session) {
  if (!one.ok()) return Fail(one.status());
  Print({*one}, session.json);
  return kExitDone;
}

void AddTerms(const std::vector<std::string>& values, PersonalField field, NewCase* opened) {
  for (const std::string& value : values) opened->terms.push_back({field, value});
}

int Open(const CaseOptions& options, const Session& session) {
  NewCase opened = options.opened;
  AddTerms(options.callers, PersonalField::kCallerNumber, &opened);
  AddTerms(options.pension_numbers, PersonalField::kBasicPensionNumber, &opened);
  AddTerms(options.agents, PersonalField::kAgent, &opened);
  AddTerms(options.call_ids, PersonalField::kCallId, &opened);
  auto cases = Cases::Create(session.connection);
  return cases.ok() ? Told((*cases)->Open(opened), session) : Fail(cases.status());
}

int Close(const CaseOptions& options, const Session& session) {
  auto cases = Cases::Create(session.connection);
  return cases.ok() ? Told((*cases)->Close(options.name, options.reason), session) : Fail(cases.status());
}

int Show(const CaseOptions& options, const Session& session) {
  auto cases = Cases::Create(session.connection);
  if (!cases.ok()) return Fail(cases.status());
  const auto one = (*cases)->Show(options.name);
  const int exit_code = Told(one, session);
  if (!one.ok() || session.json) return exit_code;
  for (const std::string& id : one->recording_ids) std::printf("%s\n", id.c_str());
  return exit_code;
}

int List(const Session& session) {
  auto cases = Cases::Create(session.connection);
  if (!cases.ok()) return Fail(cases.status());
  std::vector<Case> all;
  std::string token;
  do {
    auto page = (*cases)->List(0, token);
    if (!page.ok()) return Fail(page.status());
    all.insert(all.end(), page->cases.begin(), page->cases.end());
    token = page->next_page_token;
  } while (!token.empty());
  Print(all, session.json);
  return kExitDone;
}

void AddOpen(CLI::App* app, Session* session) {
  auto options = std::make_shared<CaseOptions>();
  CLI::App* open = app->add_subcommand("open", "Open a case, under which others hear what it names");
  open->add_option("name", options->opened.name, "its name: what they state as --reference")->required();
  open->add_option("--purpose", options->opened.purposes, "a purpose that it is good for; may be repeated")->required();
  open->add_option("--recording", options->opened.recording_ids, "a recording that it is about; may be repeated");
  open->add_option("--caller", options->callers, "a number that its caller calls from; kept as a keyed hash");
  open->add_option("--pension-number", options->pension_numbers, "a basic pension number; kept as a keyed hash");
  open->add_option("--agent", options->agents, "an agent id; kept as a keyed hash");
  open->add_option("--call-id", options->call_ids, "a call id of the recorder; kept as a keyed hash");
  open->add_option("--days", options->opened.days, "until it ends by itself")->check(CLI::Range(1, 365))->default_str("30");
  open->add_option("--reason", options->opened.reason, "kept sealed beside the audit log")->required();
  open->footer(Footer("otokura case open CASE-1001 --purpose inquiry --pension-number 3857-190264 --reason 'asks for a correction'"));
  open->callback([options, session] { session->run = [options, session] { return Open(*options, *session); }; });
}

}  // namespace

void AddCase(CLI::App* app, Session* session) {
  CLI::App* one = app->add_subcommand("case", "Cases: what calls are heard for, where the policy demands one");
  one->require_subcommand(1);
  AddOpen(one, session);
  auto options = std::make_shared<CaseOptions>();
  CLI::App* close = one->add_subcommand("close", "Close a case at once and for good, also for who listens under it");
  close->add_option("name", options->name, "case name")->required();
  close->add_option("--reason", options->reason, "kept sealed beside the audit log")->required();
  close->callback([options, session] { session->run = [options, session] { return Close(*options, *session); }; });
  CLI::App* list = one->add_subcommand("list", "Every open case");
  list->callback([session] { session->run = [session] { return List(*session); }; });
  CLI::App* show = one->add_subcommand("show", "One case, open or not, with its recordings");
  show->add_option("name", options->name, "case name")->required();
  show->callback([options, session] { session->run = [options, session] { return Show(*options, *session); }; });
}

}  // namespace otokura::client
