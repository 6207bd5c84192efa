#include "otokura/accounts.h"

#include <utility>

#include "client/convert.h"
#include "client/unary.h"
#include "otokura/v1/admin.grpc.pb.h"

namespace otokura::client {
namespace {

v1::Account ToProto(const Account& account) {
  v1::Account proto;
  proto.set_name(account.name);
  proto.set_role(static_cast<v1::Role>(account.role));
  proto.set_scope(static_cast<v1::Scope>(account.scope));
  proto.set_person_id(account.person_id);
  proto.set_company(account.company);
  proto.set_contract(account.contract);
  proto.set_agent(account.agent);
  for (const std::string& centre : account.centres) proto.add_centres(centre);
  for (const std::string& queue : account.queues) proto.add_queues(queue);
  if (account.role != Role::kRecorder) return proto;
  v1::RecorderLimits* limits = proto.mutable_recorder();
  for (const AudioFormat& format : account.recorder.formats) *limits->add_formats() = ToProto(format);
  for (const std::string& name : account.recorder.retention_classes) limits->add_retention_classes(name);
  limits->set_open_calls_max(account.recorder.open_calls_max);
  limits->set_opens_per_minute_max(account.recorder.opens_per_minute_max);
  limits->set_call_bytes_max(account.recorder.call_bytes_max);
  limits->set_day_bytes_max(account.recorder.day_bytes_max);
  return proto;
}

Account FromProto(const v1::Account& proto) {
  Account account{
      .name = proto.name(),
      .role = static_cast<Role>(proto.role()),
      .scope = static_cast<Scope>(proto.scope()),
      .person_id = proto.person_id(),
      .company = proto.company(),
      .contract = proto.contract(),
      .centres = {proto.centres().begin(), proto.centres().end()},
      .queues = {proto.queues().begin(), proto.queues().end()},
      .agent = proto.agent(),
      .recorder = {.retention_classes = {proto.recorder().retention_classes().begin(), proto.recorder().retention_classes().end()},
                   .open_calls_max = proto.recorder().open_calls_max(),
                   .opens_per_minute_max = proto.recorder().opens_per_minute_max(),
                   .call_bytes_max = proto.recorder().call_bytes_max(),
                   .day_bytes_max = proto.recorder().day_bytes_max()},
      .spki_sha256 = proto.spki_sha256(),
      .state = static_cast<AccountState>(proto.state()),
      .created = FromUnixMillis(proto.created_unix_ms()),
      .suspended_reason = proto.suspended_reason(),
      .proposed_by = proto.proposed_by(),
      .confirmed_by = proto.confirmed_by(),
      .revision = proto.revision()};
  if (proto.has_renewal()) {
    const v1::KeyRenewal& renewal = proto.renewal();
    account.renewal = KeyRenewal{renewal.spki_sha256(), renewal.proposed_by(), FromUnixMillis(renewal.proposed_unix_ms())};
  }
  for (const v1::AudioFormat& format : proto.recorder().formats()) account.recorder.formats.push_back(client::FromProto(format));
  return account;
}

class GatewayAccounts final : public Accounts {
 public:
  explicit GatewayAccounts(std::unique_ptr<v1::Admin::Stub> stub) : stub_(std::move(stub)) {}

  absl::StatusOr<Account> Add(const Account& account, const std::string& certificate_pem) override {
    v1::AddAccountRequest request;
    *request.mutable_account() = ToProto(account);
    request.set_certificate_pem(certificate_pem);
    return AskFor(&v1::Admin::Stub::AddAccount, request);
  }

  absl::StatusOr<Account> Confirm(const std::string& name, uint64_t revision) override {
    v1::ConfirmAccountRequest request;
    request.set_name(name);
    request.set_revision(revision);
    return AskFor(&v1::Admin::Stub::ConfirmAccount, request);
  }

  absl::StatusOr<Account> Renew(const std::string& name, const std::string& certificate_pem) override {
    v1::RenewAccountRequest request;
    request.set_name(name);
    request.set_certificate_pem(certificate_pem);
    return AskFor(&v1::Admin::Stub::RenewAccount, request);
  }

  absl::StatusOr<Account> Show(const std::string& name) override {
    v1::ListAccountsRequest request;
    request.set_name(name);
    auto response = Ask(stub_.get(), &v1::Admin::Stub::ListAccounts, request);
    if (!response.ok()) return response.status();
    if (response->accounts_size() != 1) return absl::InternalError("the gateway answered with nothing");
    return FromProto(response->accounts(0));
  }

  absl::StatusOr<AccountPage> List(uint32_t page_size, const std::string& page_token) override {
    v1::ListAccountsRequest request;
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    auto response = Ask(stub_.get(), &v1::Admin::Stub::ListAccounts, request);
    if (!response.ok()) return response.status();
    AccountPage page{.next_page_token = response->next_page_token()};
    for (const v1::Account& account : response->accounts()) page.accounts.push_back(FromProto(account));
    return page;
  }

  absl::StatusOr<Account> Suspend(const std::string& name, const std::string& reason) override {
    v1::SuspendAccountRequest request;
    request.set_name(name);
    request.set_reason(reason);
    return AskFor(&v1::Admin::Stub::SuspendAccount, request);
  }

  absl::StatusOr<Account> Restore(const std::string& name, const std::string& reason) override {
    v1::RestoreAccountRequest request;
    request.set_name(name);
    request.set_reason(reason);
    return AskFor(&v1::Admin::Stub::RestoreAccount, request);
  }

 private:
  // Where the answer is the account as it is now.
  template <typename Request, typename Response>
  absl::StatusOr<Account> AskFor(grpc::Status (v1::Admin::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                 const Request& request) {
    auto response = Ask(stub_.get(), method, request);
    if (!response.ok()) return response.status();
    return FromProto(response->account());
  }

  const std::unique_ptr<v1::Admin::Stub> stub_;
};

}  // namespace

std::string_view Name(Role role) {
  constexpr std::string_view kNames[] = {"unspecified", "recorder", "operator", "supervisor", "contractor", "security", "auditor", "admin"};
  const auto index = static_cast<size_t>(role);
  return index < std::size(kNames) ? kNames[index] : kNames[0];
}

std::string_view Name(Scope scope) {
  constexpr std::string_view kNames[] = {"role", "own", "centre", "all"};
  const auto index = static_cast<size_t>(scope);
  return index < std::size(kNames) ? kNames[index] : kNames[0];
}

std::string_view Name(AccountState state) {
  constexpr std::string_view kNames[] = {"unspecified", "active", "suspended", "pending", "expired"};
  const auto index = static_cast<size_t>(state);
  return index < std::size(kNames) ? kNames[index] : kNames[0];
}

absl::StatusOr<std::unique_ptr<Accounts>> Accounts::Create(ConnectionOptions options) {
  auto stub = Connect<v1::Admin>(options);
  if (!stub.ok()) return stub.status();
  return std::make_unique<GatewayAccounts>(*std::move(stub));
}

}  // namespace otokura::client
