// `otokura admin log reopen`.
#include <cstdio>
#include <memory>
#include <string>

#include "client/command/exit_code.h"
#include "client/command/recording_text.h"
#include "client/command/session.h"
#include "client/command/text.h"
#include "client/posix_file.h"
#include "otokura/log_reopening.h"

namespace otokura::client {
namespace {

constexpr size_t kCheckpointBytesMax = 16 * 1024;  // admin.proto: the gateway takes no more

struct ReopenOptions {
  std::string checkpoint, reason;
};

int Reopen(const ReopenOptions& options, const Session& session) {
  const auto checkpoint = ReadFile(options.checkpoint, kCheckpointBytesMax);
  if (!checkpoint.ok()) return Fail(checkpoint.status());
  const auto reopening = ReopenLog(session.connection, *checkpoint, options.reason);
  if (!reopening.ok()) return Fail(reopening.status());
  if (session.json) {
    PrintJson({{"confirmed", reopening->confirmed},
               {"lost_tree_size", reopening->lost_tree_size},
               {"common_tree_size", reopening->common_tree_size}});
    return kExitDone;
  }
  std::printf("entries %llu to %llu of the old log are not known to be in this one\n",
              static_cast<unsigned long long>(reopening->common_tree_size), static_cast<unsigned long long>(reopening->lost_tree_size) - 1);
  std::puts(reopening->confirmed ? "confirmed: the log goes on under a new origin and key when otokurad is started next"
                                 : "proposed: another person of the security role must ask for the same within 24 hours");
  return kExitDone;
}

}  // namespace

void AddAdminLog(CLI::App* admin, Session* session) {
  CLI::App* log = admin->add_subcommand("log", "The audit log, where something happened to it");
  log->require_subcommand(1);
  auto options = std::make_shared<ReopenOptions>();
  CLI::App* reopen =
      log->add_subcommand("reopen", "Go on as a new log where entries are lost for good; takes two persons of the security role");
  reopen->add_option("checkpoint", options->checkpoint, "file with the newest checkpoint that an anchor, a sink or an export holds")
      ->required();
  reopen->add_option("--reason", options->reason, "kept sealed beside the audit log")->required();
  reopen->footer(Footer("otokura admin log reopen ./log/checkpoint --reason 'disk of 3 May lost, restored from the backup of 2 May'"));
  reopen->callback([options, session] { session->run = [options, session] { return Reopen(*options, *session); }; });
}

}  // namespace otokura::client
