// `otokura search` and `otokura show`: what there is, before anything is heard.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/command/exit_code.h"
#include "client/command/recording_text.h"
#include "client/command/session.h"
#include "client/command/text.h"
#include "otokura/archive.h"

namespace otokura::client {
namespace {

constexpr uint32_t kPageMax = 200;  // access.proto: SearchRequest.page_size

struct SearchOptions {
  std::string pension_number, caller, agent, call_id;
  std::string from, to;
  uint32_t limit = 50;
  SearchQuery query;
};

struct ShowOptions {
  std::string id;
  Justification justification;
};

absl::StatusOr<SearchQuery> QueryOf(const SearchOptions& options) {
  SearchQuery query = options.query;
  auto from = ParseTime(options.from, DayEdge::kStart);
  if (!from.ok()) return from.status();
  auto to = ParseTime(options.to, DayEdge::kEnd);
  if (!to.ok()) return to.status();
  query.from = *from;
  query.to = *to;
  const struct {
    PersonalField field;
    const std::string& value;
  } terms[] = {{PersonalField::kBasicPensionNumber, options.pension_number},
               {PersonalField::kCallerNumber, options.caller},
               {PersonalField::kAgent, options.agent},
               {PersonalField::kCallId, options.call_id}};
  for (const auto& term : terms) {
    if (term.value.empty()) continue;
    query.field = term.field;
    query.value = term.value;
  }
  return query;
}

int Search(const SearchOptions& options, const Session& session) {
  auto query = QueryOf(options);
  if (!query.ok()) return Fail(query.status());
  auto archive = Archive::Create(session.connection);
  if (!archive.ok()) return Fail(archive.status());
  Table table({"RECORDING", "OPENED", "CENTRE", "QUEUE", "LEG", "LENGTH", "STATE", "RECORDER"});
  uint32_t found = 0;
  std::string token;
  do {
    auto page = (*archive)->Search(*query, std::min(options.limit - found, kPageMax), token);
    if (!page.ok()) return Fail(page.status());
    for (const Recording& recording : page->recordings) {
      if (session.json) {
        PrintJson(ToJson(recording));
      } else {
        table.Add({recording.id, LocalTimeText(recording.opened), recording.centre, recording.queue, std::string(Name(recording.leg)),
                   DurationText(recording.duration), std::string(Name(recording.state)), recording.recorder});
      }
      ++found;
    }
    token = page->next_page_token;
  } while (!token.empty() && found < options.limit);
  if (session.json) return kExitDone;
  if (found > 0) std::fputs(table.Text().c_str(), stdout);
  std::fprintf(stderr, found == 0      ? "otokura: nothing found\n"
                       : token.empty() ? ""
                                       : "otokura: there is more; raise --limit, or narrow --from and --to\n");
  return kExitDone;
}

std::string GapsText(const std::vector<Gap>& gaps) {
  if (gaps.empty()) return "none";
  uint64_t bytes = 0;
  for (const Gap& gap : gaps) bytes += gap.length;
  return absl::StrCat(gaps.size(), ", ", bytes, " bytes in all (--json lists them)");
}

int Show(const ShowOptions& options, const Session& session) {
  auto archive = Archive::Create(session.connection);
  if (!archive.ok()) return Fail(archive.status());
  auto shown = (*archive)->Show(options.id, options.justification);
  if (!shown.ok()) return Fail(shown.status());
  const Recording& recording = shown->recording;
  if (session.json) {
    nlohmann::json line = ToJson(recording);
    if (shown->has_personal) line["personal"] = ToJson(shown->personal);
    PrintJson(line);
    return kExitDone;
  }
  Table table({"recording", recording.id});
  table.Add({"state", std::string(Name(recording.state))});
  table.Add({"opened", LocalTimeText(recording.opened)});
  table.Add({"sealed", LocalTimeText(recording.sealed)});
  table.Add({"centre", recording.centre});
  table.Add({"queue", recording.queue});
  table.Add({"leg", std::string(Name(recording.leg))});
  table.Add(
      {"length", absl::StrCat(DurationText(recording.duration), ", ", recording.audio_bytes, " bytes of ", FormatText(recording.format))});
  table.Add({"sha256", Hex(recording.audio_sha256)});
  table.Add({"digest", std::string(Name(recording.digest_check))});
  table.Add({"gaps", GapsText(recording.gaps)});
  table.Add({"retention", recording.retention_class});
  table.Add({"recorder", recording.recorder});
  if (!recording.supplement_of.empty()) table.Add({"late audio of", recording.supplement_of});
  if (shown->has_personal) {
    table.Add({"call id", shown->personal.call_id});
    table.Add({"caller", shown->personal.caller_number});
    table.Add({"pension number", shown->personal.basic_pension_number});
    table.Add({"agent", shown->personal.agent});
    table.Add({"notes", shown->personal.notes});
  }
  std::fputs(table.Text().c_str(), stdout);
  return kExitDone;
}

}  // namespace

void AddJustification(CLI::App* command, Justification* justification, bool required) {
  const std::string when = required ? "" : "; with a number, agent or call id";
  command->add_option("--purpose", justification->purpose, absl::StrCat("why, one of the purposes of your role", when))->required(required);
  command
      ->add_option("--reference", justification->reference,
                   absl::StrCat("the case or ticket it is done for; goes into the audit log", when))
      ->required(required);
}

void AddSearch(CLI::App* app, Session* session) {
  auto options = std::make_shared<SearchOptions>();
  CLI::App* command = app->add_subcommand("search", "Find recordings, newest first");
  auto* term = command->add_option_group("term", "at most one");
  term->add_option("--pension-number", options->pension_number, "basic pension number (full-width digits, hyphens and spaces are fine)");
  term->add_option("--caller", options->caller, "the caller's telephone number");
  term->add_option("--agent", options->agent, "who answered");
  term->add_option("--call-id", options->call_id, "the telephone system's own id");
  term->require_option(0, 1);
  command->add_option("--centre", options->query.centre, "only this call centre");
  command->add_option("--queue", options->query.queue, "only this queue")->needs("--centre");
  command->add_option("--from", options->from, "opened at or after");
  command->add_option("--to", options->to, "opened before; a date: up to its end");
  command->add_option("--limit", options->limit, "at most so many (default 50)")->check(CLI::Range(1u, 100'000u));
  AddJustification(command, &options->query.justification, /*required=*/false);
  command->footer(Footer("otokura search --pension-number 1234-567890 --purpose inquiry --reference CASE-1001"));
  command->callback([options, session] { session->run = [options, session] { return Search(*options, *session); }; });
}

void AddShow(CLI::App* app, Session* session) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* command = app->add_subcommand("show", "Show what is known of one recording");
  command->add_option("id", options->id, "recording id")->required();
  AddJustification(command, &options->justification, /*required=*/true);
  command->footer(Footer("otokura show 01a2013c-5ac4-7984-9723-0effe47e9048 --purpose inquiry --reference CASE-1001"));
  command->callback([options, session] { session->run = [options, session] { return Show(*options, *session); }; });
}

}  // namespace otokura::client
