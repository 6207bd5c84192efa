// `otokura incident list|show|ack|close|report`.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/command/exit_code.h"
#include "client/command/incident_report.h"
#include "client/command/recording_text.h"
#include "client/command/session.h"
#include "client/command/text.h"
#include "otokura/incidents.h"

namespace otokura::client {
namespace {

struct IncidentOptions {
  std::string id, words;
  bool with_closed = false;
  uint32_t days_before = 0;
};

nlohmann::json ToJson(const Alarm& alarm) {
  nlohmann::json json = {{"alarm", Name(alarm.kind)}, {"time", Rfc3339(alarm.time)}, {"account", alarm.account},
                         {"role", Name(alarm.role)},  {"address", alarm.address},    {"suspended", alarm.suspended}};
  if (!alarm.company.empty()) json["company"] = alarm.company;
  if (!alarm.recording_id.empty()) json["recording_id"] = alarm.recording_id;
  if (alarm.of_sequence.has_value()) json["of_sequence"] = *alarm.of_sequence;
  return json;
}

nlohmann::json ToJson(const Incident& incident) {
  nlohmann::json json = {{"incident", incident.id},
                         {"state", Name(incident.state)},
                         {"level", incident.level},
                         {"opened", Rfc3339(incident.opened)},
                         {"accounts", incident.accounts},
                         {"companies", incident.companies},
                         {"addresses", incident.addresses},
                         {"recordings", incident.recordings},
                         {"told_step", incident.told_step},
                         {"awaiting", incident.awaiting},
                         {"alarms_beyond", incident.alarms_beyond}};
  for (const Alarm& alarm : incident.alarms) json["alarms"].push_back(ToJson(alarm));
  if (!incident.acknowledged_by.empty()) {
    json["acknowledged_by"] = incident.acknowledged_by;
    json["acknowledged"] = Rfc3339(incident.acknowledged);
    json["note"] = incident.note;
  }
  if (incident.closed_by.empty()) return json;
  json["closed_by"] = incident.closed_by;
  json["closed"] = Rfc3339(incident.closed);
  json["conclusion"] = incident.conclusion;
  return json;
}

void PrintTable(const std::vector<Incident>& incidents) {
  Table table({"INCIDENT", "STATE", "LEVEL", "OPENED", "ACCOUNTS", "TOLD", "ACKNOWLEDGED BY", "CLOSED BY"});
  for (const Incident& incident : incidents) {
    table.Add({incident.id, std::string(Name(incident.state)), absl::StrCat(incident.level), LocalTimeText(incident.opened),
               absl::StrJoin(incident.accounts, ","), incident.told_step, incident.acknowledged_by, incident.closed_by});
  }
  std::fputs(table.Text().c_str(), stdout);
}

void PrintAlarms(const Incident& incident) {
  Table table({"ALARM", "TIME", "ACCOUNT", "ROLE", "COMPANY", "ADDRESS", "RECORDING", "ENTRY", "SUSPENDED"});
  for (const Alarm& alarm : incident.alarms) {
    table.Add({std::string(Name(alarm.kind)), LocalTimeText(alarm.time), alarm.account, std::string(Name(alarm.role)), alarm.company,
               alarm.address, alarm.recording_id, alarm.of_sequence.has_value() ? absl::StrCat(*alarm.of_sequence) : "",
               alarm.suspended ? "yes" : ""});
  }
  std::printf("\n%s", table.Text().c_str());
  if (incident.alarms_beyond > 0) std::printf("and %llu more\n", static_cast<unsigned long long>(incident.alarms_beyond));
  if (!incident.awaiting.empty()) std::printf("not told yet: %s\n", Printable(absl::StrJoin(incident.awaiting, ", ")).c_str());
  if (!incident.note.empty()) std::printf("note: %s\n", Printable(incident.note).c_str());
  if (!incident.conclusion.empty()) std::printf("conclusion: %s\n", Printable(incident.conclusion).c_str());
}

// What a call about one incident comes to.
int Told(const absl::StatusOr<Incident>& incident, const Session& session) {
  if (!incident.ok()) return Fail(incident.status());
  if (session.json) {
    PrintJson(ToJson(*incident));
    return kExitDone;
  }
  PrintTable({*incident});
  PrintAlarms(*incident);
  return kExitDone;
}

int List(const IncidentOptions& options, const Session& session) {
  auto incidents = Incidents::Create(session.connection);
  if (!incidents.ok()) return Fail(incidents.status());
  std::vector<Incident> all;
  std::vector<std::string> warnings;
  std::string token;
  do {
    auto page = (*incidents)->List(options.with_closed, 0, token);
    if (!page.ok()) return Fail(page.status());
    all.insert(all.end(), page->incidents.begin(), page->incidents.end());
    token = page->next_page_token;
    warnings = std::move(page->warnings);
  } while (!token.empty());
  for (const std::string& warning : warnings) std::fprintf(stderr, "warning: %s\n", Printable(warning).c_str());
  if (!session.json) PrintTable(all);
  for (const Incident& incident : all) {
    if (session.json) PrintJson(ToJson(incident));
  }
  return kExitDone;
}

int Show(const IncidentOptions& options, const Session& session) {
  auto incidents = Incidents::Create(session.connection);
  if (!incidents.ok()) return Fail(incidents.status());
  return Told((*incidents)->Show(options.id), session);
}

int Acknowledge(const IncidentOptions& options, const Session& session) {
  auto incidents = Incidents::Create(session.connection);
  if (!incidents.ok()) return Fail(incidents.status());
  return Told((*incidents)->Acknowledge(options.id, options.words), session);
}

int Close(const IncidentOptions& options, const Session& session) {
  auto incidents = Incidents::Create(session.connection);
  if (!incidents.ok()) return Fail(incidents.status());
  return Told((*incidents)->Close(options.id, options.words), session);
}

int Report(const IncidentOptions& options, const Session& session) {
  auto incidents = Incidents::Create(session.connection);
  if (!incidents.ok()) return Fail(incidents.status());
  const auto report = (*incidents)->Report(options.id, options.days_before);
  if (!report.ok()) return Fail(report.status());
  if (!session.json) {
    std::fputs(ReportText(*report).c_str(), stdout);
    return kExitDone;
  }
  nlohmann::json json = ReportJson(*report);
  json["incident"] = ToJson(report->incident);
  PrintJson(json);
  return kExitDone;
}

using Action = int (*)(const IncidentOptions& options, const Session& session);

CLI::App* AddOne(CLI::App* incident, Session* session, const char* name, const char* about, const std::shared_ptr<IncidentOptions>& options,
                 Action action) {
  CLI::App* command = incident->add_subcommand(name, about);
  command->callback([action, options, session] { session->run = [action, options, session] { return action(*options, *session); }; });
  return command;
}

}  // namespace

void AddIncident(CLI::App* app, Session* session) {
  CLI::App* incident = app->add_subcommand("incident", "What alarms found, and what came of it");
  incident->require_subcommand(1);
  auto options = std::make_shared<IncidentOptions>();
  AddOne(incident, session, "list", "Those that are not closed, newest first", options, List)
      ->add_flag("--all", options->with_closed, "the closed ones too");
  CLI::App* show = AddOne(incident, session, "show", "One incident with its alarms", options, Show);
  CLI::App* ack = AddOne(incident, session, "ack", "You look after it: nobody else is told of it", options, Acknowledge);
  CLI::App* close = AddOne(incident, session, "close", "It is over. Lifts no suspension", options, Close);
  CLI::App* report =
      AddOne(incident, session, "report", "What the first report to the authority needs, as far as the log knows", options, Report);
  for (CLI::App* command : {show, ack, close, report}) command->add_option("id", options->id, "as the list prints it")->required();
  ack->add_option("--note", options->words, "what you are about to do; kept sealed beside the audit log")->required();
  close->add_option("--conclusion", options->words, "what it was; kept sealed beside the audit log")->required();
  report->add_option("--days-before", options->days_before, "count from so many days before the first alarm, 1 to 365 (default 30)");
  incident->footer(Footer("otokura incident ack 0190a1b2c3d4700080000000000000aa --note 'on it'"));
}

}  // namespace otokura::client
