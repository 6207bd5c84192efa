// README's tables are what decisions are compared with, cell by cell: neither the shipped policy nor the table changes alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/policy/duties.h"
#include "server/access/gate.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::policy {
namespace {

using Row = std::vector<std::string>;

Row Cells(const std::string& line) {
  Row cells = absl::StrSplit(line, '|');
  cells.erase(cells.begin());
  cells.pop_back();
  for (std::string& cell : cells) absl::StripAsciiWhitespace(&cell);
  return cells;
}

// The table whose header begins with this cell; its header is the first row.
std::vector<Row> Table(const std::string& first_cell) {
  const char* const source = std::getenv("OTOKURA_SOURCE_DIR");
  std::ifstream readme(std::string(source == nullptr ? "." : source) + "/README.md");
  std::vector<Row> rows;
  for (std::string line; std::getline(readme, line);) {
    const bool is_row = !line.empty() && line.front() == '|';
    if (rows.empty() && (!is_row || Cells(line).front() != first_cell)) continue;
    if (!is_row) break;
    if (line.find("| --- |") == std::string::npos) rows.push_back(Cells(line));
  }
  EXPECT_GT(rows.size(), 1u) << "README has no table '" << first_cell << "'";
  return rows;
}

std::vector<std::string> Words(const std::string& cell) {
  return cell.empty() ? std::vector<std::string>() : std::vector<std::string>(absl::StrSplit(cell, ", "));
}

v1::Scope ScopeNamed(const std::string& word) {
  if (word == "own") return v1::OWN;
  if (word == "centre") return v1::CENTRE;
  if (word == "all") return v1::ALL;
  EXPECT_EQ(word, "");
  return v1::SCOPE_UNSPECIFIED;
}

// What README says.
struct Documented {
  std::map<std::pair<std::string, std::string>, v1::Scope> scopes;  // action, role
  std::map<std::string, std::set<std::string>> purposes;            // roles that may state it
  Documented() {
    const std::vector<Row> table = Table("action");
    for (size_t row = 1; row < table.size(); ++row) {
      EXPECT_EQ(table[row].size(), table[0].size()) << table[row][0];
      for (size_t column = 1; column < table[row].size(); ++column)
        scopes[{table[row][0], table[0][column]}] = ScopeNamed(table[row][column]);
    }
    for (const Row& row : Table("purpose")) {
      const std::vector<std::string> roles = Words(row[1]);
      if (row[0] != "purpose") purposes[row[0]] = {roles.begin(), roles.end()};
    }
  }
  v1::Scope ScopeOf(v1::Role role, Action action) const {
    const auto cell = scopes.find({std::string(ActionName(action)), std::string(RoleName(role))});
    return cell == scopes.end() ? v1::SCOPE_UNSPECIFIED : cell->second;
  }
};

// A contractor's alone: everybody else is under none.
enum class ContractIs { kInForce, kEnded };
enum class GrantIs {
  kNone,
  kActive,
  kRequested,
  kRefused,
  kRevoked,
  kEnded,
  kOfAnotherRecording,
  kForAnotherPurpose,
  kForAnotherAccount,
  kUnderAnotherContract
};
constexpr GrantIs kEveryGrant[] = {GrantIs::kNone,
                                   GrantIs::kActive,
                                   GrantIs::kRequested,
                                   GrantIs::kRefused,
                                   GrantIs::kRevoked,
                                   GrantIs::kEnded,
                                   GrantIs::kOfAnotherRecording,
                                   GrantIs::kForAnotherPurpose,
                                   GrantIs::kForAnotherAccount,
                                   GrantIs::kUnderAnotherContract};

storage::RecordingId RecordingOf(int number) {
  return storage::RecordingId::Make(absl::FromUnixMillis(number), std::string(10, static_cast<char>(number)));
}

std::shared_ptr<const access::Contract> ContractThat(ContractIs state) {
  static const access::PolicyInForce kShipped(ShippedRules());
  v1::KeptContract kept;
  kept.set_state(state == ContractIs::kInForce ? v1::KeptContract::CONFIRMED : v1::KeptContract::CLOSED);
  v1::Contract* const terms = kept.mutable_contract();
  terms->set_name("maintenance");
  terms->set_first_day("1969-12-01");
  terms->set_last_day("1970-02-01");
  terms->add_purposes("maintenance");
  terms->add_centres("Tokyo");
  for (const std::string& clause : ShippedRules()->contracts().clauses()) {
    v1::Clause* const confirmed = terms->add_clauses();
    confirmed->set_name(clause);
    confirmed->set_confirmed_on("1969-11-01");
  }
  return std::make_shared<access::Contract>(std::move(kept), nullptr, &kShipped);
}

std::shared_ptr<const access::Grant> GrantThat(GrantIs is) {
  if (is == GrantIs::kNone) return nullptr;
  v1::Grant grant;
  grant.set_id(RecordingOf(9).Text());
  grant.set_account(is == GrantIs::kForAnotherAccount ? "somebody-else" : "somebody");
  grant.set_person_id("person");
  grant.set_contract(is == GrantIs::kUnderAnotherContract ? "maintenance-2" : "maintenance");
  grant.add_recording_ids(RecordingOf(is == GrantIs::kOfAnotherRecording ? 2 : 1).Text());
  grant.mutable_justification()->set_purpose(is == GrantIs::kForAnotherPurpose ? "inspection" : "maintenance");
  grant.set_state(is == GrantIs::kRequested ? v1::Grant::REQUESTED
                  : is == GrantIs::kRefused ? v1::Grant::REFUSED
                  : is == GrantIs::kRevoked ? v1::Grant::REVOKED
                                            : v1::Grant::ACTIVE);
  grant.set_from_unix_ms(is == GrantIs::kEnded ? -3'600'000 : 0);
  grant.set_until_unix_ms(is == GrantIs::kEnded ? 0 : 1);
  return access::MakeGrant(std::move(grant));
}

access::Caller CallerOf(v1::Role role, v1::Scope narrowed, const std::shared_ptr<const access::Contract>& contract) {
  auto enrolled = std::make_shared<access::Enrolled>();
  enrolled->account.set_name("somebody");
  enrolled->account.set_role(role);
  enrolled->account.set_person_id("person");
  enrolled->account.set_scope(narrowed);
  enrolled->account.add_centres("Tokyo");
  if (role == v1::CONTRACTOR) enrolled->account.set_contract("maintenance");
  if (role == v1::CONTRACTOR) enrolled->contract = contract;
  return {enrolled, "", "", absl::InfiniteFuture(), "", nullptr};
}

// Where a recording lies, from nearest to farthest: one's own, of one's centre, of another, nowhere.
enum class Place { kOwn, kCentre, kElsewhere, kNowhere };

struct Cell {
  v1::Role role;
  Action action;
  v1::Scope narrowed;
  std::string purpose;
  Place place;
  ContractIs contract = ContractIs::kInForce;
  GrantIs grant = GrantIs::kNone;
};

access::Ask AskOf(const Cell& cell) {
  access::Ask ask;
  ask.action = cell.action;
  ask.term = v1::CALLER_NUMBER;
  ask.justification.set_purpose(cell.purpose);
  if (!cell.purpose.empty()) ask.justification.set_reference("CASE-1");
  if (cell.place == Place::kNowhere) return ask;
  ask.resource.emplace();
  ask.resource->id = RecordingOf(1);
  ask.resource->centre = cell.place == Place::kElsewhere ? "Osaka" : "Tokyo";
  ask.resource->own = cell.place == Place::kOwn;
  return ask;
}

// From README and the words around its tables alone.
bool Expected(const Documented& readme, const Cell& cell) {
  const std::set<Action> about_a_recording = {Action::kShow, Action::kShowPersonal, Action::kListen, Action::kDownload,
                                              Action::kRequestExport};
  if (cell.role == v1::CONTRACTOR && cell.contract != ContractIs::kInForce) return false;
  v1::Scope scope = readme.ScopeOf(cell.role, cell.action);
  if (scope == v1::SCOPE_UNSPECIFIED || cell.action == Action::kRecord) return false;
  const std::set<Action> of_more = {Action::kSearch, Action::kSearchPersonal, Action::kApproveGrant, Action::kApproveExport};
  const bool is_of_recordings = about_a_recording.count(cell.action) > 0 || of_more.count(cell.action) > 0;
  if (cell.narrowed != v1::SCOPE_UNSPECIFIED) scope = std::min(scope, cell.narrowed);
  if (!is_of_recordings && scope != v1::ALL) return false;
  const bool demands_reason =
      about_a_recording.count(cell.action) > 0 || cell.action == Action::kSearchPersonal || cell.action == Action::kRequestGrant;
  if (cell.purpose.empty() && demands_reason) return false;
  if (!cell.purpose.empty()) {
    const auto purpose = readme.purposes.find(cell.purpose);
    if (purpose == readme.purposes.end() || purpose->second.count(std::string(RoleName(cell.role))) == 0) return false;
  }
  if (cell.role == v1::CONTRACTOR && about_a_recording.count(cell.action) > 0 && cell.grant != GrantIs::kActive) return false;
  if (cell.action == Action::kMakeReceipt) return cell.place != Place::kNowhere;
  if (about_a_recording.count(cell.action) == 0) return true;
  return (cell.place == Place::kOwn) || (cell.place == Place::kCentre && scope >= v1::CENTRE) ||
         (cell.place == Place::kElsewhere && scope == v1::ALL);
}

struct States {
  ContractIs contract;
  GrantIs grant;
};
std::vector<States> StatesOf(v1::Role role) {
  if (role != v1::CONTRACTOR) return {{ContractIs::kInForce, GrantIs::kNone}};
  std::vector<States> states;
  for (const ContractIs contract : {ContractIs::kInForce, ContractIs::kEnded}) {
    for (const GrantIs grant : kEveryGrant) states.push_back({contract, grant});
  }
  return states;
}

// Compares every purpose and place, and gives how many were allowed.
int Compare(const Documented& readme, const Cell& first, const std::vector<std::string>& purposes) {
  const access::Caller caller = CallerOf(first.role, first.narrowed, ContractThat(first.contract));
  const std::shared_ptr<const access::Grant> grant = GrantThat(first.grant);
  int allowed = 0;
  for (const std::string& purpose : purposes) {
    for (const Place place : {Place::kOwn, Place::kCentre, Place::kElsewhere, Place::kNowhere}) {
      Cell cell = first;
      cell.purpose = purpose;
      cell.place = place;
      const auto decision = access::Decide(*ShippedRules(), caller, AskOf(cell), absl::UnixEpoch(), grant);
      EXPECT_EQ(decision.allowed, Expected(readme, cell))
          << RoleName(cell.role) << " " << ActionName(cell.action) << " narrowed to " << v1::Scope_Name(cell.narrowed) << " for '"
          << purpose << "' at place " << static_cast<int>(place) << ", contract " << static_cast<int>(cell.contract) << ", grant "
          << static_cast<int>(cell.grant) << ": " << decision.refusal;
      EXPECT_EQ(decision.refusal.ok(), decision.allowed);
      allowed += decision.allowed;
    }
  }
  return allowed;
}

TEST(ReadmeTest, I6_EveryRoleActionScopePurposeContractAndGrantIsDecidedAsTheTableSays) {
  const Documented readme;
  std::vector<std::string> purposes = {"", "curiosity", "Inquiry"};
  for (const auto& [purpose, roles] : readme.purposes) purposes.push_back(purpose);
  EXPECT_EQ(purposes.size(), 8u);
  std::map<v1::Role, int> allowed;
  for (const v1::Role role : kEveryRole) {
    for (int action = 0; action < kActions; ++action) {
      for (const v1::Scope narrowed : {v1::SCOPE_UNSPECIFIED, v1::OWN, v1::CENTRE, v1::ALL}) {
        for (const States& states : StatesOf(role)) {
          const Cell first{role, static_cast<Action>(action), narrowed, "", Place::kNowhere, states.contract, states.grant};
          allowed[role] += Compare(readme, first, purposes);
        }
      }
    }
  }
  for (const v1::Role role : {v1::OPERATOR, v1::SUPERVISOR, v1::CONTRACTOR}) EXPECT_GT(allowed[role], 5) << RoleName(role);
}

TEST(ReadmeTest, I6_TheTableHasEveryRoleAndEveryActionAndNoOther) {
  const std::vector<Row> table = Table("action");
  Row header = {"action"};
  for (const v1::Role role : kEveryRole) header.emplace_back(RoleName(role));
  EXPECT_EQ(table[0], header);
  std::set<std::string> documented, known;
  for (size_t row = 1; row < table.size(); ++row) EXPECT_TRUE(documented.insert(table[row][0]).second) << table[row][0];
  for (int action = 0; action < kActions; ++action) EXPECT_TRUE(known.emplace(ActionName(static_cast<Action>(action))).second);
  EXPECT_EQ(documented, known);
  for (const v1::Role role : kEveryRole) {
    for (int action = 0; action < kActions; ++action)
      EXPECT_EQ(ShippedRules()->ScopeOf(role, static_cast<Action>(action)), Documented().ScopeOf(role, static_cast<Action>(action)));
  }
}

TEST(ReadmeTest, PurposesWithTheirReferences) {
  std::vector<Row> shipped = {{"purpose", "may be stated by", "needs a case", "reference"}};
  for (const v1::PurposeRule& purpose : ShippedRules()->policy().purposes()) {
    Row roles;
    for (const int role : purpose.roles()) roles.emplace_back(RoleName(static_cast<v1::Role>(role)));
    Row with_case;
    for (const int role : purpose.case_demanded_of()) with_case.emplace_back(RoleName(static_cast<v1::Role>(role)));
    shipped.push_back(
        {purpose.name(), absl::StrJoin(roles, ", "), absl::StrJoin(with_case, ", "), absl::StrCat("`", purpose.reference_pattern(), "`")});
  }
  EXPECT_EQ(Table("purpose"), shipped);
}

std::string BudgetCell(const google::protobuf::RepeatedPtrField<v1::Budget>& budgets, v1::Window window) {
  Row limits;
  for (const v1::Budget& budget : budgets) {
    if (budget.window() != window) continue;
    if (budget.has_recordings()) limits.push_back(absl::StrCat(budget.recordings(), " recordings"));
    if (budget.has_callers()) limits.push_back(absl::StrCat(budget.callers(), " callers"));
    if (budget.has_audio_bytes()) limits.push_back(absl::StrCat(budget.audio_bytes() / 1'000'000, " MB"));
    if (budget.has_search_terms()) limits.push_back(absl::StrCat(budget.search_terms(), " search terms"));
    if (budget.has_rows()) limits.push_back(absl::StrCat(budget.rows(), " rows"));
  }
  return absl::StrJoin(limits, ", ");
}

TEST(ReadmeTest, Budgets) {
  std::vector<Row> shipped = {{"of each", "1 hour", "1 day", "30 days", "365 days"}};
  const auto add = [&shipped](std::string whose, const google::protobuf::RepeatedPtrField<v1::Budget>& budgets) {
    Row row = {std::move(whose)};
    for (const v1::Window window : {v1::HOUR, v1::DAY, v1::DAYS_30, v1::DAYS_365}) row.push_back(BudgetCell(budgets, window));
    shipped.push_back(row);
  };
  for (const v1::RoleRule& rule : ShippedRules()->policy().roles()) {
    if (!rule.budgets().empty()) add(std::string(RoleName(rule.role())), rule.budgets());
  }
  add("contract", ShippedRules()->contracts().budgets());
  EXPECT_EQ(Table("of each"), shipped);
}

TEST(ReadmeTest, I9_DutiesAndWhatTheyNeverMeet) {
  std::map<std::string, std::set<std::string>> actions, apart;
  for (const IncompatibleDuties& pair : IncompatiblePairs()) {
    for (const Duty& duty : {pair.first, pair.second}) {
      for (const Action action : duty.actions) actions[std::string(duty.name)].emplace(ActionName(action));
    }
    apart[std::string(pair.first.name)].emplace(pair.second.name);
    apart[std::string(pair.second.name)].emplace(pair.first.name);
  }
  std::vector<Row> table = Table("duty");
  table.erase(table.begin());
  EXPECT_EQ(table.size(), actions.size());
  for (const Row& row : table) {
    const std::vector<std::string> is = Words(row[1]), never = Words(row[2]);
    EXPECT_EQ(std::set<std::string>(is.begin(), is.end()), actions[row[0]]) << row[0];
    EXPECT_EQ(std::set<std::string>(never.begin(), never.end()), apart[row[0]]) << row[0];
  }
}

}  // namespace
}  // namespace otokura::policy
