// `otokura admin account add|confirm|renew|list|suspend|restore`.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/command/exit_code.h"
#include "client/command/recording_text.h"
#include "client/command/session.h"
#include "client/command/text.h"
#include "client/posix_file.h"
#include "crypto/certificate.h"
#include "otokura/accounts.h"

namespace otokura::client {
namespace {

constexpr size_t kCertificateBytesMax = 16 * 1024;  // admin.proto: AddAccountRequest.certificate_pem

struct AddOptions {
  Account account;
  std::string role, scope, certificate;
  std::vector<std::string> formats;
};

struct ReasonOptions {
  std::string name, reason;
};

struct KeyOptions {
  std::string name, certificate;
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
  const std::pair<const char*, const std::string&> texts[] = {{"contract", account.contract},
                                                              {"suspended_reason", account.suspended_reason},
                                                              {"proposed_by", account.proposed_by},
                                                              {"confirmed_by", account.confirmed_by}};
  for (const auto& [name, text] : texts) {
    if (!text.empty()) line[name] = text;
  }
  if (account.renewal.has_value()) {
    line["renewal"] = {{"spki_sha256", Hex(account.renewal->spki_sha256)},
                       {"proposed_by", account.renewal->proposed_by},
                       {"proposed", Rfc3339(account.renewal->proposed)}};
  }
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

std::string StateText(const Account& account) {
  return absl::StrCat(std::string(Name(account.state)), account.renewal.has_value() ? ", new key pending" : "");
}

// Of what waits for a second person, or else of the account.
const std::string& ProposerOf(const Account& account) {
  return account.renewal.has_value() ? account.renewal->proposed_by : account.proposed_by;
}

void Print(const std::vector<Account>& accounts, bool json) {
  Table table({"NAME", "ROLE", "SCOPE", "STATE", "PROPOSED BY", "CONFIRMED BY", "PERSON", "COMPANY", "CONTRACT", "CENTRES", "CREATED"});
  for (const Account& account : accounts) {
    if (json) {
      PrintJson(ToJson(account));
      continue;
    }
    table.Add({account.name, std::string(Name(account.role)), std::string(Name(account.scope)), StateText(account), ProposerOf(account),
               account.confirmed_by, account.person_id, account.company, account.contract, absl::StrJoin(account.centres, " "),
               LocalTimeText(account.created)});
  }
  if (!json) std::fputs(table.Text().c_str(), stdout);
}

// What a call about one account comes to.
int Told(const absl::StatusOr<Account>& account, const Session& session) {
  if (!account.ok()) return Fail(account.status());
  Print({*account}, session.json);
  return kExitDone;
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
  return Told((*accounts)->Add(*account, *certificate), session);
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

// The key that the certificate has must be the one that waits: nobody else can have put another in its place.
absl::Status CheckKey(const Account& account, const std::string& certificate_file) {
  auto pem = ReadFile(certificate_file, kCertificateBytesMax);
  if (!pem.ok()) return pem.status();
  const auto certificate = crypto::ParseCertificate(*pem);
  if (!certificate.ok()) return certificate.status();
  if (certificate->spki_sha256 == (account.renewal.has_value() ? account.renewal->spki_sha256 : account.spki_sha256))
    return absl::OkStatus();
  return absl::FailedPreconditionError("the key that waits to be confirmed is not the one of this certificate; do not confirm it");
}

int Confirm(const KeyOptions& options, const Session& session) {
  auto accounts = Accounts::Create(session.connection);
  if (!accounts.ok()) return Fail(accounts.status());
  const auto account = (*accounts)->Show(options.name);
  if (!account.ok()) return Fail(account.status());
  if (!options.certificate.empty()) {
    if (absl::Status key = CheckKey(*account, options.certificate); !key.ok()) return Fail(key);
  }
  return Told((*accounts)->Confirm(options.name, account->revision), session);
}

int Renew(const KeyOptions& options, const Session& session) {
  auto certificate = ReadFile(options.certificate, kCertificateBytesMax);
  if (!certificate.ok()) return Fail(certificate.status());
  auto accounts = Accounts::Create(session.connection);
  if (!accounts.ok()) return Fail(accounts.status());
  return Told((*accounts)->Renew(options.name, *certificate), session);
}

using ChangeWithReason = absl::StatusOr<Account> (Accounts::*)(const std::string& name, const std::string& reason);

int WithReason(ChangeWithReason change, const ReasonOptions& options, const Session& session) {
  auto accounts = Accounts::Create(session.connection);
  if (!accounts.ok()) return Fail(accounts.status());
  return Told((accounts->get()->*change)(options.name, options.reason), session);
}

void AddAdd(CLI::App* account, Session* session) {
  auto options = std::make_shared<AddOptions>();
  CLI::App* command =
      account->add_subcommand("add", "Enrol a machine or a person by the public key of a certificate. People wait for a second person");
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
  command->add_option("--contract", options->account.contract, "contractors: the contract of that company under which the person works");
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

void AddConfirm(CLI::App* account, Session* session) {
  auto options = std::make_shared<KeyOptions>();
  CLI::App* command = account->add_subcommand("confirm", "As the second person: let an account, or the new key of one, take effect");
  command->add_option("name", options->name, "account name")->required();
  command->add_option("--certificate", options->certificate,
                      "PEM file that the person behind the account gave you: confirm this key and no other");
  command->footer(Footer("otokura admin account confirm hanako --certificate from-hanako.pem"));
  command->callback([options, session] { session->run = [options, session] { return Confirm(*options, *session); }; });
}

void AddRenew(CLI::App* account, Session* session) {
  auto options = std::make_shared<KeyOptions>();
  CLI::App* command = account->add_subcommand("renew", "Another key for an account: the old one is good until a second person confirms it");
  command->add_option("name", options->name, "account name")->required();
  command->add_option("--certificate", options->certificate, "PEM file of the new certificate")->required();
  command->footer(Footer("otokura admin account renew hanako --certificate hanako-2027.pem"));
  command->callback([options, session] { session->run = [options, session] { return Renew(*options, *session); }; });
}

void AddWithReason(CLI::App* account, Session* session, const char* name, const char* about, ChangeWithReason change) {
  auto options = std::make_shared<ReasonOptions>();
  CLI::App* command = account->add_subcommand(name, about);
  command->add_option("name", options->name, "account name")->required();
  command->add_option("--reason", options->reason, "kept sealed beside the audit log")->required();
  command->callback(
      [change, options, session] { session->run = [change, options, session] { return WithReason(change, *options, *session); }; });
}

}  // namespace

void AddAdminAccount(CLI::App* admin, Session* session) {
  CLI::App* account = admin->add_subcommand("account", "Accounts of machines and people");
  account->require_subcommand(1);
  AddAdd(account, session);
  AddConfirm(account, session);
  AddRenew(account, session);
  CLI::App* list = account->add_subcommand("list", "Every account");
  list->callback([session] { session->run = [session] { return List(*session); }; });
  AddWithReason(account, session, "suspend",
                "Suspend an account at once, also in the middle of what it is doing; reject one that is pending", &Accounts::Suspend);
  AddWithReason(account, session, "restore", "Lift a suspension: never of an account of your own", &Accounts::Restore);
}

}  // namespace otokura::client
