#include "client/command/incident_report.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/command/text.h"

namespace otokura::client {
namespace {

constexpr char kUnknown[] = "Unknown to the gateway; to be filled in.";

// What may be a person's words, on a line of its own.
std::string Line(const std::string& text) { return Printable(text) + "\n"; }

std::string Outline(const IncidentReport& report) {
  const Incident& incident = report.incident;
  std::string text = absl::StrCat("First alarm ", LocalTimeText(incident.opened), ", incident ", incident.id, ", level ", incident.level,
                                  ", ", std::string(Name(incident.state)), ".\n");
  for (const Alarm& alarm : incident.alarms) {
    text += Line(absl::StrCat("- ", LocalTimeText(alarm.time), " ", std::string(Name(alarm.kind)), " by account ", alarm.account, " (role ",
                              std::string(Name(alarm.role)), alarm.company.empty() ? "" : ", of " + alarm.company, ") from ", alarm.address,
                              alarm.suspended ? "; the account was suspended at once" : ""));
  }
  if (incident.alarms_beyond > 0) absl::StrAppend(&text, "- and ", incident.alarms_beyond, " further alarms\n");
  return text;
}

std::string Items(const IncidentReport& report) {
  std::vector<std::string> items;
  if (report.recordings_heard > 0) items.push_back("what was said in the calls");
  if (report.recordings_shown > 0) {
    if (report.shows_caller_number) items.push_back("the caller's number");
    if (report.shows_pension_number) items.push_back("the basic pension number");
    if (report.shows_agent) items.push_back("who answered");
    if (report.shows_call_id) items.push_back("the id of the call");
    items.push_back("notes, where the role sees them");
  }
  if (items.empty()) return "None: the log has no release to the accounts concerned in this time.\n";
  return absl::StrCat("Of recordings heard or shown: ", absl::StrJoin(items, ", "), ".\n");
}

std::string Extent(const IncidentReport& report) {
  const char* const least = report.incomplete ? "At least " : "";
  return absl::StrCat(least, report.persons, " persons (distinct callers), from ", LocalTimeText(report.from), " to ",
                      LocalTimeText(report.to), ":\n- recordings of which audio was delivered: ", report.recordings_heard, ", ",
                      report.audio_bytes, " bytes; of these downloaded as files: ", report.downloads,
                      "\n- recordings whose personal metadata were shown: ", report.recordings_shown,
                      "\n- searches by a personal term: ", report.personal_searches, "\n- requests refused: ", report.refused,
                      "\nCounted from the log, and of all that these accounts did in that time, rightly or wrongly.\n",
                      report.incomplete ? "The log is longer than what is read for a report: otokura audit count gives the rest.\n" : "");
}

std::string Cause(const IncidentReport& report) {
  std::string text = "Known: what the alarms above say. Why it came to that: unknown to the gateway; to be filled in.\n";
  if (!report.incident.conclusion.empty()) text += Line("Conclusion of " + report.incident.closed_by + ": " + report.incident.conclusion);
  return text;
}

std::string Done(const IncidentReport& report) {
  const Incident& incident = report.incident;
  std::string text = report.suspended.empty() ? "No account concerned is suspended now.\n"
                                              : Line("Suspended now: " + absl::StrJoin(report.suspended, ", ") + ".");
  text += incident.told_step.empty() ? "Nobody was told yet.\n" : Line("Told: step " + incident.told_step + " of the ladder.");
  if (incident.acknowledged_by.empty()) {
    text += "Nobody acknowledged it yet.\n";
  } else {
    text +=
        Line(absl::StrCat("Acknowledged ", LocalTimeText(incident.acknowledged), " by ", incident.acknowledged_by, ": ", incident.note));
  }
  if (!incident.closed_by.empty()) text += Line(absl::StrCat("Closed ", LocalTimeText(incident.closed), " by ", incident.closed_by, "."));
  return text;
}

}  // namespace

std::string ReportText(const IncidentReport& report) {
  const std::pair<const char*, std::string> sections[] = {
      {"Outline", Outline(report)},
      {"Items of personal data", Items(report)},
      {"Number of persons", Extent(report)},
      {"Cause", Cause(report)},
      {"Secondary damage, or its danger", absl::StrCat(kUnknown, "\n")},
      {"What was done towards the persons", absl::StrCat(kUnknown, "\n")},
      {"Publication", absl::StrCat(kUnknown, "\n")},
      {"Measures against it", absl::StrCat(Done(report), "To prevent it from happening again: unknown to the gateway; to be filled in.\n")},
      {"Other", absl::StrCat(kUnknown, "\n")}};
  std::string text = "First report of a leak of personal data (Act on the Protection of Personal Information, article 26)\n";
  int number = 0;
  for (const auto& [heading, body] : sections) absl::StrAppend(&text, "\n", ++number, ". ", heading, "\n", body);
  return text;
}

nlohmann::json ReportJson(const IncidentReport& report) {
  return {{"from", Rfc3339(report.from)},
          {"to", Rfc3339(report.to)},
          {"recordings_heard", report.recordings_heard},
          {"recordings_shown", report.recordings_shown},
          {"persons", report.persons},
          {"audio_bytes", report.audio_bytes},
          {"personal_searches", report.personal_searches},
          {"downloads", report.downloads},
          {"refused", report.refused},
          {"incomplete", report.incomplete},
          {"suspended", report.suspended},
          {"secondary_damage", nullptr},
          {"measures_towards_persons", nullptr},
          {"publication", nullptr}};
}

}  // namespace otokura::client
