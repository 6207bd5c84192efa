// What one requests and another decides, and what then ends by itself (DESIGN §8): grants and exports have the fields for it in common.
// Pure functions from what is kept to what will be. Whoever may ask for a change is decided before.
#ifndef OTOKURA_SERVER_ACCESS_APPROVAL_H_
#define OTOKURA_SERVER_ACCESS_APPROVAL_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "otokura/v1/admin.pb.h"

namespace otokura::access::approval {

inline constexpr size_t kReasonBytesMax = 256;  // grant.proto, export.proto
// How long a request waits: over a long weekend, and not so long that what it was for is forgotten.
inline constexpr int kRequestDays = 7;
inline constexpr absl::Duration kRequestLife = absl::Hours(24 * kRequestDays);

// As it is shown: what ended by itself is EXPIRED.
template <typename Kept>
Kept AsOf(Kept kept, absl::Time now) {
  const bool waited = kept.state() == Kept::REQUESTED && now >= absl::FromUnixMillis(kept.requested_unix_ms()) + kRequestLife;
  const bool ended = kept.state() == Kept::ACTIVE && now >= absl::FromUnixMillis(kept.until_unix_ms());
  if (waited || ended) kept.set_state(Kept::EXPIRED);
  return kept;
}

template <typename Kept>
bool Waits(const Kept& kept, absl::Time now) {
  return kept.state() == Kept::REQUESTED && now < absl::FromUnixMillis(kept.requested_unix_ms()) + kRequestLife;
}
template <typename Kept>
bool IsActive(const Kept& kept, absl::Time now) {
  return kept.state() == Kept::ACTIVE && now >= absl::FromUnixMillis(kept.from_unix_ms()) &&
         now < absl::FromUnixMillis(kept.until_unix_ms());
}
// Whether it waits or is not over yet.
template <typename Kept>
bool IsOpen(const Kept& kept, absl::Time now) {
  return Waits(kept, now) || (kept.state() == Kept::ACTIVE && now < absl::FromUnixMillis(kept.until_unix_ms()));
}

template <typename Kept>
Kept Next(Kept kept) {
  kept.set_revision(kept.revision() + 1);
  return kept;
}

template <typename Kept>
Kept Requested(Kept kept, absl::Time now) {
  kept.set_state(Kept::REQUESTED);
  kept.set_requested_unix_ms(absl::ToUnixMillis(now));
  return Next(std::move(kept));
}

template <typename Kept>
Kept DecidedBy(Kept kept, const v1::Account& by) {
  kept.set_decided_by(by.name());
  kept.set_decided_by_person(by.person_id());
  kept.set_decided_by_role(by.role());
  return Next(std::move(kept));
}

template <typename Kept>
absl::Status CheckWaits(const Kept& kept, absl::Time now) {
  if (Waits(kept, now)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("id: decided already, withdrawn, or older than ", kRequestDays, " days; have it requested again"));
}

// Each gives what will be kept, its revision one higher, or FAILED_PRECONDITION with why not. `revision`: of what the approver looked at.

template <typename Kept>
absl::StatusOr<Kept> Approved(Kept kept, uint64_t revision, const v1::Account& approver, absl::Time now) {
  if (absl::Status waits = CheckWaits(kept, now); !waits.ok()) return waits;
  if (kept.revision() != revision)
    return absl::FailedPreconditionError("revision: it was changed since you looked at it; look again, then approve");
  kept.set_state(Kept::ACTIVE);
  kept.set_from_unix_ms(absl::ToUnixMillis(now));
  kept.set_until_unix_ms(absl::ToUnixMillis(now + absl::Hours(kept.hours())));
  return DecidedBy(std::move(kept), approver);
}

template <typename Kept>
absl::StatusOr<Kept> Refused(Kept kept, const v1::Account& by, std::string_view reason, absl::Time now) {
  if (absl::Status waits = CheckWaits(kept, now); !waits.ok()) return waits;
  kept.set_state(Kept::REFUSED);
  kept.set_ended_because(std::string(reason));
  return DecidedBy(std::move(kept), by);
}

template <typename Kept>
absl::StatusOr<Kept> Revoked(Kept kept, const v1::Account& by, std::string_view reason, absl::Time now) {
  if (!IsOpen(kept, now)) return absl::FailedPreconditionError("id: over already");
  kept.set_state(Kept::REVOKED);
  kept.set_revoked_by(by.name());
  kept.set_ended_because(std::string(reason));
  return Next(std::move(kept));
}

}  // namespace otokura::access::approval

#endif  // OTOKURA_SERVER_ACCESS_APPROVAL_H_
