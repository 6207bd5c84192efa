#include "server/access/grant_changes.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/access/account_checks.h"
#include "server/access/recording_list.h"

namespace otokura::access {

absl::Status CheckGrantRequest(const v1::RequestGrantRequest& request, const v1::GrantRule& rule) {
  if (absl::Status recordings = CheckRecordingList(request.recording_ids(), rule.recordings_max()); !recordings.ok()) return recordings;
  if (request.hours() == 0 || request.hours() > rule.hours_max()) {
    return absl::InvalidArgumentError(absl::StrCat("hours: ", request.hours(), ", must be 1 to ", rule.hours_max()));
  }
  return CheckText("reason", request.reason(), kGrantReasonBytesMax);
}

v1::Grant AsOf(v1::Grant grant, absl::Time now) { return approval::AsOf(std::move(grant), now); }

bool IsOpen(const v1::Grant& grant, absl::Time now) { return approval::IsOpen(grant, now); }

v1::Grant Requested(const v1::RequestGrantRequest& request, const v1::Account& account, std::string_view id, absl::Time now) {
  v1::Grant grant;
  grant.set_id(std::string(id));
  grant.set_account(account.name());
  grant.set_person_id(account.person_id());
  grant.set_company(account.company());
  grant.set_contract(account.contract());
  *grant.mutable_recording_ids() = request.recording_ids();
  *grant.mutable_justification() = request.justification();
  grant.set_reason(request.reason());
  grant.set_hours(request.hours());
  return approval::Requested(std::move(grant), now);
}

absl::StatusOr<v1::Grant> Approved(v1::Grant grant, uint64_t revision, const v1::Account& approver, absl::Time now) {
  return approval::Approved(std::move(grant), revision, approver, now);
}

absl::StatusOr<v1::Grant> Refused(v1::Grant grant, const v1::Account& by, std::string_view reason, absl::Time now) {
  return approval::Refused(std::move(grant), by, reason, now);
}

absl::StatusOr<v1::Grant> Revoked(v1::Grant grant, const v1::Account& by, std::string_view reason, absl::Time now) {
  return approval::Revoked(std::move(grant), by, reason, now);
}

}  // namespace otokura::access
