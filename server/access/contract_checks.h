// Whether a contract may be proposed as it was written: every field bounded and known (I10), and nothing wider than what is above it.
#ifndef OTOKURA_SERVER_ACCESS_CONTRACT_CHECKS_H_
#define OTOKURA_SERVER_ACCESS_CONTRACT_CHECKS_H_

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "otokura/v1/config.pb.h"
#include "otokura/v1/contract.pb.h"
#include "proto/policy/rules.h"
#include "server/access/contract.h"

namespace otokura::access {

inline constexpr int kContractCentresMax = 64;
inline constexpr int kContractPurposesMax = 64;
inline constexpr int kContractClausesMax = 32;
inline constexpr size_t kClauseNameBytesMax = 32;
inline constexpr int kContractYearsMax = 10;  // nobody knows today what is right in ten years: a longer one is made anew
inline constexpr int kClauseDaysMax = 400;    // once a year, and a month's grace

// YYYY-MM-DD and nothing else.
std::optional<absl::CivilDay> ParseDay(std::string_view text);
// In the time zone of the gateway's host, which is where the contract is kept to.
absl::Time StartOf(absl::CivilDay day);
absl::CivilDay DayOf(absl::Time time);
// When the clause's last confirmation is too old.
absl::Time ClauseCountsUntil(const v1::Clause& clause);

// INVALID_ARGUMENT naming the field. `parent` is the contract that it names, null where it names none. The rules say which clauses are
// demanded, what a contractor may be there for, and how large the budgets may be.
absl::Status CheckContract(const v1::Contract& contract, const Contract* parent, const policy::Rules& rules,
                           const v1::GatewayConfig& config, absl::Time now);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_CONTRACT_CHECKS_H_
