#include "tests/integration/grant_calls.h"

namespace otokura::integration {
namespace {

using Stub = v1::Grants::Stub;

template <typename Request, typename Response>
absl::StatusOr<v1::Grant> Call(const Site& site, const std::string& account,
                               grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), const Request& request) {
  Response response;
  if (absl::Status status = site.AskAs(account, method, request, &response); !status.ok()) return status;
  return response.grant();
}

}  // namespace

absl::StatusOr<v1::Grant> RequestGrant(const Site& site, const std::string& account, const std::vector<std::string>& recordings,
                                       uint32_t hours) {
  v1::RequestGrantRequest request;
  *request.mutable_recording_ids() = {recordings.begin(), recordings.end()};
  request.mutable_justification()->set_purpose("maintenance");
  request.mutable_justification()->set_reference("WORK-1");
  request.set_reason("clicks on line 3");
  request.set_hours(hours);
  return Call(site, account, &Stub::Request, request);
}

absl::StatusOr<v1::Grant> ApproveGrant(const Site& site, const std::string& account, const v1::Grant& grant) {
  v1::ApproveGrantRequest request;
  request.set_id(grant.id());
  request.set_revision(grant.revision());
  return Call(site, account, &Stub::Approve, request);
}

absl::StatusOr<v1::Grant> RefuseGrant(const Site& site, const std::string& account, const std::string& id) {
  v1::RefuseGrantRequest request;
  request.set_id(id);
  request.set_reason("not needed");
  return Call(site, account, &Stub::Refuse, request);
}

absl::StatusOr<v1::Grant> RevokeGrant(const Site& site, const std::string& account, const std::string& id) {
  v1::RevokeGrantRequest request;
  request.set_id(id);
  request.set_reason("done");
  return Call(site, account, &Stub::Revoke, request);
}

absl::StatusOr<v1::ListGrantsResponse> ListGrants(const Site& site, const std::string& account, const v1::ListGrantsRequest& request) {
  v1::ListGrantsResponse response;
  if (absl::Status listed = site.AskAs(account, &Stub::List, request, &response); !listed.ok()) return listed;
  return response;
}

absl::StatusOr<v1::Grant> Grant(const Site& site, const std::string& contractor, const std::string& approver,
                                const std::vector<std::string>& recordings, uint32_t hours) {
  absl::StatusOr<v1::Grant> requested = RequestGrant(site, contractor, recordings, hours);
  if (!requested.ok()) return requested;
  return ApproveGrant(site, approver, *requested);
}

}  // namespace otokura::integration
