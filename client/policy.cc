#include "otokura/policy.h"

#include "client/unary.h"
#include "crypto/sha256.h"
#include "otokura/v1/admin.grpc.pb.h"

namespace otokura::client {

absl::StatusOr<Policy> ShowPolicy(const ConnectionOptions& connection) {
  auto stub = Connect<v1::Admin>(connection);
  if (!stub.ok()) return stub.status();
  const auto response = Ask(stub->get(), &v1::Admin::Stub::ShowPolicy, v1::ShowPolicyRequest());
  if (!response.ok()) return response.status();
  if (crypto::Sha256(response->text()) != response->sha256())
    return absl::DataLossError("policy: the text is not of the digest that came with it; ask again");
  return Policy{response->text(),
                response->document(),
                response->serial(),
                response->sha256(),
                {response->signed_by().begin(), response->signed_by().end()}};
}

absl::StatusOr<Policy> LoadPolicy(const ConnectionOptions& connection, const std::string& note) {
  auto stub = Connect<v1::Admin>(connection);
  if (!stub.ok()) return stub.status();
  v1::LoadPolicyRequest request;
  request.set_note(note);
  const auto response = Ask(stub->get(), &v1::Admin::Stub::LoadPolicy, request);
  if (!response.ok()) return response.status();
  return Policy{{}, note, response->serial(), response->sha256(), {response->signed_by().begin(), response->signed_by().end()}};
}

}  // namespace otokura::client
