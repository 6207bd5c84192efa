#include "server/access/account_changes.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace otokura::access {
namespace {

v1::Account Next(v1::Account account) {
  account.set_revision(account.revision() + 1);
  return account;
}

absl::Status TooLate() {
  return absl::FailedPreconditionError(
      absl::StrCat("name: nobody confirmed it within ", kProposalDays, " days; have the administrator propose it again"));
}

}  // namespace

bool HasExpired(int64_t proposed_unix_ms, absl::Time now) { return now >= absl::FromUnixMillis(proposed_unix_ms) + kProposalLife; }

bool IsProposal(const v1::Account& account) {
  return account.role() != v1::RECORDER && !account.proposed_by().empty() && account.confirmed_by().empty();
}

bool IsAbandoned(const v1::Account& account, absl::Time now) {
  return IsProposal(account) && (account.state() == v1::Account::SUSPENDED || HasExpired(account.created_unix_ms(), now));
}

bool HasDuties(const v1::Account& account, absl::Time now) {
  return account.state() != v1::Account::SUSPENDED && !IsAbandoned(account, now);
}

std::string_view ProposerOf(const v1::Account& account) {
  if (IsProposal(account)) return account.proposed_by();
  return account.renewal().proposed_by();
}

v1::Account AsOf(v1::Account account, absl::Time now) {
  if (account.state() == v1::Account::PENDING && HasExpired(account.created_unix_ms(), now)) account.set_state(v1::Account::EXPIRED);
  if (account.has_renewal() && HasExpired(account.renewal().proposed_unix_ms(), now)) account.clear_renewal();
  return account;
}

v1::Account Proposed(v1::Account account, std::string_view proposer) {
  account.set_proposed_by(std::string(proposer));
  account.set_state(IsProposal(account) ? v1::Account::PENDING : v1::Account::ACTIVE);
  return Next(std::move(account));
}

absl::StatusOr<v1::Account> WithRenewal(v1::Account account, std::string spki_sha256, std::string_view proposer, absl::Time now) {
  if (IsProposal(account)) {
    return absl::FailedPreconditionError("name: waits to be confirmed itself; have security staff suspend it and propose it again");
  }
  if (account.spki_sha256() == spki_sha256) {
    return absl::FailedPreconditionError("certificate_pem: of the key that is enrolled; a new certificate for it needs no renewal");
  }
  if (account.role() == v1::RECORDER) {
    account.set_spki_sha256(std::move(spki_sha256));
    return Next(std::move(account));
  }
  v1::KeyRenewal* const renewal = account.mutable_renewal();
  renewal->set_spki_sha256(std::move(spki_sha256));
  renewal->set_proposed_by(std::string(proposer));
  renewal->set_proposed_unix_ms(absl::ToUnixMillis(now));
  return Next(std::move(account));
}

absl::StatusOr<v1::Account> Confirmed(v1::Account account, uint64_t revision, std::string_view confirmer, absl::Time now) {
  if (account.revision() != revision) {
    return absl::FailedPreconditionError("revision: the account was changed since you looked at it; look again, then confirm");
  }
  if (IsProposal(account)) {
    if (account.state() != v1::Account::PENDING) return absl::FailedPreconditionError("name: rejected; have it proposed again");
    if (HasExpired(account.created_unix_ms(), now)) return TooLate();
    account.set_state(v1::Account::ACTIVE);
  } else {
    if (!account.has_renewal()) return absl::FailedPreconditionError("name: nothing waits to be confirmed");
    if (HasExpired(account.renewal().proposed_unix_ms(), now)) return TooLate();
    account.set_spki_sha256(account.renewal().spki_sha256());
    account.clear_renewal();
  }
  account.set_confirmed_by(std::string(confirmer));
  return Next(std::move(account));
}

absl::StatusOr<v1::Account> Suspended(v1::Account account, std::string_view reason) {
  if (account.state() == v1::Account::SUSPENDED) return absl::FailedPreconditionError("name: suspended already");
  account.set_state(v1::Account::SUSPENDED);
  account.set_suspended_reason(std::string(reason));
  return Next(std::move(account));
}

absl::StatusOr<v1::Account> Restored(v1::Account account) {
  if (account.state() != v1::Account::SUSPENDED) return absl::FailedPreconditionError("name: not suspended");
  account.set_state(IsProposal(account) ? v1::Account::PENDING : v1::Account::ACTIVE);
  account.clear_suspended_reason();
  return Next(std::move(account));
}

}  // namespace otokura::access
