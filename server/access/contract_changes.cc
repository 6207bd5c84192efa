#include "server/access/contract_changes.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/access/account_changes.h"

namespace otokura::access {
namespace {

v1::KeptContract Next(v1::KeptContract kept) {
  kept.set_revision(kept.revision() + 1);
  return kept;
}

v1::KeptContract ProposedBy(v1::KeptContract kept, std::string_view proposer, absl::Time now) {
  kept.set_proposed_by(std::string(proposer));
  kept.set_proposed_unix_ms(absl::ToUnixMillis(now));
  return Next(std::move(kept));
}

}  // namespace

bool IsProposal(const v1::KeptContract& kept) { return kept.confirmed_by().empty(); }

bool Waits(const v1::KeptContract& kept, absl::Time now) {
  const bool waits = kept.state() == v1::KeptContract::PENDING || (kept.state() == v1::KeptContract::CONFIRMED && kept.has_proposed());
  return waits && !HasExpired(kept.proposed_unix_ms(), now);
}

absl::StatusOr<v1::KeptContract> WithTerms(v1::KeptContract kept, const v1::Contract& terms, std::string_view proposer, absl::Time now) {
  if (IsProposal(kept)) {  // nobody holds it yet
    v1::KeptContract anew;
    anew.set_revision(kept.revision());
    anew.set_state(v1::KeptContract::PENDING);
    *anew.mutable_contract() = terms;
    return ProposedBy(std::move(anew), proposer, now);
  }
  if (kept.state() != v1::KeptContract::CONFIRMED) {
    return absl::FailedPreconditionError("contract.name: closed, which is for good; give the new contract another name");
  }
  if (terms.company() != kept.contract().company()) {
    return absl::InvalidArgumentError("contract.company: is never changed; make a contract of another name");
  }
  if (terms.parent() != kept.contract().parent()) {
    return absl::InvalidArgumentError("contract.parent: is never changed; make a contract of another name");
  }
  *kept.mutable_proposed() = terms;
  return ProposedBy(std::move(kept), proposer, now);
}

absl::StatusOr<v1::KeptContract> Confirmed(v1::KeptContract kept, uint64_t revision, std::string_view confirmer, absl::Time now) {
  if (kept.revision() != revision) {
    return absl::FailedPreconditionError("revision: the contract was changed since you looked at it; look again, then confirm");
  }
  if (!Waits(kept, now)) {
    return absl::FailedPreconditionError(
        absl::StrCat("name: nothing waits to be confirmed, or it did for more than ", kProposalDays, " days; have it proposed again"));
  }
  if (kept.has_proposed()) *kept.mutable_contract() = std::move(*kept.mutable_proposed());
  kept.clear_proposed();
  kept.set_state(v1::KeptContract::CONFIRMED);
  kept.set_confirmed_by(std::string(confirmer));
  return Next(std::move(kept));
}

absl::StatusOr<v1::KeptContract> Closed(v1::KeptContract kept, std::string_view closer) {
  if (kept.state() == v1::KeptContract::CLOSED) return absl::FailedPreconditionError("name: closed already");
  kept.set_state(v1::KeptContract::CLOSED);
  kept.clear_proposed();
  kept.set_closed_by(std::string(closer));
  return Next(std::move(kept));
}

}  // namespace otokura::access
