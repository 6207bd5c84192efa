#include "server/access/contract_checks.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/access/account_checks.h"

namespace otokura::access {
namespace {

using Names = google::protobuf::RepeatedPtrField<std::string>;

absl::Status Invalid(std::string_view field, std::string_view what) {
  return absl::InvalidArgumentError(std::string("contract.").append(field).append(": ").append(what));
}

absl::Status CheckNames(std::string_view field, const Names& names, int names_max) {
  if (names.empty() || names.size() > names_max) return Invalid(field, absl::StrCat(names.size(), " of them, must be 1 to ", names_max));
  std::set<std::string_view> seen;
  for (const std::string& name : names) {
    if (absl::Status text = CheckText(std::string("contract.").append(field), name, kNameBytesMax); !text.ok()) return text;
    if (!seen.insert(name).second) return Invalid(field, "one is named twice; name each once");
  }
  return absl::OkStatus();
}

absl::Status CheckPurposes(const v1::Contract& contract, const Contract* parent, const policy::Rules& rules) {
  if (absl::Status names = CheckNames("purposes", contract.purposes(), kContractPurposesMax); !names.ok()) return names;
  for (const std::string& purpose : contract.purposes()) {
    if (!rules.MayState(v1::CONTRACTOR, purpose)) return Invalid("purposes", "one is not a purpose that a contractor may state");
    if (parent != nullptr && !parent->PermitsPurpose(purpose)) return Invalid("purposes", "one is not among the parent's");
  }
  return absl::OkStatus();
}

absl::Status CheckCentres(const v1::Contract& contract, const Contract* parent, const v1::GatewayConfig& config) {
  if (absl::Status names = CheckNames("centres", contract.centres(), kContractCentresMax); !names.ok()) return names;
  for (const std::string& centre : contract.centres()) {
    const bool known = std::any_of(config.centres().begin(), config.centres().end(), [&](const auto& one) { return one.name() == centre; });
    if (!known) return Invalid("centres", "one is not a centre of this gateway; see its configuration");
    if (parent != nullptr && !parent->PermitsCentre(centre)) return Invalid("centres", "one is not among the parent's");
  }
  return absl::OkStatus();
}

absl::Status CheckPeriod(const v1::Contract& contract, const Contract* parent) {
  const std::optional<absl::CivilDay> first = ParseDay(contract.first_day()), last = ParseDay(contract.last_day());
  if (!first.has_value()) return Invalid("first_day", "must be a day as YYYY-MM-DD");
  if (!last.has_value()) return Invalid("last_day", "must be a day as YYYY-MM-DD");
  if (*last < *first) return Invalid("last_day", "before first_day");
  if (absl::CivilYear(*last) - absl::CivilYear(*first) > kContractYearsMax) {
    return Invalid("last_day", absl::StrCat("more than ", kContractYearsMax, " years after first_day; make a new contract by then"));
  }
  if (parent == nullptr) return absl::OkStatus();
  const std::shared_ptr<const v1::KeptContract> above = parent->kept();
  if (*first >= *ParseDay(above->contract().first_day()) && *last <= *ParseDay(above->contract().last_day())) return absl::OkStatus();
  return Invalid("last_day", "the period must lie within the parent's");
}

absl::Status CheckBudgets(const v1::Contract& contract, const Contract* parent, const policy::Rules& rules) {
  std::set<int> windows;
  std::vector<v1::Budget> own;
  for (const v1::Budget& budget : contract.budgets()) {
    if (budget.window() == v1::WINDOW_UNSPECIFIED || !v1::Window_IsValid(budget.window())) return Invalid("budgets", "one has no window");
    if (!windows.insert(budget.window()).second) return Invalid("budgets", "a window stands twice; put its limits together");
    own.push_back(budget);
  }
  const auto& most = rules.contracts().budgets();
  const std::vector<v1::Budget> above =
      parent == nullptr ? std::vector<v1::Budget>(most.begin(), most.end()) : parent->Chain().front().budgets;
  const std::vector<v1::Budget> least = Smaller(own, above);
  for (size_t i = 0; i < own.size(); ++i) {
    // A limit that comes out smaller than it was stated is larger than what is above it, the parent's or the policy's; one that was not
    // stated may come from there.
    const v1::Budget& stated = own[i];
    const v1::Budget& smaller = least[i];
    const bool larger = (stated.has_recordings() && smaller.recordings() < stated.recordings()) ||
                        (stated.has_callers() && smaller.callers() < stated.callers()) ||
                        (stated.has_audio_bytes() && smaller.audio_bytes() < stated.audio_bytes()) ||
                        (stated.has_search_terms() && smaller.search_terms() < stated.search_terms()) ||
                        (stated.has_rows() && smaller.rows() < stated.rows());
    if (larger)
      return Invalid("budgets", "one is larger than what is above it, the parent's or the policy's; a sub-contract's can only be smaller");
  }
  return absl::OkStatus();
}

bool IsClauseName(std::string_view name) {
  if (name.empty() || name.size() > kClauseNameBytesMax) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

absl::Status CheckClauses(const v1::Contract& contract, const policy::Rules& rules, absl::Time now) {
  if (contract.clauses_size() > kContractClausesMax) {
    return Invalid("clauses", absl::StrCat(contract.clauses_size(), " of them, at most ", kContractClausesMax));
  }
  std::set<std::string_view> seen;
  for (const v1::Clause& clause : contract.clauses()) {
    if (!IsClauseName(clause.name())) return Invalid("clauses.name", "must be 1 to 32 of a-z 0-9 -");
    if (!seen.insert(clause.name()).second) return Invalid("clauses.name", "one stands twice; name each once");
    const std::optional<absl::CivilDay> confirmed = ParseDay(clause.confirmed_on());
    if (!confirmed.has_value()) return Invalid("clauses.confirmed_on", "must be a day as YYYY-MM-DD");
    if (*confirmed > DayOf(now))
      return Invalid("clauses.confirmed_on", "in the future; state the day on which it was seen in the document");
  }
  for (const std::string& demanded : rules.contracts().clauses()) {
    const bool fresh = std::any_of(contract.clauses().begin(), contract.clauses().end(),
                                   [&](const v1::Clause& clause) { return clause.name() == demanded && ClauseCountsUntil(clause) > now; });
    if (fresh) continue;
    return Invalid("clauses", absl::StrCat("must have ", demanded, ", confirmed within the last ", kClauseDaysMax, " days"));
  }
  return absl::OkStatus();
}

absl::Status CheckParent(const v1::Contract& contract, const Contract* parent) {
  if (parent == nullptr) return absl::OkStatus();
  if (parent->kept()->state() != v1::KeptContract::CONFIRMED) {
    return Invalid("parent", "not confirmed, or closed; have it confirmed first");
  }
  if (parent->Chain().size() < kContractChainMax) return absl::OkStatus();
  return Invalid("parent",
                 absl::StrCat("has ", kContractChainMax - 1, " contracts above it; there may be ", kContractChainMax, " in a row"));
}

}  // namespace

std::optional<absl::CivilDay> ParseDay(std::string_view text) {
  absl::CivilDay day;
  if (!absl::ParseCivilTime(absl::string_view(text.data(), text.size()), &day)) return std::nullopt;
  if (absl::FormatCivilTime(day) != absl::string_view(text.data(), text.size())) return std::nullopt;  // spaces, "2026-4-1"
  return day;
}

absl::Time StartOf(absl::CivilDay day) { return absl::FromCivil(day, absl::LocalTimeZone()); }
absl::CivilDay DayOf(absl::Time time) { return absl::ToCivilDay(time, absl::LocalTimeZone()); }

absl::Time ClauseCountsUntil(const v1::Clause& clause) {
  const std::optional<absl::CivilDay> confirmed = ParseDay(clause.confirmed_on());
  return confirmed.has_value() ? StartOf(*confirmed + kClauseDaysMax + 1) : absl::InfinitePast();
}

absl::Status CheckContract(const v1::Contract& contract, const Contract* parent, const policy::Rules& rules,
                           const v1::GatewayConfig& config, absl::Time now) {
  if (!IsAccountName(contract.name())) {
    return Invalid("name", "must be 1 to 63 of a-z 0-9 . _ - and start with a letter or digit");
  }
  if (absl::Status company = CheckText("contract.company", contract.company(), kNameBytesMax); !company.ok()) return company;
  if (absl::Status person = CheckText("contract.responsible", contract.responsible(), kNameBytesMax); !person.ok()) return person;
  if (absl::Status above = CheckParent(contract, parent); !above.ok()) return above;
  if (absl::Status period = CheckPeriod(contract, parent); !period.ok()) return period;
  if (absl::Status purposes = CheckPurposes(contract, parent, rules); !purposes.ok()) return purposes;
  if (absl::Status centres = CheckCentres(contract, parent, config); !centres.ok()) return centres;
  if (absl::Status budgets = CheckBudgets(contract, parent, rules); !budgets.ok()) return budgets;
  return CheckClauses(contract, rules, now);
}

}  // namespace otokura::access
