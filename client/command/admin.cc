// `otokura admin account add|list|suspend`; `otokura admin log` and `policy` are beside it.
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/command/exit_code.h"
#include "client/command/recording_text.h"
#include "client/command/session.h"
#include "client/command/text.h"
#include "client/posix_file.h"
#include "otokura/accounts.h"

namespace otokura::client {
namespace {

constexpr size_t kCertificateBytesMax = 16 * 1024;  // admin.proto: AddAccountRequest.certificate_pem

struct AddOptions {
  Account account;
  std::string role, scope, certificate;
  std::vector<std::string> formats;
};

struct SuspendOptions {
  std::string name, reason;
};

nlohmann::json ToJson(const Account& account) {
  nlohmann::json line = {{"name", account.name},
                         {"role", Name(account.role)},
                         {"scope", Name(account.scope)},
                         {"state", Name(account.state)},
                         {"person", account.person_id},
                         {"company", account.company},
                         {"centres", account.centres},
                         {"queues", account.queues},
                         {"agent", account.agent},
                         {"created", Rfc3339(account.created)},
                         {"spki_sha256", Hex(account.spki_sha256)}};
  if (!account.suspended_reason.empty()) line["suspended_reason"] = account.suspended_reason;
  if (account.role != Role::kRecorder) return line;
  nlohmann::json formats = nlohmann::json::array();
  for (const AudioFormat& format : account.recorder.formats) formats.push_back(FormatText(format));
  line["recorder"] = {{"formats", formats},
                      {"retention_classes", account.recorder.retention_classes},
                      {"open_calls_max", account.recorder.open_calls_max},
                      {"opens_per_minute_max", account.recorder.opens_per_minute_max},
                      {"call_bytes_max", account.recorder.call_bytes_max},
                      {"day_bytes_max", account.recorder.day_bytes_max}};
  return line;
}

void Print(const std::vector<Account>& accounts, bool json) {
  Table table({"NAME", "ROLE", "SCOPE", "STATE", "PERSON", "COMPANY", "CENTRES", "CREATED"});
  for (const Account& account : accounts) {
    if (json) {
      PrintJson(ToJson(account));
      continue;
    }
    table.Add({account.name, std::string(Name(account.role)), std::string(Name(account.scope)), std::string(Name(account.state)),
               account.person_id, account.company, absl::StrJoin(account.centres, " "), LocalTimeText(account.created)});
  }
  if (!json) std::fputs(table.Text().c_str(), stdout);
}

absl::StatusOr<Account> AccountOf(const AddOptions& options) {
  Account account = options.account;
  for (const Role role :
       {Role::kRecorder, Role::kOperator, Role::kSupervisor, Role::kContractor, Role::kSecurity, Role::kAuditor, Role::kAdmin}) {
    if (options.role == Name(role)) account.role = role;
  }
  for (const Scope scope : {Scope::kOwn, Scope::kCentre, Scope::kAll}) {
    if (options.scope == Name(scope)) account.scope = scope;
  }
  for (const std::string& text : options.formats) {
    auto format = ParseFormat(text);
    if (!format.ok()) return format.status();
    account.recorder.formats.push_back(*format);
  }
  return account;
}

int Add(const AddOptions& options, const Session& session) {
  auto account = AccountOf(options);
  if (!account.ok()) return Fail(account.status());
  auto certificate = ReadFile(options.certificate, kCertificateBytesMax);
  if (!certificate.ok()) return Fail(certificate.status());
  auto accounts = Accounts::Create(session.connection);
  if (!accounts.ok()) return Fail(accounts.status());
  auto added = (*accounts)->Add(*account, *certificate);
  if (!added.ok()) return Fail(added.status());
  Print({*added}, session.json);
  return kExitDone;
}

int List(const Session& session) {
  auto accounts = Accounts::Create(session.connection);
  if (!accounts.ok()) return Fail(accounts.status());
  std::vector<Account> all;
  std::string token;
  do {
    auto page = (*accounts)->List(0, token);
    if (!page.ok()) return Fail(page.status());
    all.insert(all.end(), page->accounts.begin(), page->accounts.end());
    token = page->next_page_token;
  } while (!token.empty());
  Print(all, session.json);
  return kExitDone;
}

int Suspend(const SuspendOptions& options, const Session& session) {
  auto accounts = Accounts::Create(session.connection);
  if (!accounts.ok()) return Fail(accounts.status());
  auto suspended = (*accounts)->Suspend(options.name, options.reason);
  if (!suspended.ok()) return Fail(suspended.status());
  Print({*suspended}, session.json);
  return kExitDone;
}

void AddAdd(CLI::App* account, Session* session) {
  auto options = std::make_shared<AddOptions>();
  CLI::App* command = account->add_subcommand("add", "Enrol a machine or a person by the public key of a certificate");
  command->add_option("--name", options->account.name, "as in the certificate's URI spiffe://DOMAIN/account/NAME")->required();
  command->add_option("--role", options->role, "recorder, operator, supervisor, contractor, security, auditor or admin")
      ->required()
      ->check(CLI::IsMember({"recorder", "operator", "supervisor", "contractor", "security", "auditor", "admin"}));
  command->add_option("--certificate", options->certificate, "PEM file of the account's certificate")->required();
  command->add_option("--centre", options->account.centres, "call centre; may be given again");
  command->add_option("--queue", options->account.queues, "recorders: queue; may be given again (default: every one of its centres)");
  command->add_option("--scope", options->scope, "own, centre or all: no wider than the role's")
      ->check(CLI::IsMember({"own", "centre", "all"}));
  command->add_option("--person", options->account.person_id, "who stands behind it; accounts of one person share this");
  command->add_option("--company", options->account.company, "whom the person works for");
  command->add_option("--agent", options->account.agent, "the agent id under which this person answers calls");
  RecorderLimits* limits = &options->account.recorder;
  command->add_option("--format", options->formats, "recorders: pcmu, pcma or l16[:RATE]; may be given again");
  command->add_option("--retention-class", limits->retention_classes, "recorders: may be given again; the first is the default");
  command->add_option("--open-calls-max", limits->open_calls_max, "recorders: calls at once");
  command->add_option("--opens-per-minute-max", limits->opens_per_minute_max, "recorders: calls begun in a minute");
  command->add_option("--call-bytes-max", limits->call_bytes_max, "recorders: bytes a call");
  command->add_option("--day-bytes-max", limits->day_bytes_max, "recorders: bytes a day");
  command->footer(
      Footer("otokura admin account add --name recorder-1 --role recorder --certificate recorder-1.pem --centre tokyo --format pcmu "
             "--retention-class standard"));
  command->callback([options, session] { session->run = [options, session] { return Add(*options, *session); }; });
}

}  // namespace

void AddAdmin(CLI::App* app, Session* session) {
  CLI::App* admin = app->add_subcommand("admin", "Administration");
  admin->require_subcommand(1);
  CLI::App* account = admin->add_subcommand("account", "Accounts of machines and people");
  account->require_subcommand(1);
  AddAdd(account, session);
  CLI::App* list = account->add_subcommand("list", "Every account");
  list->callback([session] { session->run = [session] { return List(*session); }; });
  AddAdminLog(admin, session);
  AddAdminPolicy(admin, session);
  auto options = std::make_shared<SuspendOptions>();
  CLI::App* suspend = account->add_subcommand("suspend", "Suspend an account at once, also in the middle of what it is doing");
  suspend->add_option("name", options->name, "account name")->required();
  suspend->add_option("--reason", options->reason, "kept sealed beside the audit log")->required();
  suspend->callback([options, session] { session->run = [options, session] { return Suspend(*options, *session); }; });
}

}  // namespace otokura::client
