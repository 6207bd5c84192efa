// Contracts: what they may say, when they are in force, and what they narrow (DESIGN §8).
#include <optional>

#include "server/access/account_changes.h"
#include "server/access/contract_changes.h"
#include "server/access/contracts.h"
#include "tests/unit/access/directory_site.h"

namespace otokura::access {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string DayText(int n) { return absl::FormatCivilTime(DayOf(kTestStart) + n); }

v1::Budget BudgetOf(v1::Window window, std::optional<uint64_t> recordings, std::optional<uint64_t> audio_bytes) {
  v1::Budget budget;
  budget.set_window(window);
  if (recordings.has_value()) budget.set_recordings(*recordings);
  if (audio_bytes.has_value()) budget.set_audio_bytes(*audio_bytes);
  return budget;
}

absl::Status Check(const v1::Contract& terms, const Contract* parent = nullptr) {
  return CheckContract(terms, parent, *policy::ShippedRules(), ConfigForTest(), kTestStart);
}

struct BadTerms {
  const char* why;
  std::function<void(v1::Contract&)> spoil;
  const char* field;
};

TEST(ContractChecksTest, I10_EveryFieldIsBoundedAndKnown) {
  ASSERT_EQ(Check(TermsForTest()), absl::OkStatus());
  const std::vector<BadTerms> bad = {
      {"no name", [](auto& c) { c.clear_name(); }, "contract.name"},
      {"a name of none", [](auto& c) { c.set_name("Maintenance 2025"); }, "contract.name"},
      {"a long name", [](auto& c) { c.set_name(std::string(64, 'n')); }, "contract.name"},
      {"no company", [](auto& c) { c.clear_company(); }, "contract.company"},
      {"a long company", [](auto& c) { c.set_company(std::string(65, 'c')); }, "contract.company"},
      {"nobody answers for it", [](auto& c) { c.clear_responsible(); }, "contract.responsible"},
      {"no first day", [](auto& c) { c.clear_first_day(); }, "contract.first_day"},
      {"a day that there is not", [](auto& c) { c.set_first_day("2025-02-30"); }, "contract.first_day"},
      {"a day written otherwise", [](auto& c) { c.set_last_day("2025-6-1"); }, "contract.last_day"},
      {"a time", [](auto& c) { c.set_last_day(c.last_day() + "T00:00:00"); }, "contract.last_day"},
      {"it ends before it begins", [](auto& c) { c.set_last_day(DayText(-31)); }, "contract.last_day"},
      {"for eleven years", [](auto& c) { c.set_last_day(DayText(366 * 11)); }, "contract.last_day"},
      {"no purpose", [](auto& c) { c.clear_purposes(); }, "contract.purposes"},
      {"a purpose of others", [](auto& c) { c.add_purposes("inquiry"); }, "contract.purposes"},
      {"a purpose twice", [](auto& c) { c.add_purposes("maintenance"); }, "contract.purposes"},
      {"no centre", [](auto& c) { c.clear_centres(); }, "contract.centres"},
      {"an unknown centre", [](auto& c) { c.add_centres("Nagoya"); }, "contract.centres"},
      {"65 centres",
       [](auto& c) {
         while (c.centres_size() < 65) c.add_centres("Tokyo");
       },
       "contract.centres"},
      {"a budget without window", [](auto& c) { c.add_budgets()->set_recordings(1); }, "contract.budgets"},
      {"an unknown window", [](auto& c) { c.add_budgets()->set_window(static_cast<v1::Window>(9)); }, "contract.budgets"},
      {"a window twice", [](auto& c) { *c.add_budgets() = *c.add_budgets() = BudgetOf(v1::DAY, 1, {}); }, "contract.budgets"},
      {"a clause without name", [](auto& c) { c.add_clauses()->set_confirmed_on(DayText(0)); }, "contract.clauses"},
      {"a clause twice", [](auto& c) { *c.add_clauses() = v1::Clause(c.clauses(0)); }, "contract.clauses"},
      {"a clause without day", [](auto& c) { c.mutable_clauses(0)->clear_confirmed_on(); }, "contract.clauses"},
      {"a clause of tomorrow", [](auto& c) { c.mutable_clauses(0)->set_confirmed_on(DayText(1)); }, "contract.clauses"},
      {"33 clauses",
       [](auto& c) {
         while (c.clauses_size() < 33) c.add_clauses()->set_name(std::to_string(c.clauses_size()));
       },
       "contract.clauses"},
  };
  for (const BadTerms& one : bad) {
    v1::Contract terms = TermsForTest();
    one.spoil(terms);
    const absl::Status status = Check(terms);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << one.why;
    EXPECT_THAT(std::string(status.message()), StartsWith(one.field)) << one.why;
  }
}

TEST(ContractChecksTest, EveryDemandedClauseIsThereAndFresh) {
  for (int i = 0; i < TermsForTest().clauses_size(); ++i) {
    v1::Contract terms = TermsForTest();
    terms.mutable_clauses(i)->set_confirmed_on(DayText(-kClauseDaysMax));
    EXPECT_EQ(Check(terms), absl::OkStatus()) << terms.clauses(i).name();
    terms.mutable_clauses(i)->set_confirmed_on(DayText(-kClauseDaysMax - 1));
    EXPECT_EQ(Check(terms).code(), absl::StatusCode::kInvalidArgument) << terms.clauses(i).name();
    terms = TermsForTest();
    terms.mutable_clauses()->DeleteSubrange(i, 1);
    EXPECT_EQ(Check(terms).code(), absl::StatusCode::kInvalidArgument) << "without clause " << i;
  }
}

TEST(ContractChecksTest, I5_ASubContractIsNeverWiderThanItsParent) {
  v1::Contract above = TermsForTest("above");
  *above.add_budgets() = BudgetOf(v1::DAY, 10, {});
  const auto parent = ContractForTest(above);
  v1::Contract below = TermsForTest("below");
  below.set_parent("above");
  ASSERT_EQ(Check(below, parent.get()), absl::OkStatus());
  *below.add_budgets() = BudgetOf(v1::DAY, 10, 5000);
  ASSERT_EQ(Check(below, parent.get()), absl::OkStatus()) << "as large, and one more limit";
  const std::vector<BadTerms> bad = {
      {"begins before", [](auto& c) { c.set_first_day(DayText(-31)); }, "contract.last_day"},
      {"ends after", [](auto& c) { c.set_last_day(DayText(31)); }, "contract.last_day"},
      {"another centre", [](auto& c) { c.add_centres("Osaka"); }, "contract.centres"},
      {"more recordings", [](auto& c) { c.mutable_budgets(0)->set_recordings(11); }, "contract.budgets"},
  };
  for (const BadTerms& one : bad) {
    v1::Contract terms = below;
    one.spoil(terms);
    EXPECT_THAT(std::string(Check(terms, parent.get()).message()), StartsWith(one.field)) << one.why;
  }
}

TEST(ContractChecksTest, FourInARowAndNoMore) {
  std::shared_ptr<const Contract> lowest;
  for (size_t depth = 1; depth <= kContractChainMax; ++depth) {
    EXPECT_EQ(Check(TermsForTest(), lowest.get()), absl::OkStatus()) << depth;
    lowest = ContractForTest(TermsForTest(), lowest);
  }
  EXPECT_THAT(std::string(Check(TermsForTest(), lowest.get()).message()), StartsWith("contract.parent"));
}

TEST(ContractTest, InForceFromItsFirstMomentToItsLast) {
  const auto contract = ContractForTest();
  const absl::Time begin = StartOf(DayOf(kTestStart) - 30), end = StartOf(DayOf(kTestStart) + 31);
  const absl::Duration moment = absl::Microseconds(1);
  EXPECT_EQ(contract->InForce(begin), absl::OkStatus());
  EXPECT_EQ(contract->InForce(end - moment), absl::OkStatus());
  EXPECT_THAT(std::string(contract->InForce(begin - moment).message()), HasSubstr("begins on"));
  EXPECT_THAT(std::string(contract->InForce(end).message()), HasSubstr("ended on"));
}

TEST(ContractTest, InForceOnlyWhileItsClausesAreFresh) {
  v1::Contract terms = TermsForTest();
  terms.set_last_day(DayText(500));
  terms.mutable_clauses(1)->set_confirmed_on(DayText(-kClauseDaysMax));
  const auto contract = ContractForTest(terms);
  EXPECT_EQ(contract->InForce(StartOf(DayOf(kTestStart) + 1) - absl::Microseconds(1)), absl::OkStatus());
  EXPECT_THAT(std::string(contract->InForce(StartOf(DayOf(kTestStart) + 1)).message()), HasSubstr("take-out-response"));
}

TEST(ContractTest, I5_WhatIsAboveItNarrowsItAndEndsIt) {
  v1::Contract wide = TermsForTest("above");
  wide.add_centres("Osaka");
  *wide.add_budgets() = BudgetOf(v1::DAY, 10, {});
  *wide.add_budgets() = BudgetOf(v1::HOUR, {}, 100);
  const auto above = ContractForTest(wide);
  v1::Contract terms = TermsForTest("below");
  *terms.add_budgets() = BudgetOf(v1::DAY, 4, 999);
  const auto below = ContractForTest(terms, above);
  const std::vector<ContractBudgets> chain = below->Chain();
  ASSERT_EQ(chain.size(), 2u);
  EXPECT_EQ(chain[0].name, "below");
  EXPECT_EQ(chain[1].name, "above");
  ASSERT_EQ(chain[0].budgets.size(), 4u) << "its own, what is above it adds, and the policy's two";
  EXPECT_EQ(chain[0].budgets[0].recordings(), 4u);
  EXPECT_EQ(chain[0].budgets[0].audio_bytes(), 999u);
  EXPECT_EQ(chain[0].budgets[1].window(), v1::HOUR);
  EXPECT_EQ(chain[0].budgets[1].audio_bytes(), 100u);
  EXPECT_FALSE(chain[0].budgets[1].has_recordings());

  // Later terms of what is above, narrower than what was agreed below.
  v1::KeptContract kept = *above->kept();
  kept.set_revision(2);
  kept.mutable_contract()->mutable_budgets(0)->set_recordings(3);
  kept.mutable_contract()->clear_centres();
  kept.mutable_contract()->add_centres("Osaka");
  above->Adopt(kept);
  EXPECT_EQ(below->Chain()[0].budgets[0].recordings(), 3u);
  EXPECT_FALSE(below->PermitsCentre("Tokyo"));
  EXPECT_FALSE(below->PermitsCentre("Osaka"));
  EXPECT_TRUE(below->PermitsPurpose("maintenance"));
  EXPECT_EQ(below->InForce(kTestStart), absl::OkStatus());
  kept.set_state(v1::KeptContract::CLOSED);
  kept.set_revision(3);
  above->Adopt(kept);
  EXPECT_THAT(std::string(below->InForce(kTestStart).message()), HasSubstr("above it: closed"));
  kept.set_state(v1::KeptContract::CONFIRMED);
  kept.set_revision(2);
  above->Adopt(kept);
  EXPECT_FALSE(below->InForce(kTestStart).ok()) << "what was read before the change";
}

TEST(ContractTest, SmallerTakesTheSmallerOfEveryMeasure) {
  v1::Budget own, above;
  own.set_window(v1::DAY), above.set_window(v1::DAY);
  own.set_recordings(1), above.set_recordings(2);
  own.set_callers(4), above.set_callers(3);
  own.set_search_terms(0), above.set_search_terms(7);
  above.set_rows(9), own.set_audio_bytes(5);
  const std::vector<v1::Budget> smaller = Smaller({own}, {above});
  ASSERT_EQ(smaller.size(), 1u);
  EXPECT_EQ(smaller[0].recordings(), 1u);
  EXPECT_EQ(smaller[0].callers(), 3u);
  EXPECT_TRUE(smaller[0].has_search_terms());
  EXPECT_EQ(smaller[0].search_terms(), 0u);
  EXPECT_EQ(smaller[0].rows(), 9u);
  EXPECT_EQ(smaller[0].audio_bytes(), 5u);
}

TEST(DecideUnderContractTest, I6_AContractorIsNobodyWithoutAContractInForce) {
  Ask ask = AskForTest(Action::kListen);
  ask.justification.set_purpose("maintenance");
  const auto rule = [&](const Caller& caller, absl::Time now) { return Decide(*policy::ShippedRules(), caller, ask, now).rule; };
  const Caller contractor = CallerForTest(v1::CONTRACTOR);
  EXPECT_EQ(rule(contractor, kTestStart), "scope-or-absent") << "under a contract, and granted nothing";
  auto enrolled = std::make_shared<Enrolled>();
  enrolled->account = contractor.account();
  Caller caller = contractor;
  caller.enrolled = enrolled;
  EXPECT_EQ(rule(caller, kTestStart), "contract") << "names none";
  v1::KeptContract kept;
  *kept.mutable_contract() = TermsForTest();
  for (const auto state : {v1::KeptContract::STATE_UNSPECIFIED, v1::KeptContract::PENDING, v1::KeptContract::CLOSED}) {
    kept.set_state(state);
    enrolled->contract = std::make_shared<Contract>(kept, nullptr, PolicyForTest());
    EXPECT_EQ(rule(caller, kTestStart), "contract") << state;
    EXPECT_EQ(caller.StillWelcome(kTestStart).code(), absl::StatusCode::kPermissionDenied);
  }
  v1::Contract ended = TermsForTest();
  ended.set_last_day(DayText(-1));
  enrolled->contract = ContractForTest(ended);
  EXPECT_EQ(rule(caller, kTestStart), "contract");
}

TEST(DecideUnderContractTest, I6_TheContractNarrowsCentresAndPurposesWhateverTheAccountSays) {
  v1::Account account = AccountForTest(v1::CONTRACTOR);
  account.add_centres("Tokyo");
  account.add_centres("Osaka");
  const Caller caller = CallerForTest(account);  // whose contract is over Tokyo, for maintenance
  EXPECT_TRUE(caller.HasCentre("Tokyo"));
  EXPECT_FALSE(caller.HasCentre("Osaka"));
  EXPECT_TRUE(caller.ContractPermits("maintenance"));
  EXPECT_FALSE(caller.ContractPermits("inquiry"));
  for (const v1::Scope scope : {v1::OWN, v1::CENTRE, v1::ALL}) {
    EXPECT_TRUE(InScope(caller, scope, {RecordingForTest(1), "Tokyo", true})) << scope;
    EXPECT_FALSE(InScope(caller, scope, {RecordingForTest(1), "Osaka", true})) << scope;
  }
  EXPECT_EQ(caller.Describe().contract, "maintenance-2025");
  ASSERT_EQ(caller.Contracts().size(), 1u);
  EXPECT_TRUE(CallerForTest(v1::OPERATOR).Contracts().empty());
}

class ContractsTest : public DirectoryTest {
 protected:
  using KeptAnswer = absl::StatusOr<v1::KeptContract>;
  static KeptAnswer AwaitContract(const std::function<void(Contracts::Done)>& call) {
    std::promise<KeptAnswer> result;
    call([&](KeptAnswer answer) { result.set_value(std::move(answer)); });
    return result.get_future().get();
  }
  KeptAnswer ProposeTerms(const v1::Contract& terms) {
    return AwaitContract([&](auto done) { contracts_->Add(terms, kProposer, Entry(v1::CONTRACT_ADD), std::move(done)); });
  }
  KeptAnswer ConfirmTerms(const std::string& name, uint64_t revision) {
    return AwaitContract([&](auto done) { contracts_->Confirm(name, revision, "officer", Entry(v1::CONTRACT_CONFIRM), std::move(done)); });
  }
  KeptAnswer Close(const std::string& name, const std::string& reason = "ended early") {
    return AwaitContract([&](auto done) { contracts_->Close(name, reason, "officer", Entry(v1::CONTRACT_CLOSE), std::move(done)); });
  }
  void ReopenContracts() {
    auto opened =
        Contracts::Open(site_.engine->records(), site_.committer.get(), &site_.keys, PolicyForTest(), &site_.clock, ConfigForTest());
    ASSERT_TRUE(opened.ok()) << opened.status();
    directory_.reset();  // borrows them
    contracts_ = *std::move(opened);
    Reopen(ConfigForTest());
  }
};

TEST_F(ContractsTest, AContractIsProposedConfirmedAndClosedForGood) {
  const auto proposed = ProposeTerms(TermsForTest());
  ASSERT_TRUE(proposed.ok()) << proposed.status();
  EXPECT_EQ(proposed->state(), v1::KeptContract::PENDING);
  EXPECT_FALSE(contracts_->Find("maintenance-2025")->InForce(kTestStart).ok());
  EXPECT_EQ(ConfirmTerms("maintenance-2025", proposed->revision() + 1).status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(ConfirmTerms("maintenance-2025", proposed->revision()).ok());
  const std::shared_ptr<const Contract> held = contracts_->Find("maintenance-2025");
  EXPECT_EQ(held->InForce(kTestStart), absl::OkStatus());
  EXPECT_EQ(ConfirmTerms("maintenance-2025", 2).status().code(), absl::StatusCode::kFailedPrecondition) << "nothing waits";
  EXPECT_EQ(Close("maintenance-2025", "").status().code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(Close("maintenance-2025").ok());
  EXPECT_FALSE(held->InForce(kTestStart).ok()) << "who holds it learns of it";
  EXPECT_EQ(Close("maintenance-2025").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ProposeTerms(TermsForTest()).status().code(), absl::StatusCode::kFailedPrecondition);
  for (const char* nobody : {"nobody", "No/Name", ""}) {
    EXPECT_EQ(ConfirmTerms(nobody, 1).status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(Close(nobody).status().code(), absl::StatusCode::kNotFound);
  }
  EXPECT_EQ(site_.Entry(0).action(), v1::CONTRACT_ADD);
  EXPECT_EQ(site_.Entry(1).action(), v1::CONTRACT_CONFIRM);
  EXPECT_EQ(site_.Entry(2).action(), v1::CONTRACT_CLOSE);
  EXPECT_EQ(site_.Entry(2).reason_commitment().size(), 32u);
  EXPECT_EQ(site_.log->head().tree_size, 3u) << "nothing was written for the refused";
}

TEST_F(ContractsTest, OtherTermsWaitWhileTheOldOnesHold) {
  Conclude(TermsForTest());
  v1::Contract other = TermsForTest();
  other.set_last_day(DayText(300));
  const auto proposed = ProposeTerms(other);
  ASSERT_TRUE(proposed.ok()) << proposed.status();
  EXPECT_EQ(contracts_->Find("maintenance-2025")->kept()->contract().last_day(), DayText(30));
  ASSERT_TRUE(ConfirmTerms("maintenance-2025", proposed->revision()).ok());
  EXPECT_EQ(contracts_->Find("maintenance-2025")->kept()->contract().last_day(), DayText(300));
  other.set_company("Another KK");
  EXPECT_THAT(std::string(ProposeTerms(other).status().message()), StartsWith("contract.company"));
  Conclude(TermsForTest("above"));
  other = TermsForTest();
  other.set_parent("above");
  EXPECT_THAT(std::string(ProposeTerms(other).status().message()), StartsWith("contract.parent"));
  other.set_parent("nobody");
  EXPECT_THAT(std::string(ProposeTerms(other).status().message()), StartsWith("contract.parent"));
}

TEST_F(ContractsTest, WhatNobodyConfirmsInTimeIsVoid) {
  const auto proposed = ProposeTerms(TermsForTest());
  ASSERT_TRUE(proposed.ok());
  site_.clock.Advance(kProposalLife);
  EXPECT_EQ(ConfirmTerms("maintenance-2025", proposed->revision()).status().code(), absl::StatusCode::kFailedPrecondition);
  Conclude(TermsForTest());
  ASSERT_TRUE(ProposeTerms(TermsForTest()).ok());
  EXPECT_TRUE(contracts_->List("", 10).front().has_proposed());
  site_.clock.Advance(kProposalLife);
  EXPECT_FALSE(contracts_->List("", 10).front().has_proposed());
}

TEST_F(ContractsTest, ContractsAndWhoIsUnderThemSurviveARestart) {
  Conclude(TermsForTest("z-above"));
  v1::Contract below = TermsForTest("a-below");
  below.set_parent("z-above");
  Conclude(below);
  v1::Account account = AccountForTest(v1::CONTRACTOR, "yamada");
  account.set_contract("a-below");
  const IssuedCertificate issued = Enrol(account);
  ReopenContracts();
  std::string rule;
  const auto caller = directory_->Identify(PeerWith(issued.certificate_pem, "yamada"), &rule);
  ASSERT_TRUE(caller.ok()) << rule;
  ASSERT_EQ(caller->Contracts().size(), 2u);
  EXPECT_EQ(caller->StillWelcome(kTestStart), absl::OkStatus());
  ASSERT_TRUE(Close("z-above").ok());
  EXPECT_EQ(caller->StillWelcome(kTestStart).code(), absl::StatusCode::kPermissionDenied) << "streams in flight end";
  std::vector<std::string> names;
  for (const v1::KeptContract& contract : contracts_->List("", 10)) names.push_back(contract.contract().name());
  EXPECT_THAT(names, ElementsAre("a-below", "z-above"));
  EXPECT_EQ(contracts_->List("a-below", 10).size(), 1u);
  EXPECT_THAT(contracts_->List("", 1).front().not_in_force(), HasSubstr("above it: closed"));
}

TEST_F(ContractsTest, AContractorsContractIsItsCompanysAndConfirmed) {
  const std::string pem = authority_.ForAccount(kTrustDomain, "yamada", kTestStart).certificate_pem;
  const v1::Account account = AccountForTest(v1::CONTRACTOR, "yamada");
  EXPECT_THAT(std::string(Prepare(account, pem).status().message()), StartsWith("account.contract: no such"));
  const auto proposed = ProposeTerms(TermsForTest());
  EXPECT_THAT(std::string(Prepare(account, pem).status().message()), StartsWith("account.contract: not confirmed"));
  ASSERT_TRUE(ConfirmTerms("maintenance-2025", proposed->revision()).ok());
  EXPECT_TRUE(Prepare(account, pem).ok());
  v1::Account other = account;
  other.set_company("Another KK");
  EXPECT_THAT(std::string(Prepare(other, pem).status().message()), StartsWith("account.contract: another company's"));
}

TEST_F(ContractsTest, I7_RowsThatWereChangedOrSwappedStopTheStart) {
  Conclude(TermsForTest("one"));
  Conclude(TermsForTest("two"));
  std::vector<std::pair<std::string, std::string>> rows;
  storage::ScanRange range;
  range.first = "contract/", range.last = "contract0";
  ASSERT_TRUE(site_.engine->records()
                  .Scan(storage::Table::kMeta, range,
                        [&](std::string_view key, std::string_view value) {
                          rows.emplace_back(key, value);
                          return true;
                        })
                  .ok());
  ASSERT_EQ(rows.size(), 2u);
  std::string flipped = rows[0].second;
  flipped.back() ^= 1;
  for (const std::string& bad : {flipped, rows[1].second, std::string()}) {
    site_.Tamper(storage::Table::kMeta, rows[0].first, bad);
    EXPECT_EQ(Contracts::Open(site_.engine->records(), site_.committer.get(), &site_.keys, PolicyForTest(), &site_.clock, ConfigForTest())
                  .status()
                  .code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST_F(ContractsTest, I3_AChangeOfUnknownFateIsFoundWhenAskedAgain) {
  for (bool kept : {false, true}) {
    const std::string name = kept ? "kept" : "lost";
    const auto proposed = ProposeTerms(TermsForTest(name));
    ASSERT_TRUE(proposed.ok());
    FailOneCommit(kept);
    EXPECT_EQ(ConfirmTerms(name, proposed->revision()).status().code(), absl::StatusCode::kUnavailable);
    const auto again = Eventually([&] { return ConfirmTerms(name, proposed->revision()); });
    EXPECT_EQ(again.status().code(), kept ? absl::StatusCode::kFailedPrecondition : absl::StatusCode::kOk) << again.status();
    EXPECT_EQ(contracts_->Find(name)->InForce(kTestStart), absl::OkStatus());
  }
}

}  // namespace
}  // namespace otokura::access
