// `otokura export request|approve|refuse|revoke|list|show|run|verify`.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/command/exit_code.h"
#include "client/command/export_run.h"
#include "client/command/recording_text.h"
#include "client/command/session.h"
#include "client/command/text.h"
#include "client/posix_file.h"
#include "otokura/exports.h"

namespace otokura::client {
namespace {

constexpr size_t kIdsFileBytesMax = size_t{1} << 20;  // many times the thousand ids that one export can have

struct ExportOptions {
  ExportRequest request;
  std::string ids_file, id, reason;
  bool ended = false;
};

nlohmann::json ToJson(const Export& kept) {
  nlohmann::json line = {{"id", kept.id},
                         {"account", kept.account},
                         {"person", kept.person_id},
                         {"recipient", kept.recipient},
                         {"recipient_company", kept.recipient_company},
                         {"recipient_sha256", Hex(kept.recipient_sha256)},
                         {"recording_ids", kept.recording_ids},
                         {"purpose", kept.justification.purpose},
                         {"reference", kept.justification.reference},
                         {"reason", kept.reason},
                         {"hours", kept.hours},
                         {"state", Name(kept.state)},
                         {"requested", Rfc3339(kept.requested)},
                         {"revision", kept.revision},
                         {"taken", nlohmann::json::array()}};
  for (const ExportedObject& object : kept.taken) {
    line["taken"].push_back(
        {{"recording_id", object.recording_id}, {"bytes", object.bytes}, {"sha256", Hex(object.sha256)}, {"taken", Rfc3339(object.taken)}});
  }
  const std::pair<const char*, std::string> texts[] = {{"decided_by", kept.decided_by},
                                                       {"from", Rfc3339(kept.from)},
                                                       {"until", Rfc3339(kept.until)},
                                                       {"revoked_by", kept.revoked_by},
                                                       {"ended_because", kept.ended_because}};
  for (const auto& [name, text] : texts) {
    if (!text.empty()) line[name] = text;
  }
  return line;
}

void Print(const std::vector<Export>& all, bool json) {
  Table table(
      {"ID", "ACCOUNT", "RECIPIENT", "COMPANY", "STATE", "PURPOSE", "REFERENCE", "HOURS", "UNTIL", "DECIDED BY", "TAKEN", "REASON"});
  for (const Export& kept : all) {
    if (json) {
      PrintJson(ToJson(kept));
      continue;
    }
    table.Add({kept.id, kept.account, kept.recipient, kept.recipient_company, std::string(Name(kept.state)), kept.justification.purpose,
               kept.justification.reference, absl::StrCat(kept.hours), LocalTimeText(kept.until), kept.decided_by,
               absl::StrCat(kept.taken.size(), " of ", kept.recording_ids.size()), kept.reason});
  }
  if (!json) std::fputs(table.Text().c_str(), stdout);
}

// All that whoever decides has to look at: the key above all, which the recipient can read out.
void PrintWhole(const Export& kept) {
  Print({kept}, /*json=*/false);
  std::printf("\nCertificate of %s (SHA-256): %s\n", Printable(kept.recipient).c_str(), Hex(kept.recipient_sha256).c_str());
  std::printf("Revision: %s\n\n", std::to_string(kept.revision).c_str());
  Table table({"RECORDING", "BYTES", "SHA-256", "TAKEN"});
  for (const std::string& id : kept.recording_ids) {
    ExportedObject object;
    for (const ExportedObject& taken : kept.taken) {
      if (taken.recording_id == id) object = taken;
    }
    const bool was_taken = !object.recording_id.empty();
    table.Add({id, was_taken ? absl::StrCat(object.bytes) : "-", was_taken ? Hex(object.sha256) : "-", LocalTimeText(object.taken)});
  }
  std::fputs(table.Text().c_str(), stdout);
}

// What a call about one export comes to.
int Told(const absl::StatusOr<Export>& kept, const Session& session) {
  if (!kept.ok()) return Fail(kept.status());
  session.json ? Print({*kept}, true) : PrintWhole(*kept);
  return kExitDone;
}

absl::StatusOr<std::vector<Export>> ListAll(Exports* exports, bool ended) {
  std::vector<Export> all;
  std::string token;
  do {
    auto page = exports->List(ended, 0, token);
    if (!page.ok()) return page.status();
    all.insert(all.end(), page->exports.begin(), page->exports.end());
    token = page->next_page_token;
  } while (!token.empty());
  return all;
}

// One id a line; empty lines and those that begin with # are passed over.
absl::Status AddIdsFrom(const std::string& path, std::vector<std::string>* ids) {
  const absl::StatusOr<std::string> text = ReadFile(path, kIdsFileBytesMax);
  if (!text.ok()) return text.status();
  for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
    const absl::string_view id = absl::StripAsciiWhitespace(line);
    if (!id.empty() && id.front() != '#') ids->emplace_back(id);
  }
  return absl::OkStatus();
}

absl::StatusOr<Export> Request(const ExportOptions& options, Exports* exports) {
  ExportRequest request = options.request;
  if (!options.ids_file.empty()) {
    if (absl::Status read = AddIdsFrom(options.ids_file, &request.recording_ids); !read.ok()) return read;
  }
  return exports->Request(request);
}

// What is approved is the export as it is now, and no later change of it.
absl::StatusOr<Export> Approve(const ExportOptions& options, Exports* exports) {
  const absl::StatusOr<Export> kept = exports->Show(options.id);
  return kept.ok() ? exports->Approve(options.id, kept->revision) : kept;
}

absl::StatusOr<Export> Refuse(const ExportOptions& options, Exports* exports) { return exports->Refuse(options.id, options.reason); }
absl::StatusOr<Export> Revoke(const ExportOptions& options, Exports* exports) { return exports->Revoke(options.id, options.reason); }
absl::StatusOr<Export> Show(const ExportOptions& options, Exports* exports) { return exports->Show(options.id); }

int List(const ExportOptions& options, const Session& session) {
  auto exports = Exports::Create(session.connection);
  if (!exports.ok()) return Fail(exports.status());
  const auto all = ListAll(exports->get(), options.ended);
  if (!all.ok()) return Fail(all.status());
  Print(*all, session.json);
  return kExitDone;
}

using Action = absl::StatusOr<Export> (*)(const ExportOptions& options, Exports* exports);

int Run(Action action, const ExportOptions& options, const Session& session) {
  auto exports = Exports::Create(session.connection);
  if (!exports.ok()) return Fail(exports.status());
  return Told(action(options, exports->get()), session);
}

CLI::App* AddAction(CLI::App* one, Session* session, const char* name, const char* about, const std::shared_ptr<ExportOptions>& options,
                    Action action) {
  CLI::App* command = one->add_subcommand(name, about);
  command->callback([action, options, session] { session->run = [action, options, session] { return Run(action, *options, *session); }; });
  return command;
}

void AddRequest(CLI::App* one, Session* session, const std::shared_ptr<ExportOptions>& options) {
  CLI::App* request = AddAction(one, session, "request", "Ask to hand recordings to a recipient that the policy names", options, Request);
  CLI::Option* const ids = request->add_option("recordings", options->request.recording_ids, "recording ids");
  request->add_option("--ids-from", options->ids_file, "a file with one recording id a line")->excludes(ids);
  request->add_option("--to", options->request.recipient, "name of the recipient")->required();
  request->add_option("--hours", options->request.hours, "from the approval (default: as long as the policy allows)");
  request->add_option("--reason", options->request.reason, "why these; whoever decides reads it")->required();
  AddJustification(request, &options->request.justification, /*required=*/true);
  request->footer(Footer(
      "otokura export request --to family-court --purpose complaint --reference CASE-1001 --reason 'ordered on 1 April' --ids-from ./ids"));
}

}  // namespace

void AddExport(CLI::App* app, Session* session) {
  CLI::App* one = app->add_subcommand("export", "Many recordings for somebody outside: two persons, a recipient, a signed manifest");
  one->require_subcommand(1);
  auto options = std::make_shared<ExportOptions>();
  AddRequest(one, session, options);
  CLI::App* approve =
      AddAction(one, session, "approve", "As another person: let it take effect now; look at `show` before", options, Approve);
  CLI::App* refuse = AddAction(one, session, "refuse", "Say no, as whoever might have approved it", options, Refuse);
  CLI::App* revoke =
      AddAction(one, session, "revoke", "End it at once, also in the middle of an object; withdraw a request of your own", options, Revoke);
  CLI::App* show =
      AddAction(one, session, "show", "One export: its recipient's certificate, its recordings, what was taken", options, Show);
  for (CLI::App* command : {approve, refuse, revoke, show}) command->add_option("id", options->id, "export id")->required();
  for (CLI::App* command : {refuse, revoke})
    command->add_option("--reason", options->reason, "kept sealed beside the audit log")->required();
  CLI::App* list = one->add_subcommand("list", "Those that wait or are active");
  list->add_flag("--ended", options->ended, "also those that are over");
  list->callback([options, session] { session->run = [options, session] { return List(*options, *session); }; });
  AddExportRun(one->add_subcommand("run", "As who requested it: take every recording out, sealed, and the signed manifest"), session);
  AddExportVerify(one->add_subcommand("verify", "Check a folder against its signed manifest; needs no gateway"), session);
}

}  // namespace otokura::client
