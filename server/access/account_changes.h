// What may become of an account, and when (DESIGN §8): pure functions from what it is to what it will be. Whoever may ask for a change is
// decided before.
#ifndef OTOKURA_SERVER_ACCESS_ACCOUNT_CHANGES_H_
#define OTOKURA_SERVER_ACCESS_ACCOUNT_CHANGES_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "otokura/v1/admin.pb.h"

namespace otokura::access {

// How long a proposal waits for a second person: over a week's holiday, and not so long that it is forgotten. The same for contracts.
inline constexpr int kProposalDays = 14;
inline constexpr absl::Duration kProposalLife = absl::Hours(24 * kProposalDays);

// Whether a proposal of that time waited for too long.
bool HasExpired(int64_t proposed_unix_ms, absl::Time now);

// Whether it never was anybody's yet: enrolled by one person, and confirmed by no second one.
bool IsProposal(const v1::Account& account);
// Whether its name may be proposed again: a proposal that was rejected, or that nobody confirmed in time.
bool IsAbandoned(const v1::Account& account, absl::Time now);
// Whether its person has, or may come to have, the duties of its role by it.
bool HasDuties(const v1::Account& account, absl::Time now);
// The account that proposed what waits to be confirmed; empty where nothing does.
std::string_view ProposerOf(const v1::Account& account);
// As it is shown: what waited for too long is EXPIRED, and a key that did is gone.
v1::Account AsOf(v1::Account account, absl::Time now);

// Each gives the account as it will be, its revision one higher, or FAILED_PRECONDITION with why it cannot.

// As it was enrolled by `proposer`. Of a machine that can read nothing back there is nothing to confirm.
v1::Account Proposed(v1::Account account, std::string_view proposer);
absl::StatusOr<v1::Account> WithRenewal(v1::Account account, std::string spki_sha256, std::string_view proposer, absl::Time now);
// `revision`: of what the second person looked at.
absl::StatusOr<v1::Account> Confirmed(v1::Account account, uint64_t revision, std::string_view confirmer, absl::Time now);
absl::StatusOr<v1::Account> Suspended(v1::Account account, std::string_view reason);
absl::StatusOr<v1::Account> Restored(v1::Account account);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_ACCOUNT_CHANGES_H_
