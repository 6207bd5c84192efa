#include "server/access/caller.h"

namespace otokura::access {

absl::Status Caller::StillWelcome(absl::Time now) const {
  if (enrolled->suspended.load(std::memory_order_acquire)) {
    return absl::PermissionDeniedError("account: suspended; ask security staff to look into it");
  }
  if (now >= certificate_expiry) return absl::UnauthenticatedError("certificate: expired; ask the administrator for a new one");
  if (certificate_revoked != nullptr && certificate_revoked->load(std::memory_order_acquire)) {
    return absl::UnauthenticatedError("certificate: no longer accepted; ask the administrator for a new one");
  }
  const bool list_is_stale = revocation_list_stale != nullptr && revocation_list_stale->load(std::memory_order_acquire);
  if (list_is_stale && account().role() != v1::RECORDER) {
    return absl::UnauthenticatedError("certificate: the gateway's revocation list is out of date; ask the administrator to renew it");
  }
  return absl::OkStatus();
}

audit::Particulars Caller::Describe() const {
  audit::Particulars particulars;
  particulars.account = account().name();
  particulars.person = account().person_id();
  particulars.company = account().company();
  particulars.certificate = certificate_sha256_hex;
  particulars.address = address;
  return particulars;
}

}  // namespace otokura::access
