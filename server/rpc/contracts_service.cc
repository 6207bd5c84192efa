#include "server/rpc/contracts_service.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/rpc/listing.h"

namespace otokura::rpc {
namespace {

constexpr char kTokenScope[] = "contracts";

// Answers a call whose response is just the contract.
template <typename Response>
std::function<void(absl::StatusOr<v1::KeptContract>)> WithContract(UnaryDone<Response> done) {
  return [done = std::move(done)](absl::StatusOr<v1::KeptContract> contract) {
    if (!contract.ok()) return done(contract.status());
    Response response;
    *response.mutable_contract() = *std::move(contract);
    done(std::move(response));
  };
}

absl::Status NoSuchContract() { return absl::NotFoundError("name: no such contract; look at the list of contracts"); }

}  // namespace

grpc::ServerUnaryReactor* ContractsService::Add(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
  return ServeUnary<v1::AddContractRequest, v1::AddContractResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::AddContractRequest& parsed, UnaryDone<v1::AddContractResponse> done) {
        Propose(caller, parsed.contract(), AsOfNow(WithContract(std::move(done))));
      });
}

grpc::ServerUnaryReactor* ContractsService::Confirm(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                    grpc::ByteBuffer* response) {
  return ServeUnary<v1::ConfirmContractRequest, v1::ConfirmContractResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ConfirmContractRequest& parsed, UnaryDone<v1::ConfirmContractResponse> done) {
        ConfirmAs(caller, parsed, AsOfNow(WithContract(std::move(done))));
      });
}

grpc::ServerUnaryReactor* ContractsService::Close(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) {
  return ServeUnary<v1::CloseContractRequest, v1::CloseContractResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::CloseContractRequest& parsed, UnaryDone<v1::CloseContractResponse> done) {
        CloseAs(caller, parsed, AsOfNow(WithContract(std::move(done))));
      });
}

grpc::ServerUnaryReactor* ContractsService::List(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) {
  return ServeUnary<v1::ListContractsRequest, v1::ListContractsResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ListContractsRequest& parsed, const UnaryDone<v1::ListContractsResponse>& done) {
        Show(caller, parsed, done);
      });
}

// Runs on the committer's thread, where nothing may wait; this only looks at memory.
ContractsService::ContractDone ContractsService::AsOfNow(ContractDone done) const {
  return [this, done = std::move(done)](absl::StatusOr<v1::KeptContract> changed) {
    if (!changed.ok()) return done(changed.status());
    const std::shared_ptr<const access::Contract> contract = parts_.contracts->Find(changed->contract().name());
    done(contract == nullptr ? *std::move(changed) : parts_.contracts->AsOfNow(*contract));
  };
}

void ContractsService::Propose(const access::Caller& caller, const v1::Contract& contract, ContractDone done) const {
  std::unique_ptr<audit::Draft> entry = parts_.gate->Permit(caller, AskAbout(access::Action::kAddContract, contract.name()), done);
  if (entry == nullptr) return;
  parts_.contracts->Add(contract, caller.account().name(), std::move(entry), std::move(done));
}

void ContractsService::ConfirmAs(const access::Caller& caller, const v1::ConfirmContractRequest& request, ContractDone done) const {
  access::Ask ask = AskAbout(access::Action::kConfirmContract, request.name());
  const std::shared_ptr<const access::Contract> contract = parts_.contracts->Find(request.name());
  const std::shared_ptr<const v1::KeptContract> seen = contract == nullptr ? nullptr : contract->kept();
  std::optional<v1::Account> proposer;
  if (seen != nullptr) proposer = parts_.directory->Find(seen->proposed_by());
  if (proposer.has_value()) ask.concerned.push_back(proposer->person_id());
  std::unique_ptr<audit::Draft> entry = parts_.gate->Permit(caller, ask, done);
  if (entry == nullptr) return;
  if (seen == nullptr) return done(NoSuchContract());
  // Whose proposal it is was decided from what memory has: nothing else may be confirmed.
  if (seen->revision() != request.revision()) {
    return done(absl::FailedPreconditionError("revision: the contract was changed since you looked at it; look again, then confirm"));
  }
  if (!proposer.has_value() || proposer->state() != v1::Account::ACTIVE) {
    return done(absl::FailedPreconditionError("name: whoever proposed it is suspended; close it, and have another one proposed"));
  }
  parts_.contracts->Confirm(request.name(), request.revision(), caller.account().name(), std::move(entry), std::move(done));
}

void ContractsService::CloseAs(const access::Caller& caller, const v1::CloseContractRequest& request, ContractDone done) const {
  std::unique_ptr<audit::Draft> entry = parts_.gate->Permit(caller, AskAbout(access::Action::kCloseContract, request.name()), done);
  if (entry == nullptr) return;
  parts_.contracts->Close(request.name(), request.reason(), caller.account().name(), std::move(entry), std::move(done));
}

void ContractsService::Show(const access::Caller& caller, const v1::ListContractsRequest& request,
                            const UnaryDone<v1::ListContractsResponse>& done) const {
  auto page = ReadListingPage(request.page_size(), request.page_token(), kTokenScope, *parts_.keys);
  if (!page.ok()) return done(page.status());
  parts_.gate->Note(caller, AskAbout(access::Action::kListContracts, request.name()),
                    [this, page = *std::move(page), name = request.name(), done](absl::StatusOr<uint64_t> sequence) {
                      if (!sequence.ok()) return done(sequence.status());
                      parts_.executor->Post([this, page, name, done] { done(name.empty() ? Page(page.after, page.rows) : One(name)); });
                    });
}

absl::StatusOr<v1::ListContractsResponse> ContractsService::One(std::string_view name) const {
  const std::shared_ptr<const access::Contract> contract = parts_.contracts->Find(name);
  if (contract == nullptr) return NoSuchContract();
  v1::ListContractsResponse response;
  *response.add_contracts() = parts_.contracts->AsOfNow(*contract);
  return response;
}

absl::StatusOr<v1::ListContractsResponse> ContractsService::Page(std::string_view after, size_t rows) const {
  v1::ListContractsResponse response;
  std::vector<v1::KeptContract> contracts = parts_.contracts->List(after, rows + 1);
  size_t bytes = 0;
  for (v1::KeptContract& contract : contracts) {
    bytes += contract.ByteSizeLong();
    const size_t taken = static_cast<size_t>(response.contracts_size());
    if (taken == rows || (taken > 0 && bytes > kListingBytesMax)) {
      response.set_next_page_token(parts_.keys->PageToken(kTokenScope, response.contracts().rbegin()->contract().name()));
      break;
    }
    *response.add_contracts() = std::move(contract);
  }
  return response;
}

}  // namespace otokura::rpc
