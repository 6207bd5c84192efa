// `otokura witness init`, `add-log`, `key`, `run`: a small witness for sites that have none.
#include "client/witness/witness.h"

#include <cstdio>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "client/command/exit_code.h"
#include "client/command/interrupt.h"
#include "client/command/recording_text.h"
#include "client/command/session.h"
#include "client/command/text.h"
#include "client/log_folder.h"
#include "client/witness/witness_folder.h"
#include "client/witness/witness_server.h"
#include "crypto/secret.h"
#include "crypto/tls13.h"

namespace otokura::client {
namespace {

constexpr absl::Duration kInterruptLook = absl::Milliseconds(100);

struct WitnessOptions {
  std::string folder, name, log_key, log_folder;
  WitnessListener listener;
};

absl::Status ProtectKeys() {
  if (absl::Status locked = crypto::LockSecretMemory(); !locked.ok()) return locked;
  return crypto::ForbidCoreDumps();
}

int PrintVerifierKey(const std::string& verifier_key, bool json) {
  if (json) {
    PrintJson({{"verifier_key", verifier_key}});
  } else {
    std::printf("%s\n", verifier_key.c_str());
  }
  return kExitDone;
}

int PrintKey(const WitnessOptions& options, const Session& session) {
  if (absl::Status safe = ProtectKeys(); !safe.ok()) return Fail(safe);
  const auto signer = WitnessFolder(options.folder).OpenKey();
  return signer.ok() ? PrintVerifierKey(signer->VerifierKey(), session.json) : Fail(signer.status());
}

int Init(const WitnessOptions& options, const Session& session) {
  if (absl::Status safe = ProtectKeys(); !safe.ok()) return Fail(safe);
  if (absl::Status made = WitnessFolder(options.folder).Create(options.name); !made.ok()) return Fail(made);
  return PrintKey(options, session);
}

int AddLog(const WitnessOptions& options, const Session&) {
  const absl::Status added = WitnessFolder(options.folder).AddLog(options.log_key);
  return added.ok() ? kExitDone : Fail(added);
}

int FollowKey(const WitnessOptions& options, const Session& session) {
  const auto hand_overs = LogFolder(options.log_folder).ReadHandOvers();
  if (!hand_overs.ok()) return Fail(hand_overs.status());
  const auto followed = WitnessFolder(options.folder).FollowKey(*hand_overs);
  if (!followed.ok()) return Fail(followed.status());
  if (session.json) {
    PrintJson({{"hand_overs", hand_overs->size()}, {"followed", *followed}});
  } else {
    std::printf("%zu hand-overs, %zu of them new\n", hand_overs->size(), *followed);
  }
  return kExitDone;
}

int Run(const WitnessOptions& options, const Session& session) {
  CatchInterrupts();
  if (absl::Status safe = ProtectKeys(); !safe.ok()) return Fail(safe);
  if (absl::Status tls = crypto::RequireTls13(); !tls.ok()) return Fail(tls);
  auto witness = Witness::Open(options.folder, absl::Now);
  if (!witness.ok()) return Fail(witness.status());
  auto server = WitnessServer::Listen(options.listener, witness->get());
  if (!server.ok()) return Fail(server.status());
  if (session.json) {
    PrintJson({{"address", (*server)->address()}});
  } else {
    std::printf("witness listens on %s\n", (*server)->address().c_str());
  }
  std::fflush(stdout);
  while (!Interrupted()) absl::SleepFor(kInterruptLook);
  return kExitDone;
}

CLI::App* AddCommand(CLI::App* witness, Session* session, const char* name, const char* about,
                     const std::shared_ptr<WitnessOptions>& options, int (*run)(const WitnessOptions&, const Session&)) {
  CLI::App* command = witness->add_subcommand(name, about);
  command->add_option("folder", options->folder, "the witness's key and what it cosigned")->required();
  command->callback([options, session, run] { session->run = [options, session, run] { return run(*options, *session); }; });
  return command;
}

}  // namespace

void AddWitness(CLI::App* app, Session* session) {
  CLI::App* witness = app->add_subcommand("witness", "Cosign the checkpoints of logs, on a machine that their gateways cannot reach into");
  witness->require_subcommand(1);
  auto options = std::make_shared<WitnessOptions>();
  CLI::App* init = AddCommand(witness, session, "init", "Make a witness with a key of its own, and print its public key", options, Init);
  init->add_option("--name", options->name, "of the witness, in its cosignatures: a host name and path, without spaces")->required();
  init->footer(Footer("otokura witness init ./witness --name witness.example/w1"));
  AddCommand(witness, session, "key", "Print the witness's public key", options, PrintKey)->footer(Footer("otokura witness key ./witness"));
  CLI::App* add = AddCommand(witness, session, "add-log", "Cosign this log from now on", options, AddLog);
  add->add_option("log_key", options->log_key, "the log's public key, as `otokura audit key` prints it")->required();
  add->footer(Footer("otokura witness add-log ./witness calls.example/otokura/5f…+0a1b2c3d+AX…"));
  CLI::App* follow = AddCommand(witness, session, "follow-key",
                                "Go on to the key that a log's key handed over to; the witness must not run", options, FollowKey);
  follow->add_option("log", options->log_folder, "an export of that log, which has its hand-overs")->required();
  follow->footer(Footer("otokura witness follow-key ./witness ./log"));
  CLI::App* run = AddCommand(witness, session, "run", "Serve (c2sp.org/tlog-witness) until interrupted", options, Run);
  run->add_option("--listen", options->listener.address, "host:port; port 0 takes a free one")->capture_default_str();
  CLI::Option* certificate = run->add_option("--tls-certificate", options->listener.certificate_file, "PEM file: serve HTTPS with it");
  CLI::Option* key = run->add_option("--tls-key", options->listener.private_key_file, "PEM file: its private key");
  certificate->needs(key);
  key->needs(certificate);
  run->footer(Footer("otokura witness run ./witness --listen 0.0.0.0:8480"));
}

}  // namespace otokura::client
