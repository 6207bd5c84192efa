#include "server/access/caller.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace otokura::access {
namespace {

Caller::Admission AdmissionOf(Standing standing) {
  switch (standing) {
    case Standing::kActive:
      return {};
    case Standing::kPending:
      return {"pending", absl::PermissionDeniedError("account: a second person must confirm it first; ask security staff")};
    case Standing::kSuspended:
      return {"suspended", absl::PermissionDeniedError("account: suspended; ask security staff to look into it")};
    case Standing::kKeyReplaced:
      return {"key-replaced", absl::UnauthenticatedError("certificate: its key was replaced; connect with the account's new one")};
  }
  return {"suspended", absl::PermissionDeniedError("account: not one that is let in; ask security staff to look into it")};
}

Caller::Admission ContractAdmission(const Enrolled& enrolled, absl::Time now) {
  if (enrolled.account.role() != v1::CONTRACTOR && enrolled.contract == nullptr) return {};
  const absl::Status in_force =
      enrolled.contract == nullptr ? absl::FailedPreconditionError("none is named") : enrolled.contract->InForce(now);
  if (in_force.ok()) return {};
  return {kContractRule, absl::PermissionDeniedError(absl::StrCat("account: its contract is not in force (",
                                                                  std::string(in_force.message()), "); ask the administrator"))};
}

bool IsSet(const std::shared_ptr<const std::atomic<bool>>& flag) { return flag != nullptr && flag->load(std::memory_order_acquire); }

}  // namespace

Caller::Admission Caller::AdmissionAt(absl::Time now) const {
  if (Admission standing = AdmissionOf(enrolled->standing->load(std::memory_order_acquire)); !standing.status.ok()) return standing;
  if (now >= certificate_expiry) {
    return {"expired", absl::UnauthenticatedError("certificate: expired; ask the administrator for a new one")};
  }
  if (IsSet(certificate_revoked)) {
    return {"revoked", absl::UnauthenticatedError("certificate: no longer accepted; ask the administrator for a new one")};
  }
  if (IsSet(revocation_list_stale) && account().role() != v1::RECORDER) {
    return {"revocation-list-stale",
            absl::UnauthenticatedError("certificate: the gateway's revocation list is out of date; ask the administrator to renew it")};
  }
  return ContractAdmission(*enrolled, now);
}

bool Caller::HasCentre(std::string_view centre) const {
  const auto& centres = account().centres();
  if (std::find(centres.begin(), centres.end(), centre) == centres.end()) return false;
  return enrolled->contract == nullptr || enrolled->contract->PermitsCentre(centre);
}

bool Caller::ContractPermits(std::string_view purpose) const {
  return enrolled->contract == nullptr || enrolled->contract->PermitsPurpose(purpose);
}

std::vector<ContractBudgets> Caller::Contracts() const {
  return enrolled->contract == nullptr ? std::vector<ContractBudgets>() : enrolled->contract->Chain();
}

audit::Particulars Caller::Describe() const {
  audit::Particulars particulars;
  particulars.account = account().name();
  particulars.person = account().person_id();
  particulars.company = account().company();
  particulars.certificate = certificate_sha256_hex;
  particulars.address = address;
  particulars.contract = account().contract();
  return particulars;
}

}  // namespace otokura::access
