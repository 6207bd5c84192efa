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
