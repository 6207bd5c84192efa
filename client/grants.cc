#include "otokura/grants.h"

#include <utility>

#include "client/convert.h"
#include "client/unary.h"
#include "otokura/v1/grant.grpc.pb.h"

namespace otokura::client {
namespace {

Grant FromProto(const v1::Grant& proto) {
  return {.id = proto.id(),
          .account = proto.account(),
          .person_id = proto.person_id(),
          .company = proto.company(),
          .contract = proto.contract(),
          .recording_ids = {proto.recording_ids().begin(), proto.recording_ids().end()},
          .justification = {.purpose = proto.justification().purpose(), .reference = proto.justification().reference()},
          .reason = proto.reason(),
          .hours = proto.hours(),
          .state = static_cast<GrantState>(proto.state()),
          .requested = FromUnixMillis(proto.requested_unix_ms()),
          .decided_by = proto.decided_by(),
          .from = FromUnixMillis(proto.from_unix_ms()),
          .until = FromUnixMillis(proto.until_unix_ms()),
          .revoked_by = proto.revoked_by(),
          .ended_because = proto.ended_because(),
          .revision = proto.revision()};
}

class GatewayGrants final : public Grants {
 public:
  explicit GatewayGrants(std::unique_ptr<v1::Grants::Stub> stub) : stub_(std::move(stub)) {}

  absl::StatusOr<Grant> Request(const GrantRequest& wanted) override {
    v1::RequestGrantRequest request;
    for (const std::string& id : wanted.recording_ids) request.add_recording_ids(id);
    request.mutable_justification()->set_purpose(wanted.justification.purpose);
    request.mutable_justification()->set_reference(wanted.justification.reference);
    request.set_reason(wanted.reason);
    request.set_hours(wanted.hours);
    return AskFor(&v1::Grants::Stub::Request, request);
  }

  absl::StatusOr<Grant> Approve(const std::string& id, uint64_t revision) override {
    v1::ApproveGrantRequest request;
    request.set_id(id);
    request.set_revision(revision);
    return AskFor(&v1::Grants::Stub::Approve, request);
  }

  absl::StatusOr<Grant> Refuse(const std::string& id, const std::string& reason) override {
    v1::RefuseGrantRequest request;
    request.set_id(id);
    request.set_reason(reason);
    return AskFor(&v1::Grants::Stub::Refuse, request);
  }

  absl::StatusOr<Grant> Revoke(const std::string& id, const std::string& reason) override {
    v1::RevokeGrantRequest request;
    request.set_id(id);
    request.set_reason(reason);
    return AskFor(&v1::Grants::Stub::Revoke, request);
  }

  absl::StatusOr<GrantPage> List(bool ended, uint32_t page_size, const std::string& page_token) override {
    v1::ListGrantsRequest request;
    request.set_ended(ended);
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    auto response = Ask(stub_.get(), &v1::Grants::Stub::List, request);
    if (!response.ok()) return response.status();
    GrantPage page{.next_page_token = response->next_page_token()};
    for (const v1::Grant& grant : response->grants()) page.grants.push_back(FromProto(grant));
    return page;
  }

 private:
  // Where the answer is the grant as it is now.
  template <typename Request, typename Response>
  absl::StatusOr<Grant> AskFor(grpc::Status (v1::Grants::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                               const Request& request) {
    auto response = Ask(stub_.get(), method, request);
    if (!response.ok()) return response.status();
    return FromProto(response->grant());
  }

  const std::unique_ptr<v1::Grants::Stub> stub_;
};

}  // namespace

std::string_view Name(GrantState state) {
  constexpr std::string_view kNames[] = {"unspecified", "requested", "active", "refused", "revoked", "expired"};
  const auto index = static_cast<size_t>(state);
  return index < std::size(kNames) ? kNames[index] : kNames[0];
}

absl::StatusOr<std::unique_ptr<Grants>> Grants::Create(ConnectionOptions options) {
  auto stub = Connect<v1::Grants>(options);
  if (!stub.ok()) return stub.status();
  return std::make_unique<GatewayGrants>(*std::move(stub));
}

}  // namespace otokura::client
