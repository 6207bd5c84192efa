#include "server/incidents/fair_share.h"

#include <algorithm>

namespace otokura::incidents {
namespace {

bool IsUnder(const access::Enrolled& enrolled, const std::string& contract) {
  if (enrolled.contract == nullptr) return false;
  const auto chain = enrolled.contract->Chain();
  return std::any_of(chain.begin(), chain.end(), [&](const access::ContractBudgets& one) { return one.name == contract; });
}

bool IsOf(const access::Enrolled& enrolled, const std::string& centre) {
  const auto& centres = enrolled.account.centres();
  return enrolled.account.role() != v1::RECORDER && std::find(centres.begin(), centres.end(), centre) != centres.end();
}

}  // namespace

bool IsOverFairShare(uint64_t own_use, uint64_t budget, uint64_t accounts) { return own_use > budget / std::max<uint64_t>(accounts, 1); }

uint64_t FairShare::Sharers(const access::BudgetRefusal& refusal, absl::Duration now) {
  const bool is_contract = refusal.of == access::SubjectKind::kContract;
  const std::string key = (is_contract ? "contract/" : "centre/") + refusal.name;
  const auto found = counted_.find(key);
  if (found != counted_.end() && now - found->second.at < kSharersCountedFor) return found->second.accounts;
  if (counted_.size() >= kSharedBudgetsMax) counted_.clear();
  const uint64_t accounts = directory_->CountActive(
      [&](const access::Enrolled& enrolled) { return is_contract ? IsUnder(enrolled, refusal.name) : IsOf(enrolled, refusal.name); });
  counted_[key] = {accounts, now};
  return accounts;
}

bool FairShare::IsExceeded(const access::BudgetRefusal& refusal, absl::Duration now) {
  if (refusal.of != access::SubjectKind::kContract && refusal.of != access::SubjectKind::kCentre) return true;
  return IsOverFairShare(refusal.own_use, refusal.maximum, Sharers(refusal, now));
}

}  // namespace otokura::incidents
