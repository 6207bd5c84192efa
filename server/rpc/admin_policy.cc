// The policy, over the Admin service.
#include <utility>

#include "server/rpc/admin_service.h"
#include "server/rpc/server_options.h"
#include "server/rpc/unary_call.h"

namespace otokura::rpc {
namespace {

constexpr int kFraming = 1024;  // of the message around a note
static_assert(access::kPolicyNoteBytesMax + kFraming <= kRequestBytesMax);

v1::LoadPolicyResponse LoadResponse(const access::StoredPolicy& loaded) {
  v1::LoadPolicyResponse response;
  response.set_serial(loaded.rules->serial());
  response.set_sha256(loaded.rules->sha256());
  for (const std::string& name : loaded.signed_by) response.add_signed_by(name);
  return response;
}

v1::ShowPolicyResponse ShowResponse(const access::StoredPolicy& stored) {
  v1::ShowPolicyResponse response;
  response.set_document(stored.document);
  response.set_text(stored.rules->text());
  response.set_serial(stored.rules->serial());
  response.set_sha256(stored.rules->sha256());
  for (const std::string& name : stored.signed_by) response.add_signed_by(name);
  return response;
}

template <typename Response>
access::PolicyLoading::Done Answering(UnaryDone<Response> done, Response (*response)(const access::StoredPolicy&)) {
  return [done = std::move(done), response](const absl::StatusOr<access::StoredPolicy>& policy) {
    done(policy.ok() ? absl::StatusOr<Response>(response(*policy)) : policy.status());
  };
}

}  // namespace

grpc::ServerUnaryReactor* AdminService::LoadPolicy(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                   grpc::ByteBuffer* response) {
  return ServeUnary<v1::LoadPolicyRequest, v1::LoadPolicyResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::LoadPolicyRequest& parsed, UnaryDone<v1::LoadPolicyResponse> done) {
        parts_.policy->Load(caller, parsed.note(), Answering(std::move(done), LoadResponse));
      });
}

grpc::ServerUnaryReactor* AdminService::ShowPolicy(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                   grpc::ByteBuffer* response) {
  return ServeUnary<v1::ShowPolicyRequest, v1::ShowPolicyResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ShowPolicyRequest& /*parsed*/, UnaryDone<v1::ShowPolicyResponse> done) {
        parts_.policy->Show(caller, Answering(std::move(done), ShowResponse));
      });
}

}  // namespace otokura::rpc
