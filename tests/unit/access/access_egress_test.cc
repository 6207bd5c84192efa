// The egress guard behind the gate, over a real log: what was allowed never exceeds a budget, and the ledger is what the log adds up to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "server/access/egress/charges.h"
#include "server/access/egress/guard.h"
#include "server/access/egress/ledger_upkeep.h"
#include "server/access/egress/window_clock.h"
#include "server/access/error_detail.h"
#include "tests/unit/access/access_site.h"

namespace otokura::access {
namespace {

v1::Budget BudgetForTest(v1::Window window, std::optional<uint64_t> recordings, std::optional<uint64_t> audio_bytes = std::nullopt) {
  v1::Budget budget;
  budget.set_window(window);
  if (recordings.has_value()) budget.set_recordings(*recordings);
  if (audio_bytes.has_value()) budget.set_audio_bytes(*audio_bytes);
  return budget;
}

BudgetSource BudgetsForTest(std::vector<v1::Budget> of_role, std::vector<v1::Budget> of_centre) {
  BudgetSource budgets;
  budgets.of_role = [of_role](v1::Role) { return of_role; };
  budgets.of_centre = [of_centre](std::string_view) { return of_centre; };
  budgets.of_contract = [](std::string_view) { return std::vector<v1::Budget>(); };
  budgets.chain = [](std::string_view) { return std::vector<std::string>(); };
  return budgets;
}

// A gate with a guard, on a store that may be an earlier one's.
struct EgressSite {
  explicit EgressSite(std::vector<v1::Budget> of_role, std::unique_ptr<storage::MemoryEngine> engine = storage::MemoryEngine::Create(),
                      absl::Duration uptime = absl::ZeroDuration(), const std::string& boot = "boot-1",
                      std::vector<v1::Budget> of_centre = {})
      : site(std::move(engine)) {
    site.clock.Advance(uptime);
    guard =
        std::make_unique<EgressGuard>(&site.engine->records(), &site.clock, WindowClock::Open(site.engine->records(), &site.clock, boot));
    charges = std::make_unique<Charges>(guard.get(), &site.keys, BudgetsForTest(std::move(of_role), std::move(of_centre)));
    site.log->Keep(guard.get());
    gate = std::make_unique<Gate>(site.committer.get(), &site.clock, PolicyForTest(), RefusalLimits(), nullptr, charges.get(), &grants);
  }
  ~EgressSite() {
    gate.reset();
    site.committer.reset();
  }

  absl::StatusOr<keys::ReleasePermit> Listen(int recording, uint64_t bytes = 0, const std::string& account = "somebody") {
    return ReleaseAndWait(*gate, Supervisor(account), AskFor(recording, bytes));
  }
  // A contractor's listening, under a grant that the person "person-approver" gave.
  absl::StatusOr<keys::ReleasePermit> ListenGranted(const std::string& person, int recording, uint64_t bytes) {
    v1::Grant grant = KeptGrantForTest("contractor-" + person);
    grant.set_person_id(person);
    grant.set_recording_ids(0, RecordingForTest(recording).Text());
    grants.Adopt(grant);
    Ask ask = AskFor(recording, bytes);
    ask.justification.set_purpose("maintenance");
    return ReleaseAndWait(*gate, Contractor(person), std::move(ask));
  }
  static Caller Contractor(const std::string& person) {
    v1::Account account = AccountForTest(v1::CONTRACTOR, "contractor-" + person);
    account.set_person_id(person);
    return CallerForTest(account);
  }
  static Caller Supervisor(const std::string& account) { return CallerForTest(AccountForTest(v1::SUPERVISOR, account)); }
  static Ask AskFor(int recording, uint64_t bytes) {
    Ask ask = AskForTest(Action::kListen);
    ask.resource = Resource{RecordingForTest(recording), "Tokyo", false};
    ask.audio_bytes = bytes;
    ask.caller_pseudonyms = [recording] { return std::vector<std::string>{std::string(16, static_cast<char>(recording))}; };
    return ask;
  }
  void End(const keys::ReleasePermit& permit, uint64_t bytes, const Caller& caller = Supervisor("somebody")) {
    std::promise<absl::Status> closed;
    Gate::Delivered delivered;
    delivered.of_sequence = permit.sequence();
    delivered.bytes = bytes;
    delivered.outcome = "OK";
    gate->Close(caller, delivered, [&](const absl::Status& status) { closed.set_value(status); });
    EXPECT_EQ(closed.get_future().get(), absl::OkStatus());
  }
  // What differs between the ledger that is kept and the one that the log adds up to.
  std::vector<std::string> Problems() {
    site.committer->Drain();
    std::vector<std::string> problems;
    const absl::Status checked = Upkeep().Check([&](std::string_view problem) { problems.emplace_back(problem); });
    EXPECT_EQ(checked, absl::OkStatus());
    return problems;
  }
  LedgerUpkeep Upkeep() {
    return {&site.engine->records(), &site.keys, [](std::string_view) { return std::vector<std::string>(); }};
  }
  // The same store, for a gateway that comes after this one.
  std::unique_ptr<storage::MemoryEngine> TakeStore() {
    gate.reset();
    site.committer.reset();
    site.log.reset();
    site.queries.reset();
    return std::move(site.engine);
  }

  LogSite site;
  GrantsInForce grants;
  std::unique_ptr<EgressGuard> guard;
  std::unique_ptr<Charges> charges;
  std::unique_ptr<Gate> gate;
};

v1::BudgetExhausted DetailOf(const absl::Status& status) {
  v1::ErrorDetail detail;
  const auto payload = status.GetPayload(kErrorDetailUrl);
  EXPECT_TRUE(payload.has_value() && detail.ParseFromString(std::string(*payload))) << status;
  return detail.budget_exhausted();
}

TEST(EgressGuard, I5_HoweverManyAskAtOnce) {
  constexpr int kThreads = 8, kAsksEach = 12;
  constexpr uint64_t kRecordings = 20;
  EgressSite site({BudgetForTest(v1::DAY, kRecordings)});
  std::atomic<uint64_t> allowed{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kAsksEach; ++i) {
        const auto permit = site.Listen(1 + thread * kAsksEach + i, 10);
        allowed += permit.ok() ? 1 : 0;
        EXPECT_TRUE(permit.ok() || absl::IsResourceExhausted(permit.status())) << permit.status();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(allowed, kRecordings);
  EXPECT_THAT(site.Problems(), testing::IsEmpty());
}

TEST(EgressGuard, I5_TheSameRecordingIsNotAnotherOne) {
  EgressSite site({BudgetForTest(v1::DAY, 2, 100)});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(site.Listen(1, 20).ok());
  const auto more = site.Listen(1, 20);
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(DetailOf(more.status()).measure(), "audio_bytes") << "each time its bytes again";
}

TEST(EgressGuard, I5_BytesAreReservedBeforeAndGivenBackAfter) {
  EgressSite site({BudgetForTest(v1::DAYS_30, std::nullopt, 1000)});
  auto first = site.Listen(1, 800);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = site.Listen(2, 201);
  ASSERT_FALSE(second.ok());
  const v1::BudgetExhausted exhausted = DetailOf(second.status());
  EXPECT_EQ(exhausted.of(), "account");
  EXPECT_EQ(exhausted.window(), v1::DAYS_30);
  EXPECT_EQ(exhausted.maximum(), 1000u);
  EXPECT_GE(exhausted.retry_at_unix_ms(), absl::ToUnixMillis(kTestStart + absl::Hours(30 * 24)));
  EXPECT_TRUE(site.Listen(2, 200).ok()) << "the last byte";
  site.End(*first, 300);
  EXPECT_FALSE(site.Listen(3, 501).ok());
  EXPECT_TRUE(site.Listen(3, 500).ok());
  EXPECT_THAT(site.Problems(), testing::IsEmpty());
}

TEST(EgressGuard, I5_OnePersonsAccountsShare) {
  EgressSite site({BudgetForTest(v1::HOUR, 2)});
  EXPECT_TRUE(site.Listen(1, 0, "first").ok());
  EXPECT_TRUE(site.Listen(2, 0, "second").ok());
  const auto third = site.Listen(3, 0, "third");
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(DetailOf(third.status()).of(), "person");
}

TEST(EgressGuard, I5_WhatIsHeardUnderGrantsCountsAgainstWhoApprovedThem) {
  EgressSite site({BudgetForTest(v1::DAY, std::nullopt, 1000)});
  auto first = site.ListenGranted("person-2", 1, 700);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = site.ListenGranted("person-3", 2, 301);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(DetailOf(second.status()).of(), "approver");
  site.End(*first, 200, EgressSite::Contractor("person-2"));
  site.site.committer->Drain();
  const v1::AuditEntry closed = site.site.Entry(site.site.log->head().tree_size - 1);
  EXPECT_EQ(closed.action(), v1::DELIVERED);
  EXPECT_EQ(closed.grant_id(), std::string(RecordingForTest(9).bytes()));
  EXPECT_FALSE(site.ListenGranted("person-3", 2, 801).ok());
  EXPECT_TRUE(site.ListenGranted("person-3", 2, 800).ok()) << "what did not leave was given back to the approver too";
  EXPECT_THAT(site.Problems(), testing::IsEmpty());
}

TEST(EgressGuard, I5_ACentreIsEverybodys) {
  EgressSite site({}, storage::MemoryEngine::Create(), absl::ZeroDuration(), "boot-1", {BudgetForTest(v1::DAY, 1)});
  EXPECT_TRUE(site.Listen(1).ok());
  const auto second = site.Listen(2);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(DetailOf(second.status()).of(), "centre");
}

TEST(EgressGuard, I5_ARestartForgetsNothing) {
  const std::vector<v1::Budget> budgets = {BudgetForTest(v1::DAY, 3, 1000)};
  EgressSite before(budgets);
  for (int i = 1; i <= 3; ++i) EXPECT_TRUE(before.Listen(i, 100).ok());  // none of them ends
  EgressSite after(budgets, before.TakeStore(), absl::Seconds(1));
  EXPECT_FALSE(after.Listen(4).ok());
  EXPECT_TRUE(after.Listen(3, 700).ok()) << "its own again, and bytes for it are left";
  EXPECT_FALSE(after.Listen(3, 1).ok());
  EXPECT_THAT(after.Problems(), testing::IsEmpty());
}

TEST(EgressGuard, I5_AClockSetForwardFreesNothing) {
  const std::vector<v1::Budget> budgets = {BudgetForTest(v1::HOUR, 1)};
  EgressSite before(budgets);
  EXPECT_TRUE(before.Listen(1).ok());
  before.site.clock.StepWall(absl::Hours(4));
  EXPECT_FALSE(before.Listen(2).ok()) << "while it runs";
  // The gateway's clock of the next start believes the wall clock, or the machine was down so long: nobody can tell.
  EgressSite rebooted(budgets, before.TakeStore(), absl::Hours(4), "boot-2");
  EXPECT_FALSE(rebooted.Listen(2).ok());
  rebooted.site.clock.Advance(absl::Minutes(66));
  EXPECT_TRUE(rebooted.Listen(2).ok()) << "time that really passed frees it";
}

TEST(EgressGuard, AGatewayThatWasDownInTheSameBootLosesNoTime) {
  const std::vector<v1::Budget> budgets = {BudgetForTest(v1::HOUR, 1)};
  EgressSite before(budgets);
  EXPECT_TRUE(before.Listen(1).ok());
  EgressSite after(budgets, before.TakeStore(), absl::Minutes(66));
  EXPECT_TRUE(after.Listen(2).ok());
}

TEST(EgressGuard, WhatWasNotStoredIsNotCharged) {
  EgressSite site({BudgetForTest(v1::DAY, 1)});
  site.site.engine->SetFault([](storage::StorageCall call, const storage::AudioObjectId*) {
    return call == storage::StorageCall::kCommit ? absl::ResourceExhaustedError("full") : absl::OkStatus();
  });
  EXPECT_EQ(site.Listen(1).status().code(), absl::StatusCode::kUnavailable);
  site.site.engine->SetFault(nullptr);
  EXPECT_TRUE(site.Listen(2).ok());
  EXPECT_FALSE(site.Listen(3).ok());
  EXPECT_THAT(site.Problems(), testing::IsEmpty());
}

// What the watch over the gate goes by.
TEST(EgressGuard, ARefusalSaysWhatItMet) {
  EgressSite egress({BudgetForTest(v1::DAY, std::nullopt, 1000)}, storage::MemoryEngine::Create(), absl::ZeroDuration(), "boot-1",
                    {BudgetForTest(v1::DAY, std::nullopt, 1500)});
  const auto subject = [](SubjectKind kind, const std::string& name, uint64_t limit) {
    return BudgetSubject{kind, std::string(16, name.front()), {BudgetForTest(v1::DAY, std::nullopt, limit)}, name};
  };
  const std::vector<BudgetSubject> mine = {subject(SubjectKind::kAccount, "account", 1000), subject(SubjectKind::kCentre, "Tokyo", 1500)};
  const std::vector<BudgetSubject> others = {subject(SubjectKind::kAccount, "other", 1000), mine[1]};
  BudgetRefusal refusal;
  const auto first = egress.guard->Reserve(mine, {.audio_bytes = 600});
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_FALSE(egress.guard->Reserve(mine, {.audio_bytes = 401}, &refusal).ok());
  EXPECT_EQ(refusal.of, SubjectKind::kAccount);
  EXPECT_EQ(refusal.own_use, 600u);
  EXPECT_TRUE(refusal.raced) << "there was room but for what is in flight";
  EXPECT_FALSE(egress.guard->Reserve(mine, {.audio_bytes = 1001}, &refusal).ok());
  EXPECT_FALSE(refusal.raced) << "there never was";
  EXPECT_FALSE(egress.guard->Reserve(others, {.audio_bytes = 901}, &refusal).ok());
  EXPECT_EQ(refusal.of, SubjectKind::kCentre);
  EXPECT_EQ(refusal.name, "Tokyo");
  EXPECT_EQ(refusal.maximum, 1500u);
  EXPECT_EQ(refusal.own_use, 0u);
  EXPECT_FALSE(refusal.raced) << "in flight is somebody else's";
  egress.guard->Drop(first->number);
}

TEST(EgressGuard, I6_RefusalsSayBudgetInTheLog) {
  EgressSite site({BudgetForTest(v1::DAY, 0)});
  EXPECT_FALSE(site.Listen(1, 10).ok());
  site.site.committer->Drain();
  const v1::AuditEntry entry = site.site.Entry(site.site.log->head().tree_size - 1);
  EXPECT_EQ(entry.decision(), v1::DENIED);
  EXPECT_EQ(entry.rule(), "budget");
  EXPECT_EQ(entry.window_time_unix_us(), 0) << "nothing was charged";
  EXPECT_THAT(site.Problems(), testing::IsEmpty());
}

TEST(EgressGuard, ALostLedgerIsMadeAnewFromTheLog) {
  const std::vector<v1::Budget> budgets = {BudgetForTest(v1::DAYS_365, 3, 1000)};
  EgressSite before(budgets);
  for (int i = 1; i <= 3; ++i) {
    auto permit = before.Listen(i, 200);
    ASSERT_TRUE(permit.ok());
    before.End(*permit, 100);
  }
  std::unique_ptr<storage::MemoryEngine> store = before.TakeStore();
  storage::Batch thief;
  for (const storage::Table table : {storage::Table::kLedger, storage::Table::kLedgerTerms}) {
    ASSERT_EQ(store->records().Scan(table, {},
                                    [&](std::string_view key, std::string_view) {
                                      thief.Delete(table, key);
                                      return true;
                                    }),
              absl::OkStatus());
  }
  EXPECT_GT(thief.writes.size(), 6u);
  ASSERT_EQ(store->records().Commit(thief), absl::OkStatus());
  EgressSite after(budgets, std::move(store), absl::Seconds(1));
  EXPECT_THAT(after.Problems(), testing::ElementsAre(testing::HasSubstr("missing")));
  const auto rebuilt = after.Upkeep().Rebuild(&after.site.engine->records(), [](std::string_view) {});
  ASSERT_TRUE(rebuilt.ok()) << rebuilt.status();
  EXPECT_EQ(rebuilt->rows, thief.writes.size());
  EXPECT_THAT(after.Problems(), testing::IsEmpty());
  EXPECT_FALSE(after.Listen(4).ok());
  EXPECT_TRUE(after.Listen(3, 700).ok());
}

}  // namespace
}  // namespace otokura::access
