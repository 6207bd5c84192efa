#include "server/rpc/admin_service.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/access/account_checks.h"
#include "server/rpc/listing.h"
#include "server/rpc/unary_call.h"

namespace otokura::rpc {
namespace {

constexpr char kTokenScope[] = "accounts";
constexpr size_t kReasonBytesMax = 256;            // admin.proto
constexpr size_t kCheckpointBytesMax = 16 * 1024;  // with the cosignatures of a hundred witnesses

// Answers a call whose response is just the account.
template <typename Response>
std::function<void(absl::StatusOr<v1::Account>)> WithAccount(UnaryDone<Response> done) {
  return [done = std::move(done)](absl::StatusOr<v1::Account> account) {
    if (!account.ok()) return done(account.status());
    Response response;
    *response.mutable_account() = *std::move(account);
    done(std::move(response));
  };
}

}  // namespace

grpc::ServerUnaryReactor* AdminService::AddAccount(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                   grpc::ByteBuffer* response) {
  return ServeUnary<v1::AddAccountRequest, v1::AddAccountResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::AddAccountRequest& parsed, UnaryDone<v1::AddAccountResponse> done) {
        Add(caller, parsed, WithAccount(std::move(done)));
      });
}

grpc::ServerUnaryReactor* AdminService::SuspendAccount(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  return ServeUnary<v1::SuspendAccountRequest, v1::SuspendAccountResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::SuspendAccountRequest& parsed, UnaryDone<v1::SuspendAccountResponse> done) {
        Suspend(caller, parsed, WithAccount(std::move(done)));
      });
}

grpc::ServerUnaryReactor* AdminService::ConfirmAccount(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  return ServeUnary<v1::ConfirmAccountRequest, v1::ConfirmAccountResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ConfirmAccountRequest& parsed, UnaryDone<v1::ConfirmAccountResponse> done) {
        Confirm(caller, parsed, WithAccount(std::move(done)));
      });
}

grpc::ServerUnaryReactor* AdminService::RenewAccount(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  return ServeUnary<v1::RenewAccountRequest, v1::RenewAccountResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::RenewAccountRequest& parsed, UnaryDone<v1::RenewAccountResponse> done) {
        Renew(caller, parsed, WithAccount(std::move(done)));
      });
}

grpc::ServerUnaryReactor* AdminService::RestoreAccount(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  return ServeUnary<v1::RestoreAccountRequest, v1::RestoreAccountResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::RestoreAccountRequest& parsed, UnaryDone<v1::RestoreAccountResponse> done) {
        Restore(caller, parsed, WithAccount(std::move(done)));
      });
}

grpc::ServerUnaryReactor* AdminService::ListAccounts(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  return ServeUnary<v1::ListAccountsRequest, v1::ListAccountsResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ListAccountsRequest& parsed, UnaryDone<v1::ListAccountsResponse> done) {
        List(caller, parsed, std::move(done));
      });
}

grpc::ServerUnaryReactor* AdminService::ReopenLog(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) {
  return ServeUnary<v1::ReopenLogRequest, v1::ReopenLogResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ReopenLogRequest& parsed, UnaryDone<v1::ReopenLogResponse> done) {
        Reopen(caller, parsed, done);
      });
}

void AdminService::Reopen(const access::Caller& caller, const v1::ReopenLogRequest& request,
                          const UnaryDone<v1::ReopenLogResponse>& done) const {
  std::unique_ptr<audit::Draft> entry = parts_.gate->Permit(caller, AskAbout(access::Action::kReopenLog, ""), done);
  if (entry == nullptr) return;
  if (request.lost_checkpoint().size() > kCheckpointBytesMax) {
    return done(absl::InvalidArgumentError(absl::StrCat("lost_checkpoint: over ", kCheckpointBytesMax, " bytes; a checkpoint is shorter")));
  }
  if (absl::Status reason = access::CheckText("reason", request.reason(), kReasonBytesMax); !reason.ok()) return done(reason);
  entry->particulars.reason = request.reason();
  const auto answer = parts_.reopening->Ask(request.lost_checkpoint(), caller.account().person_id(), std::move(entry));
  if (!answer.ok()) return done(answer.status());
  v1::ReopenLogResponse response;
  response.set_confirmed(answer->confirmed);
  response.set_lost_tree_size(answer->lost_tree_size);
  response.set_common_tree_size(answer->common_tree_size);
  done(std::move(response));
}

void AdminService::Add(const access::Caller& caller, const v1::AddAccountRequest& request, AccountDone done) const {
  access::Ask ask = AskAbout(access::Action::kAddAccount, request.account().name());
  ask.person_roles = parts_.directory->RolesOf(request.account().person_id(), "");
  ask.person_roles.push_back(request.account().role());
  std::unique_ptr<audit::Draft> entry = parts_.gate->Permit(caller, ask, done);
  if (entry == nullptr) return;
  absl::StatusOr<v1::Account> account = parts_.directory->Prepare(request, caller.account().name());
  if (!account.ok()) return done(account.status());
  parts_.directory->Add(*std::move(account), std::move(entry), std::move(done));
}

std::vector<v1::Role> AdminService::RolesOfPersonOf(const std::string& name) const {
  const std::optional<v1::Account> account = parts_.directory->Find(name);
  return account.has_value() ? parts_.directory->RolesOf(account->person_id(), name) : std::vector<v1::Role>();
}

void AdminService::Confirm(const access::Caller& caller, const v1::ConfirmAccountRequest& request, AccountDone done) const {
  access::Ask ask = AskAbout(access::Action::kConfirmAccount, request.name());
  ask.concerned = parts_.directory->PersonsConcerned(request.name());
  ask.person_roles = RolesOfPersonOf(request.name());
  std::unique_ptr<audit::Draft> entry = parts_.gate->Permit(caller, ask, done);
  if (entry == nullptr) return;
  parts_.directory->Confirm(request.name(), request.revision(), caller.account(), std::move(entry), std::move(done));
}

void AdminService::Renew(const access::Caller& caller, const v1::RenewAccountRequest& request, AccountDone done) const {
  std::unique_ptr<audit::Draft> entry = parts_.gate->Permit(caller, AskAbout(access::Action::kRenewAccount, request.name()), done);
  if (entry == nullptr) return;
  parts_.directory->Renew(request, caller.account().name(), std::move(entry), std::move(done));
}

void AdminService::Restore(const access::Caller& caller, const v1::RestoreAccountRequest& request, AccountDone done) const {
  access::Ask ask = AskAbout(access::Action::kRestoreAccount, request.name());
  ask.concerned = parts_.directory->PersonsConcerned(request.name());
  ask.person_roles = RolesOfPersonOf(request.name());
  std::unique_ptr<audit::Draft> entry = parts_.gate->Permit(caller, ask, done);
  if (entry == nullptr) return;
  parts_.directory->Restore(request.name(), request.reason(), std::move(entry), std::move(done));
}

void AdminService::Suspend(const access::Caller& caller, const v1::SuspendAccountRequest& request, AccountDone done) const {
  std::unique_ptr<audit::Draft> entry = parts_.gate->Permit(caller, AskAbout(access::Action::kSuspendAccount, request.name()), done);
  if (entry == nullptr) return;
  parts_.directory->Suspend(request.name(), request.reason(), std::move(entry), std::move(done));
}

void AdminService::List(const access::Caller& caller, const v1::ListAccountsRequest& request,
                        std::function<void(absl::StatusOr<v1::ListAccountsResponse>)> done) const {
  auto page = ReadListingPage(request.page_size(), request.page_token(), kTokenScope, *parts_.keys);
  if (!page.ok()) return done(page.status());
  parts_.gate->Note(caller, AskAbout(access::Action::kListAccounts, request.name()),
                    [this, page = *std::move(page), name = request.name(), done = std::move(done)](absl::StatusOr<uint64_t> sequence) {
                      if (!sequence.ok()) return done(sequence.status());
                      parts_.executor->Post([this, page, name, done] { done(name.empty() ? Page(page.after, page.rows) : One(name)); });
                    });
}

absl::StatusOr<v1::ListAccountsResponse> AdminService::One(std::string_view name) const {
  std::optional<v1::Account> account = parts_.directory->Find(name);
  if (!account.has_value()) return absl::NotFoundError("name: no such account; look at the list of accounts");
  v1::ListAccountsResponse response;
  *response.add_accounts() = *std::move(account);
  return response;
}

absl::StatusOr<v1::ListAccountsResponse> AdminService::Page(std::string_view after, size_t rows) const {
  v1::ListAccountsResponse response;
  std::vector<v1::Account> accounts = parts_.directory->List(after, rows + 1);
  size_t bytes = 0;
  for (v1::Account& account : accounts) {
    bytes += account.ByteSizeLong();
    const size_t taken = static_cast<size_t>(response.accounts_size());
    if (taken == rows || (taken > 0 && bytes > kListingBytesMax)) {
      response.set_next_page_token(parts_.keys->PageToken(kTokenScope, response.accounts().rbegin()->name()));
      break;
    }
    *response.add_accounts() = std::move(account);
  }
  return response;
}

}  // namespace otokura::rpc
