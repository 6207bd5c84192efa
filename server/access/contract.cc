#include "server/access/contract.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/access/contract_checks.h"
#include "server/access/egress/budgets.h"

namespace otokura::access {
namespace {

absl::Status NotInForce(std::string why) { return absl::FailedPreconditionError(why); }

void TakeSmaller(const v1::Budget& from, v1::Budget* into) {
  if (from.has_recordings() && !(into->has_recordings() && into->recordings() <= from.recordings()))
    into->set_recordings(from.recordings());
  if (from.has_callers() && !(into->has_callers() && into->callers() <= from.callers())) into->set_callers(from.callers());
  if (from.has_audio_bytes() && !(into->has_audio_bytes() && into->audio_bytes() <= from.audio_bytes()))
    into->set_audio_bytes(from.audio_bytes());
  if (from.has_search_terms() && !(into->has_search_terms() && into->search_terms() <= from.search_terms()))
    into->set_search_terms(from.search_terms());
  if (from.has_rows() && !(into->has_rows() && into->rows() <= from.rows())) into->set_rows(from.rows());
}

template <typename List>
bool Lists(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

// What is asked at every message is worked out once.
struct Contract::Terms {
  v1::KeptContract kept;
  absl::Time begin, end;
  std::vector<std::pair<std::string, absl::Time>> clauses;  // each with the time until which its confirmation counts

  explicit Terms(v1::KeptContract stored) : kept(std::move(stored)) {
    const v1::Contract& contract = kept.contract();
    begin = StartOf(ParseDay(contract.first_day()).value_or(absl::CivilDay::max()));
    end = StartOf(ParseDay(contract.last_day()).value_or(absl::CivilDay::min()) + 1);
    for (const v1::Clause& clause : contract.clauses()) clauses.emplace_back(clause.name(), ClauseCountsUntil(clause));
  }

  absl::Status InForce(const policy::Rules& rules, absl::Time now) const {
    if (kept.state() == v1::KeptContract::PENDING) return NotInForce("waits to be confirmed by a second person");
    if (kept.state() != v1::KeptContract::CONFIRMED) return NotInForce("closed");
    if (now < begin) return NotInForce(absl::StrCat("begins on ", kept.contract().first_day()));
    if (now >= end) return NotInForce(absl::StrCat("ended on ", kept.contract().last_day()));
    const auto is_fresh = [&](std::string_view demanded) {
      return std::any_of(clauses.begin(), clauses.end(), [&](const auto& one) { return one.first == demanded && now < one.second; });
    };
    for (const std::string& demanded : rules.contracts().clauses()) {
      if (is_fresh(demanded)) continue;
      return NotInForce(absl::StrCat("clause ", demanded, " was not confirmed within ", kClauseDaysMax, " days"));
    }
    return absl::OkStatus();
  }
};

Contract::Contract(v1::KeptContract kept, std::shared_ptr<const Contract> parent, const PolicyInForce* policy)
    : parent_(std::move(parent)), policy_(policy), terms_(std::make_shared<const Terms>(std::move(kept))) {}

std::shared_ptr<const Contract::Terms> Contract::terms() const {
  absl::MutexLock lock(&mutex_);
  return terms_;
}

std::shared_ptr<const v1::KeptContract> Contract::kept() const {
  std::shared_ptr<const Terms> now = terms();
  return {now, &now->kept};
}

void Contract::Adopt(v1::KeptContract kept) {
  auto adopted = std::make_shared<const Terms>(std::move(kept));
  absl::MutexLock lock(&mutex_);
  if (terms_->kept.revision() < adopted->kept.revision()) terms_ = std::move(adopted);
}

absl::Status Contract::InForce(absl::Time now) const {
  const std::shared_ptr<const policy::Rules> rules = policy_->Get();
  if (absl::Status own = terms()->InForce(*rules, now); !own.ok()) return own;
  for (const Contract* above = parent_.get(); above != nullptr; above = above->parent_.get()) {
    if (absl::Status status = above->terms()->InForce(*rules, now); !status.ok()) {
      return NotInForce(absl::StrCat("a contract above it: ", std::string(status.message())));
    }
  }
  return absl::OkStatus();
}

bool Contract::PermitsPurpose(std::string_view purpose) const {
  for (const Contract* one = this; one != nullptr; one = one->parent_.get()) {
    if (!Lists(one->terms()->kept.contract().purposes(), purpose)) return false;
  }
  return true;
}

bool Contract::PermitsCentre(std::string_view centre) const {
  for (const Contract* one = this; one != nullptr; one = one->parent_.get()) {
    if (!Lists(one->terms()->kept.contract().centres(), centre)) return false;
  }
  return true;
}

std::vector<ContractBudgets> Contract::Chain() const { return ChainUnder(*this, *policy_->Get()); }

std::vector<v1::Budget> Smaller(const std::vector<v1::Budget>& own, const std::vector<v1::Budget>& above) {
  std::vector<v1::Budget> smaller = own;
  for (const v1::Budget& budget : above) {
    const auto same = std::find_if(smaller.begin(), smaller.end(), [&](const v1::Budget& one) { return one.window() == budget.window(); });
    if (same == smaller.end()) {
      smaller.push_back(budget);
    } else {
      TakeSmaller(budget, &*same);
    }
  }
  return smaller;
}

}  // namespace otokura::access
