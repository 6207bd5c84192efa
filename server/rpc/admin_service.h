// otokura.v1.Admin over gRPC. What changes an account commits in one write with its entry (I3).
#ifndef OTOKURA_SERVER_RPC_ADMIN_SERVICE_H_
#define OTOKURA_SERVER_RPC_ADMIN_SERVICE_H_

#include <grpcpp/support/byte_buffer.h>

#include <functional>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "otokura/v1/admin.grpc.pb.h"
#include "server/access/directory.h"
#include "server/access/gate.h"
#include "server/access/policy_loading.h"
#include "server/audit/reopening.h"
#include "server/keys/site_keys.h"
#include "server/rpc/door.h"
#include "server/rpc/unary_call.h"
#include "server/runtime/executor.h"

namespace otokura::rpc {

// Every method takes its message raw (wire.h).
using RawAdminService = v1::Admin::WithRawCallbackMethod_AddAccount<
    v1::Admin::WithRawCallbackMethod_ConfirmAccount<v1::Admin::WithRawCallbackMethod_RenewAccount<
        v1::Admin::WithRawCallbackMethod_ListAccounts<v1::Admin::WithRawCallbackMethod_SuspendAccount<
            v1::Admin::WithRawCallbackMethod_RestoreAccount<v1::Admin::WithRawCallbackMethod_ReopenLog<
                v1::Admin::WithRawCallbackMethod_LoadPolicy<v1::Admin::WithRawCallbackMethod_ShowPolicy<v1::Admin::Service>>>>>>>>>;

class AdminService : public RawAdminService {
 public:
  // Borrowed, must outlive the server that this is registered with.
  struct Parts {
    const Door* door;
    access::Gate* gate;
    access::Directory* directory;
    const keys::SiteKeys* keys;
    audit::Reopening* reopening;
    access::PolicyLoading* policy;
    runtime::Executor* executor;
  };
  explicit AdminService(Parts parts) : parts_(parts) {}

  grpc::ServerUnaryReactor* AddAccount(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ConfirmAccount(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* RenewAccount(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* RestoreAccount(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListAccounts(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* SuspendAccount(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ReopenLog(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* LoadPolicy(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ShowPolicy(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;

 private:
  using AccountDone = std::function<void(absl::StatusOr<v1::Account>)>;
  void Add(const access::Caller& caller, const v1::AddAccountRequest& request, AccountDone done) const;
  // All that the person behind an account has, or would have.
  std::vector<v1::Role> RolesOfPersonOf(const std::string& name) const;
  void Confirm(const access::Caller& caller, const v1::ConfirmAccountRequest& request, AccountDone done) const;
  void Renew(const access::Caller& caller, const v1::RenewAccountRequest& request, AccountDone done) const;
  void Suspend(const access::Caller& caller, const v1::SuspendAccountRequest& request, AccountDone done) const;
  void Restore(const access::Caller& caller, const v1::RestoreAccountRequest& request, AccountDone done) const;
  void List(const access::Caller& caller, const v1::ListAccountsRequest& request,
            std::function<void(absl::StatusOr<v1::ListAccountsResponse>)> done) const;
  absl::StatusOr<v1::ListAccountsResponse> Page(std::string_view after, size_t rows) const;
  absl::StatusOr<v1::ListAccountsResponse> One(std::string_view name) const;
  void Reopen(const access::Caller& caller, const v1::ReopenLogRequest& request, const UnaryDone<v1::ReopenLogResponse>& done) const;

  const Parts parts_;
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_ADMIN_SERVICE_H_
