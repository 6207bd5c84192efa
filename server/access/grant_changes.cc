#include "server/access/grant_changes.h"

#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/access/account_checks.h"
#include "server/storage/recording_id.h"

namespace otokura::access {
namespace {

v1::Grant Next(v1::Grant grant) {
  grant.set_revision(grant.revision() + 1);
  return grant;
}

v1::Grant DecidedBy(v1::Grant grant, const v1::Account& by) {
  grant.set_decided_by(by.name());
  grant.set_decided_by_person(by.person_id());
  grant.set_decided_by_role(by.role());
  return Next(std::move(grant));
}

absl::Status CheckWaits(const v1::Grant& grant, absl::Time now) {
  if (AsOf(grant, now).state() == v1::Grant::REQUESTED) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("id: decided already, withdrawn, or older than ", kGrantRequestDays, " days; have it requested again"));
}

absl::Status CheckRecordings(const v1::RequestGrantRequest& request, const v1::GrantRule& rule) {
  const int count = request.recording_ids_size();
  if (count == 0 || static_cast<uint32_t>(count) > rule.recordings_max()) {
    return absl::InvalidArgumentError(absl::StrCat("recording_ids: ", count, " of them, must be 1 to ", rule.recordings_max()));
  }
  std::set<std::string_view> seen;
  for (const std::string& id : request.recording_ids()) {
    if (absl::Status parsed = storage::RecordingId::Parse(id).status(); !parsed.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("recording_ids: ", std::string(parsed.message())));
    }
    if (!seen.insert(id).second) return absl::InvalidArgumentError("recording_ids: one is named twice; name each once");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckGrantRequest(const v1::RequestGrantRequest& request, const v1::GrantRule& rule) {
  if (absl::Status recordings = CheckRecordings(request, rule); !recordings.ok()) return recordings;
  if (request.hours() == 0 || request.hours() > rule.hours_max()) {
    return absl::InvalidArgumentError(absl::StrCat("hours: ", request.hours(), ", must be 1 to ", rule.hours_max()));
  }
  return CheckText("reason", request.reason(), kGrantReasonBytesMax);
}

v1::Grant AsOf(v1::Grant grant, absl::Time now) {
  const bool waited = grant.state() == v1::Grant::REQUESTED && now >= absl::FromUnixMillis(grant.requested_unix_ms()) + kGrantRequestLife;
  const bool ended = grant.state() == v1::Grant::ACTIVE && now >= absl::FromUnixMillis(grant.until_unix_ms());
  if (waited || ended) grant.set_state(v1::Grant::EXPIRED);
  return grant;
}

bool IsOpen(const v1::Grant& grant, absl::Time now) {
  const v1::Grant::State state = AsOf(grant, now).state();
  return state == v1::Grant::REQUESTED || state == v1::Grant::ACTIVE;
}

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
  grant.set_state(v1::Grant::REQUESTED);
  grant.set_requested_unix_ms(absl::ToUnixMillis(now));
  return Next(std::move(grant));
}

absl::StatusOr<v1::Grant> Approved(v1::Grant grant, uint64_t revision, const v1::Account& approver, absl::Time now) {
  if (absl::Status waits = CheckWaits(grant, now); !waits.ok()) return waits;
  if (grant.revision() != revision) {
    return absl::FailedPreconditionError("revision: the grant was changed since you looked at it; look again, then approve");
  }
  grant.set_state(v1::Grant::ACTIVE);
  grant.set_from_unix_ms(absl::ToUnixMillis(now));
  grant.set_until_unix_ms(absl::ToUnixMillis(now + absl::Hours(grant.hours())));
  return DecidedBy(std::move(grant), approver);
}

absl::StatusOr<v1::Grant> Refused(v1::Grant grant, const v1::Account& by, std::string_view reason, absl::Time now) {
  if (absl::Status waits = CheckWaits(grant, now); !waits.ok()) return waits;
  grant.set_state(v1::Grant::REFUSED);
  grant.set_ended_because(std::string(reason));
  return DecidedBy(std::move(grant), by);
}

absl::StatusOr<v1::Grant> Revoked(v1::Grant grant, const v1::Account& by, std::string_view reason, absl::Time now) {
  if (!IsOpen(grant, now)) return absl::FailedPreconditionError("id: over already");
  grant.set_state(v1::Grant::REVOKED);
  grant.set_revoked_by(by.name());
  grant.set_ended_because(std::string(reason));
  return Next(std::move(grant));
}

}  // namespace otokura::access
