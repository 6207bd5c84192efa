// What every subcommand has in common: where the gateway is, who we are, how to print.
#ifndef OTOKURA_CLIENT_COMMAND_SESSION_H_
#define OTOKURA_CLIENT_COMMAND_SESSION_H_

#include <CLI/CLI.hpp>
#include <functional>

#include "otokura/archive.h"
#include "otokura/connection.h"

namespace otokura::client {

struct Session {
  ConnectionOptions connection;
  bool json = false;
  std::function<int()> run;  // set by the subcommand that was chosen; returns the exit code
};

// Each adds its subcommand, and on parsing sets session->run.
void AddRecord(CLI::App* app, Session* session);
void AddWatch(CLI::App* app, Session* session);
void AddSearch(CLI::App* app, Session* session);
void AddShow(CLI::App* app, Session* session);
void AddListen(CLI::App* app, Session* session);
void AddGet(CLI::App* app, Session* session);
void AddGrant(CLI::App* app, Session* session);
void AddCase(CLI::App* app, Session* session);
void AddExport(CLI::App* app, Session* session);
void AddAudit(CLI::App* app, Session* session);
void AddAuditProofs(CLI::App* audit, Session* session);  // key, export, verify, prove, verify-proof
void AddAdmin(CLI::App* app, Session* session);
void AddAdminAccount(CLI::App* admin, Session* session);
void AddAdminCanary(CLI::App* admin, Session* session);
void AddAdminContract(CLI::App* admin, Session* session);
void AddAdminLog(CLI::App* admin, Session* session);
void AddAdminPolicy(CLI::App* admin, Session* session);
void AddPolicySigning(CLI::App* policy, Session* session);  // signer, sign
void AddIncident(CLI::App* app, Session* session);
void AddWitness(CLI::App* app, Session* session);

// --purpose and --reference. Not required: only some of what the command does needs them, and the gateway says so.
void AddJustification(CLI::App* command, Justification* justification, bool required);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_SESSION_H_
