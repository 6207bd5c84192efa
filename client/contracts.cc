#include "otokura/contracts.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/convert.h"
#include "client/unary.h"
#include "otokura/v1/contract.grpc.pb.h"

namespace otokura::client {
namespace {

// Where the text is wrong: its first mistake.
class FirstMistake final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (what.empty()) what = absl::StrCat("line ", line + 1, ", column ", column + 1, ": ", message);
  }
  std::string what;
};

absl::StatusOr<v1::Contract> ParseTerms(const std::string& text) {
  google::protobuf::TextFormat::Parser parser;
  FirstMistake mistake;
  parser.RecordErrorsTo(&mistake);
  v1::Contract contract;
  if (parser.ParseFromString(text, &contract)) return contract;
  return absl::InvalidArgumentError(absl::StrCat("contract: ", mistake.what));
}

std::string TermsText(const v1::Contract& contract) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  printer.PrintToString(contract, &text);
  return text;
}

Contract FromProto(const v1::KeptContract& proto) {
  const v1::Contract& terms = proto.contract();
  return {.name = terms.name(),
          .company = terms.company(),
          .parent = terms.parent(),
          .first_day = terms.first_day(),
          .last_day = terms.last_day(),
          .responsible = terms.responsible(),
          .purposes = {terms.purposes().begin(), terms.purposes().end()},
          .centres = {terms.centres().begin(), terms.centres().end()},
          .state = static_cast<ContractState>(proto.state()),
          .not_in_force = proto.not_in_force(),
          .terms = TermsText(terms),
          .proposed_terms = proto.has_proposed() ? TermsText(proto.proposed()) : "",
          .proposed_by = proto.proposed_by(),
          .proposed = FromUnixMillis(proto.proposed_unix_ms()),
          .confirmed_by = proto.confirmed_by(),
          .closed_by = proto.closed_by(),
          .revision = proto.revision()};
}

class GatewayContracts final : public Contracts {
 public:
  explicit GatewayContracts(std::unique_ptr<v1::Contracts::Stub> stub) : stub_(std::move(stub)) {}

  absl::StatusOr<Contract> Add(const std::string& terms) override {
    auto contract = ParseTerms(terms);
    if (!contract.ok()) return contract.status();
    v1::AddContractRequest request;
    *request.mutable_contract() = *std::move(contract);
    return AskFor(&v1::Contracts::Stub::Add, request);
  }

  absl::StatusOr<Contract> Confirm(const std::string& name, uint64_t revision) override {
    v1::ConfirmContractRequest request;
    request.set_name(name);
    request.set_revision(revision);
    return AskFor(&v1::Contracts::Stub::Confirm, request);
  }

  absl::StatusOr<Contract> Close(const std::string& name, const std::string& reason) override {
    v1::CloseContractRequest request;
    request.set_name(name);
    request.set_reason(reason);
    return AskFor(&v1::Contracts::Stub::Close, request);
  }

  absl::StatusOr<Contract> Show(const std::string& name) override {
    v1::ListContractsRequest request;
    request.set_name(name);
    auto response = Ask(stub_.get(), &v1::Contracts::Stub::List, request);
    if (!response.ok()) return response.status();
    if (response->contracts_size() != 1) return absl::InternalError("the gateway answered with nothing");
    return FromProto(response->contracts(0));
  }

  absl::StatusOr<ContractPage> List(uint32_t page_size, const std::string& page_token) override {
    v1::ListContractsRequest request;
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    auto response = Ask(stub_.get(), &v1::Contracts::Stub::List, request);
    if (!response.ok()) return response.status();
    ContractPage page{.next_page_token = response->next_page_token()};
    for (const v1::KeptContract& contract : response->contracts()) page.contracts.push_back(FromProto(contract));
    return page;
  }

 private:
  // Where the answer is the contract as it is now.
  template <typename Request, typename Response>
  absl::StatusOr<Contract> AskFor(grpc::Status (v1::Contracts::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                  const Request& request) {
    auto response = Ask(stub_.get(), method, request);
    if (!response.ok()) return response.status();
    return FromProto(response->contract());
  }

  const std::unique_ptr<v1::Contracts::Stub> stub_;
};

}  // namespace

std::string_view Name(ContractState state) {
  constexpr std::string_view kNames[] = {"unspecified", "pending", "confirmed", "closed"};
  const auto index = static_cast<size_t>(state);
  return index < std::size(kNames) ? kNames[index] : kNames[0];
}

absl::StatusOr<std::unique_ptr<Contracts>> Contracts::Create(ConnectionOptions options) {
  auto stub = Connect<v1::Contracts>(options);
  if (!stub.ok()) return stub.status();
  return std::make_unique<GatewayContracts>(*std::move(stub));
}

}  // namespace otokura::client
