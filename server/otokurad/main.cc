// The gateway's command. Only parses and calls.
#include <iostream>
#include <string>

#include "CLI/CLI.hpp"
#include "server/otokurad/check_config.h"
#include "server/otokurad/exit_codes.h"
#include "server/otokurad/fsck.h"
#include "server/otokurad/init.h"
#include "server/otokurad/log_key_hand_over.h"
#include "server/otokurad/run.h"

namespace {

using namespace otokura::gateway;

int Parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return kExitDone;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? -1 : kExitUsage;  // --help and --version end well, and there is nothing more to do
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("otokurad: the Otokura gateway. Keeps call recordings encrypted, and logs who hears them before they do.");
  app.footer(kExitCodesText);
  app.set_version_flag("--version", "otokurad " OTOKURA_VERSION);
  app.require_subcommand(1);

  std::string config_path;
  InitArguments init;
  FsckArguments fsck;
  bool json = false;
  const auto add_to = [&](CLI::App& parent, const char* name, const char* text) {
    CLI::App* command = parent.add_subcommand(name, text);
    command->add_option("--config", config_path, "the machine configuration, protobuf text (GatewayConfig in otokura/v1/config.proto)")
        ->required();
    command->footer(kExitCodesText);
    return command;
  };
  const auto add = [&](const char* name, const char* text) { return add_to(app, name, text); };
  CLI::App* init_command = add("init", "Make an empty site: folders, root key, store, and the first accounts from their certificates");
  init_command->add_option("--admin-certificate", init.admin_certificate_path, "PEM of the system administrator's certificate")->required();
  init_command->add_option("--security-certificate", init.security_certificate_path, "PEM of the first security officer's certificate");
  CLI::App* run_command =
      add("run",
          "Serve until SIGTERM or SIGINT; SIGHUP reloads certificates and the revocation list. Events go to standard error as JSON lines");
  CLI::App* check_command = add("check-config", "Name every rule that the configuration breaks on this machine");
  check_command->add_flag("--json", json, "print JSON objects, one a line");
  CLI::App* fsck_command = add("fsck", "Check records, audio, manifests and log against each other; the gateway must not run");
  fsck_command->add_flag("--deep", fsck.deep, "also verify every chunk and every digest");
  fsck_command->add_flag("--rebuild-index", fsck.rebuild_index, "first drop the index of the log and make it anew from the entries");
  fsck_command->add_flag("--rebuild-ledger", fsck.rebuild_ledger,
                         "first make the egress ledger, which budgets count by, anew from the entries");
  fsck_command->add_flag("--json", json, "print JSON objects, one a line");
  CLI::App* log_key_command = app.add_subcommand("log-key", "The key that signs the audit log");
  log_key_command->require_subcommand(1);
  log_key_command->footer(kExitCodesText);
  CLI::App* hand_over_command = add_to(
      *log_key_command, "hand-over",
      "Make a new key of the log and have the old one hand over to it; the gateway must not run. Who holds an older key follows by itself");
  hand_over_command->add_flag("--json", json, "print a JSON object");

  if (const int parsed = Parse(app, argc, argv); parsed != kExitDone) return parsed < 0 ? kExitDone : parsed;
  init.config_path = fsck.config_path = config_path;
  fsck.json = json;
  if (init_command->parsed()) return Init(init);
  if (check_command->parsed()) return CheckConfig(config_path, json);
  if (fsck_command->parsed()) return Fsck(fsck);
  if (hand_over_command->parsed()) return HandOverLogKey(config_path, json);
  return run_command->parsed() ? Run(config_path) : kExitUsage;
}
