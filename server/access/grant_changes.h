// What may become of a grant, and when (DESIGN §8): pure functions from what is kept of it to what will be. Whoever may ask for a change is
// decided before.
#ifndef OTOKURA_SERVER_ACCESS_GRANT_CHANGES_H_
#define OTOKURA_SERVER_ACCESS_GRANT_CHANGES_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "otokura/v1/admin.pb.h"
#include "otokura/v1/grant.pb.h"
#include "otokura/v1/policy.pb.h"
#include "server/access/approval.h"

namespace otokura::access {

inline constexpr size_t kGrantReasonBytesMax = approval::kReasonBytesMax;
inline constexpr absl::Duration kGrantRequestLife = approval::kRequestLife;

// INVALID_ARGUMENT naming the field. Whether the recordings exist is not looked at; purpose and reference are Decide's to see to.
absl::Status CheckGrantRequest(const v1::RequestGrantRequest& request, const v1::GrantRule& rule);

// As it is shown: what ended by itself is EXPIRED.
v1::Grant AsOf(v1::Grant grant, absl::Time now);
// Whether it waits or is active: its person can have no other then.
bool IsOpen(const v1::Grant& grant, absl::Time now);

// Of that account, which is a contractor's.
v1::Grant Requested(const v1::RequestGrantRequest& request, const v1::Account& account, std::string_view id, absl::Time now);

// Each gives what will be kept, its revision one higher, or FAILED_PRECONDITION with why not.

// `revision`: of what the approver looked at.
absl::StatusOr<v1::Grant> Approved(v1::Grant grant, uint64_t revision, const v1::Account& approver, absl::Time now);
absl::StatusOr<v1::Grant> Refused(v1::Grant grant, const v1::Account& by, std::string_view reason, absl::Time now);
absl::StatusOr<v1::Grant> Revoked(v1::Grant grant, const v1::Account& by, std::string_view reason, absl::Time now);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_GRANT_CHANGES_H_
