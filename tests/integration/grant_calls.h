// Grants asked for, decided and ended over the wire, with the protocol spoken by hand.
#ifndef OTOKURA_TESTS_INTEGRATION_GRANT_CALLS_H_
#define OTOKURA_TESTS_INTEGRATION_GRANT_CALLS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "otokura/v1/grant.grpc.pb.h"
#include "tests/integration/site.h"

namespace otokura::integration {

// For maintenance, WORK-1.
absl::StatusOr<v1::Grant> RequestGrant(const Site& site, const std::string& account, const std::vector<std::string>& recordings,
                                       uint32_t hours = 1);
absl::StatusOr<v1::Grant> ApproveGrant(const Site& site, const std::string& account, const v1::Grant& grant);
absl::StatusOr<v1::Grant> RefuseGrant(const Site& site, const std::string& account, const std::string& id);
absl::StatusOr<v1::Grant> RevokeGrant(const Site& site, const std::string& account, const std::string& id);
absl::StatusOr<v1::ListGrantsResponse> ListGrants(const Site& site, const std::string& account, const v1::ListGrantsRequest& request = {});

// Requested by the contractor, approved by the other.
absl::StatusOr<v1::Grant> Grant(const Site& site, const std::string& contractor, const std::string& approver,
                                const std::vector<std::string>& recordings, uint32_t hours = 1);

}  // namespace otokura::integration

#endif  // OTOKURA_TESTS_INTEGRATION_GRANT_CALLS_H_
