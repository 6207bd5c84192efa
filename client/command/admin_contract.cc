// `otokura admin contract add|confirm|list|show|close`.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/command/exit_code.h"
#include "client/command/recording_text.h"
#include "client/command/session.h"
#include "client/command/text.h"
#include "client/posix_file.h"
#include "otokura/contracts.h"

namespace otokura::client {
namespace {

constexpr size_t kTermsBytesMax = 256 * 1024;  // every field at its largest, with room for comments

struct ContractOptions {
  std::string name, file, reason;
};

std::string StateText(const Contract& contract) {
  std::string text = contract.not_in_force.empty() ? "in force" : std::string(Name(contract.state));
  if (!contract.proposed_terms.empty()) text += ", other terms pending";
  return text;
}

nlohmann::json ToJson(const Contract& contract) {
  nlohmann::json line = {
      {"name", contract.name},         {"company", contract.company},         {"first_day", contract.first_day},
      {"last_day", contract.last_day}, {"responsible", contract.responsible}, {"purposes", contract.purposes},
      {"centres", contract.centres},   {"state", Name(contract.state)},       {"in_force", contract.not_in_force.empty()},
      {"terms", contract.terms},       {"proposed_by", contract.proposed_by}, {"proposed", Rfc3339(contract.proposed)},
      {"revision", contract.revision}};
  const std::pair<const char*, const std::string&> texts[] = {{"parent", contract.parent},
                                                              {"not_in_force", contract.not_in_force},
                                                              {"proposed_terms", contract.proposed_terms},
                                                              {"confirmed_by", contract.confirmed_by},
                                                              {"closed_by", contract.closed_by}};
  for (const auto& [name, text] : texts) {
    if (!text.empty()) line[name] = text;
  }
  return line;
}

void Print(const std::vector<Contract>& contracts, bool json) {
  Table table({"NAME", "COMPANY", "UNDER", "FROM", "TO", "STATE", "WHY NOT IN FORCE", "PROPOSED BY", "CONFIRMED BY"});
  for (const Contract& contract : contracts) {
    if (json) {
      PrintJson(ToJson(contract));
      continue;
    }
    table.Add({contract.name, contract.company, contract.parent, contract.first_day, contract.last_day, StateText(contract),
               contract.not_in_force, contract.proposed_by, contract.confirmed_by});
  }
  if (!json) std::fputs(table.Text().c_str(), stdout);
}

// What a call about one contract comes to.
int Told(const absl::StatusOr<Contract>& contract, const Session& session) {
  if (!contract.ok()) return Fail(contract.status());
  Print({*contract}, session.json);
  return kExitDone;
}

// Line by line, since a tab or a newline of the text itself must stay.
void PrintTerms(const char* heading, const std::string& terms) {
  std::printf("\n%s\n", heading);
  for (size_t begin = 0; begin < terms.size();) {
    const size_t end = std::min(terms.find('\n', begin), terms.size());
    std::printf("  %s\n", Printable(terms.substr(begin, end - begin)).c_str());
    begin = end + 1;
  }
}

int Show(const ContractOptions& options, const Session& session) {
  auto contracts = Contracts::Create(session.connection);
  if (!contracts.ok()) return Fail(contracts.status());
  const auto contract = (*contracts)->Show(options.name);
  const int exit_code = Told(contract, session);
  if (!contract.ok() || session.json) return exit_code;
  PrintTerms("its terms:", contract->terms);
  if (!contract->proposed_terms.empty()) PrintTerms("other terms, which wait to be confirmed:", contract->proposed_terms);
  return exit_code;
}

int Add(const ContractOptions& options, const Session& session) {
  auto terms = ReadFile(options.file, kTermsBytesMax);
  if (!terms.ok()) return Fail(terms.status());
  auto contracts = Contracts::Create(session.connection);
  if (!contracts.ok()) return Fail(contracts.status());
  return Told((*contracts)->Add(*terms), session);
}

int Confirm(const ContractOptions& options, const Session& session) {
  auto contracts = Contracts::Create(session.connection);
  if (!contracts.ok()) return Fail(contracts.status());
  const auto contract = (*contracts)->Show(options.name);
  if (!contract.ok()) return Fail(contract.status());
  return Told((*contracts)->Confirm(options.name, contract->revision), session);
}

int Close(const ContractOptions& options, const Session& session) {
  auto contracts = Contracts::Create(session.connection);
  if (!contracts.ok()) return Fail(contracts.status());
  return Told((*contracts)->Close(options.name, options.reason), session);
}

int List(const Session& session) {
  auto contracts = Contracts::Create(session.connection);
  if (!contracts.ok()) return Fail(contracts.status());
  std::vector<Contract> all;
  std::string token;
  do {
    auto page = (*contracts)->List(0, token);
    if (!page.ok()) return Fail(page.status());
    all.insert(all.end(), page->contracts.begin(), page->contracts.end());
    token = page->next_page_token;
  } while (!token.empty());
  Print(all, session.json);
  return kExitDone;
}

using Action = int (*)(const ContractOptions& options, const Session& session);

// A command about one contract that there is.
CLI::App* AddOfOne(CLI::App* contract, Session* session, const char* name, const char* about,
                   const std::shared_ptr<ContractOptions>& options, Action action) {
  CLI::App* command = contract->add_subcommand(name, about);
  command->add_option("name", options->name, "contract name")->required();
  command->callback([action, options, session] { session->run = [action, options, session] { return action(*options, *session); }; });
  return command;
}

}  // namespace

void AddAdminContract(CLI::App* admin, Session* session) {
  CLI::App* contract = admin->add_subcommand("contract", "Contracts with companies that maintain the system");
  contract->require_subcommand(1);
  auto options = std::make_shared<ContractOptions>();
  CLI::App* add = contract->add_subcommand("add", "Propose a contract, or other terms for one: they wait for a second person");
  add->add_option("file", options->file, "protobuf text of a Contract (otokura/v1/contract.proto)")->required();
  add->footer(Footer("otokura admin contract add maintenance-2026.txtpb"));
  add->callback([options, session] { session->run = [options, session] { return Add(*options, *session); }; });
  AddOfOne(contract, session, "confirm", "As the second person: let a contract, or other terms for it, take effect", options, Confirm);
  CLI::App* list = contract->add_subcommand("list", "Every contract");
  list->callback([session] { session->run = [session] { return List(*session); }; });
  AddOfOne(contract, session, "show", "One contract with all of its terms", options, Show);
  AddOfOne(contract, session, "close", "End a contract at once and for good, with every contract under it", options, Close)
      ->add_option("--reason", options->reason, "kept sealed beside the audit log")
      ->required();
}

}  // namespace otokura::client
