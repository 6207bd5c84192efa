// `otokura admin canary mark|clear|list`.
#include <cstdio>
#include <memory>
#include <string>

#include "client/command/exit_code.h"
#include "client/command/recording_text.h"
#include "client/command/session.h"
#include "client/command/text.h"
#include "otokura/incidents.h"

namespace otokura::client {
namespace {

void Print(const std::vector<Canary>& canaries, bool json) {
  Table table({"RECORDING", "MARKED BY", "SINCE"});
  for (const Canary& canary : canaries) {
    if (json) PrintJson({{"recording_id", canary.recording_id}, {"marked_by", canary.marked_by}, {"marked", Rfc3339(canary.marked)}});
    table.Add({canary.recording_id, canary.marked_by, LocalTimeText(canary.marked)});
  }
  if (!json) std::fputs(table.Text().c_str(), stdout);
}

int Mark(const std::string& recording, const Session& session) {
  auto incidents = Incidents::Create(session.connection);
  if (!incidents.ok()) return Fail(incidents.status());
  const auto canary = (*incidents)->MarkCanary(recording);
  if (!canary.ok()) return Fail(canary.status());
  Print({*canary}, session.json);
  return kExitDone;
}

int Clear(const std::string& recording, const Session& session) {
  auto incidents = Incidents::Create(session.connection);
  if (!incidents.ok()) return Fail(incidents.status());
  if (const absl::Status cleared = (*incidents)->ClearCanary(recording); !cleared.ok()) return Fail(cleared);
  return kExitDone;
}

int List(const Session& session) {
  auto incidents = Incidents::Create(session.connection);
  if (!incidents.ok()) return Fail(incidents.status());
  std::vector<Canary> all;
  std::string token;
  do {
    auto page = (*incidents)->ListCanaries(0, token);
    if (!page.ok()) return Fail(page.status());
    all.insert(all.end(), page->canaries.begin(), page->canaries.end());
    token = page->next_page_token;
  } while (!token.empty());
  Print(all, session.json);
  return kExitDone;
}

}  // namespace

void AddAdminCanary(CLI::App* admin, Session* session) {
  CLI::App* canary = admin->add_subcommand("canary", "Recordings marked as bait: whoever asks for one raises an alarm");
  canary->require_subcommand(1);
  auto recording = std::make_shared<std::string>();
  CLI::App* mark = canary->add_subcommand("mark", "Make a recording bait");
  mark->add_option("recording", *recording, "recording id")->required();
  mark->callback([recording, session] { session->run = [recording, session] { return Mark(*recording, *session); }; });
  CLI::App* clear = canary->add_subcommand("clear", "It is bait no longer");
  clear->add_option("recording", *recording, "recording id")->required();
  clear->callback([recording, session] { session->run = [recording, session] { return Clear(*recording, *session); }; });
  CLI::App* list = canary->add_subcommand("list", "Every canary");
  list->callback([session] { session->run = [session] { return List(*session); }; });
}

}  // namespace otokura::client
