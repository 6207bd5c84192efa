// What may become of a contract, and when (DESIGN §8): pure functions from what is kept of it to what will be. Whoever may ask for a change
// is decided before, and what a contract says was checked before (contract_checks.h).
#ifndef OTOKURA_SERVER_ACCESS_CONTRACT_CHANGES_H_
#define OTOKURA_SERVER_ACCESS_CONTRACT_CHANGES_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "otokura/v1/contract.pb.h"

namespace otokura::access {

// Whether it never was in force: proposed by one person, and confirmed by no second one.
bool IsProposal(const v1::KeptContract& kept);
// Whether something waits to be confirmed: the contract itself or other terms for it.
bool Waits(const v1::KeptContract& kept, absl::Time now);

// Each gives what will be kept, its revision one higher, or FAILED_PRECONDITION with why not.

// A contract that is new, or other terms for `kept`. INVALID_ARGUMENT where these name another company or parent.
absl::StatusOr<v1::KeptContract> WithTerms(v1::KeptContract kept, const v1::Contract& terms, std::string_view proposer, absl::Time now);
// `revision`: of what the second person looked at.
absl::StatusOr<v1::KeptContract> Confirmed(v1::KeptContract kept, uint64_t revision, std::string_view confirmer, absl::Time now);
absl::StatusOr<v1::KeptContract> Closed(v1::KeptContract kept, std::string_view closer);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_CONTRACT_CHANGES_H_
