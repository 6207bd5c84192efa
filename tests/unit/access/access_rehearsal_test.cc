// A rehearsal against a list of everything that was released, and each rule by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <random>
#include <set>

#include "server/access/egress/rehearsal.h"
#include "tests/unit/access/access_site.h"

namespace otokura::access {
namespace {

using policy::TextForTest;
using ::testing::SizeIs;

constexpr uint64_t kStep = 7;  // entries

std::shared_ptr<const Rules> RulesForTest(const policy::Change& change = nullptr) {
  auto rules = Rules::Compile(TextForTest(2, change));
  EXPECT_TRUE(rules.ok()) << rules.status();
  return *rules;
}

void SetBudget(v1::Budget* budget, v1::Window window, uint64_t recordings, uint64_t audio_bytes) {
  budget->set_window(window);
  budget->set_recordings(recordings);
  budget->set_audio_bytes(audio_bytes);
}

// What was asked for and allowed.
struct Released {
  std::string account = "somebody";
  std::string person = "person-1";
  int recording = 1;
  uint64_t reserved = 1000;
  uint64_t delivered = 1000;
  absl::Time at{};
  uint64_t sequence = 0;
};

struct RehearsalSite {
  std::unique_ptr<audit::Draft> DraftOf(const Released& release, v1::AuditAction action) {
    auto draft = std::make_unique<audit::Draft>();
    draft->leaf.set_action(action);
    draft->leaf.set_decision(action == v1::DELIVERED ? v1::NOTED : v1::ALLOWED);
    draft->leaf.set_role("supervisor");
    draft->leaf.set_centre("Tokyo");
    draft->leaf.set_recording_id(std::string(RecordingForTest(release.recording).bytes()));
    draft->leaf.set_purpose("inquiry");
    draft->leaf.set_reserved_bytes(release.reserved);
    draft->leaf.set_window_time_unix_us(absl::ToUnixMicros(release.at));
    draft->particulars.account = release.account;
    draft->particulars.person = release.person;
    draft->particulars.reference = "CASE-1";
    return draft;
  }
  // One that is heard, and of which so much arrives.
  void Hear(Released* release) {
    release->at = site.clock.Now();
    auto heard = DraftOf(*release, v1::LISTEN);
    heard->leaf.add_caller_pseudonyms(std::string(16, static_cast<char>('A' + release->recording)));
    release->sequence = site.Put(std::move(heard));
    auto closed = DraftOf(*release, v1::DELIVERED);
    closed->leaf.set_of_sequence(release->sequence);
    closed->leaf.set_delivered_bytes(release->delivered);
    site.Put(std::move(closed));
  }
  Rehearsal::Parts PartsUnder(std::shared_ptr<const Rules> draft) {
    Rehearsal::Parts parts;
    parts.records = site.engine->records().Snapshot();
    parts.keys = &site.keys;
    parts.in_force = RulesForTest();
    parts.budgets = BudgetsUnder([draft] { return draft; }, [](std::string_view) { return nullptr; });
    parts.draft = std::move(draft);
    parts.reaches = [](std::string_view, std::string_view, v1::Scope) { return std::nullopt; };
    parts.approver_role = [](std::string_view) { return v1::ROLE_UNSPECIFIED; };
    return parts;
  }
  std::unique_ptr<Rehearsal> Rehearse(Rehearsal::Parts parts, absl::Time from = absl::UnixEpoch(), absl::Status expected = {}) {
    auto rehearsal = Rehearsal::Begin(std::move(parts), from);
    EXPECT_TRUE(rehearsal.ok()) << rehearsal.status();
    absl::Status stepped;
    while (stepped.ok() && !(*rehearsal)->done()) stepped = (*rehearsal)->Step(permit, kStep);
    EXPECT_EQ(stepped.code(), expected.code()) << stepped;
    return *std::move(rehearsal);
  }
  std::unique_ptr<Rehearsal> RehearseUnder(const policy::Change& change) { return Rehearse(PartsUnder(RulesForTest(change))); }

  LogSite site;
  keys::ReleasePermit permit = audit::AuditPermitForTest();
};

// What of earlier ones counts in a window at a time, added up anew each time.
class Model {
 public:
  // Whether all of these hold it, for the account and for the person; it counts where they do.
  bool Allows(const Released& release, const std::vector<v1::Budget>& budgets) {
    for (const v1::Budget& budget : budgets) {
      for (const bool of_person : {false, true}) {
        if (!Fits(release, budget, of_person)) return false;
      }
    }
    allowed_.push_back(release);
    return true;
  }

 private:
  bool Fits(const Released& release, const v1::Budget& budget, bool of_person) const {
    uint64_t bytes = release.reserved;
    std::set<int> recordings = {release.recording};
    for (const Released& earlier : allowed_) {
      const bool same = of_person ? earlier.person == release.person : earlier.account == release.account;
      if (!same || EndOf(budget.window(), SlotAt(budget.window(), earlier.at)) <= release.at) continue;
      bytes += earlier.delivered;
      recordings.insert(earlier.recording);
    }
    return bytes <= budget.audio_bytes() && recordings.size() <= budget.recordings();
  }
  std::vector<Released> allowed_;
};

TEST(Rehearsal, StopsWhatTheBudgetsWouldHaveStopped) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << std::endl;
  std::mt19937 random(seed);
  RehearsalSite at;
  std::vector<Released> releases;
  for (int i = 0; i < 400; ++i) {
    const int64_t pauses[] = {1, 60, 2'000, 40'000, 400'000};
    at.site.clock.Advance(absl::Seconds(1 + random() % pauses[random() % 5]));
    Released release;
    const unsigned who = random() % 3;  // the first two are one person
    release.account = "account-" + std::to_string(who);
    release.person = "person-" + std::to_string(who / 2);
    release.recording = 1 + static_cast<int>(random() % 12);
    release.reserved = random() % 1000;
    release.delivered = random() % 3 == 0 ? release.reserved / 2 : release.reserved;
    at.Hear(&release);
    releases.push_back(release);
  }
  for (int round = 0; round < 8; ++round) {
    std::vector<v1::Budget> budgets(4);
    for (size_t i = 0; i < kWindows.size(); ++i) SetBudget(&budgets[i], kWindows[i], 1 + random() % 12, 500 + random() % (8000u << i));
    const auto rehearsal = at.RehearseUnder([&](v1::Policy* policy) {
      auto* const rule = policy::RuleOf(policy, v1::SUPERVISOR);
      rule->clear_budgets();
      for (const v1::Budget& budget : budgets) *rule->add_budgets() = budget;
    });
    Model model;
    uint64_t stopped = 0, bytes = 0;
    std::map<std::string, uint64_t> of_account;
    for (const Released& release : releases) {
      if (model.Allows(release, budgets)) continue;
      ++stopped;
      ++of_account[release.account];
      bytes += release.delivered;
    }
    EXPECT_EQ(rehearsal->summary().releases(), releases.size());
    EXPECT_EQ(rehearsal->summary().releases_stopped(), stopped) << "round " << round;
    uint64_t told_bytes = 0;
    std::map<std::string, uint64_t> told;
    for (const v1::RehearsalFinding& finding : rehearsal->findings()) {
      EXPECT_EQ(finding.rule(), "budget");
      told[finding.account()] += finding.times();
      told_bytes += finding.audio_bytes();
    }
    EXPECT_EQ(told, of_account) << "round " << round;
    EXPECT_EQ(told_bytes, bytes) << "round " << round;
  }
}

TEST(Rehearsal, NamesWhoAndWhatAndWhen) {
  RehearsalSite at;
  std::vector<Released> releases(4);
  for (int i = 0; i < 4; ++i) {
    at.site.clock.Advance(absl::Minutes(1));
    releases[static_cast<size_t>(i)].recording = i + 1;
    releases[static_cast<size_t>(i)].delivered = 700;
    at.Hear(&releases[static_cast<size_t>(i)]);
  }
  const auto rehearsal = at.RehearseUnder([](v1::Policy* policy) {
    for (v1::Budget& budget : *policy::RuleOf(policy, v1::SUPERVISOR)->mutable_budgets()) budget.set_recordings(2);
  });
  ASSERT_THAT(rehearsal->findings(), SizeIs(1));
  const v1::RehearsalFinding& finding = rehearsal->findings()[0];
  EXPECT_EQ(finding.account(), "somebody");
  EXPECT_EQ(finding.person(), "person-1");
  EXPECT_EQ(finding.role(), "supervisor");
  EXPECT_EQ(finding.budget().of(), "account");
  EXPECT_EQ(finding.budget().name(), "somebody");
  EXPECT_EQ(finding.budget().measure(), "recordings");
  EXPECT_EQ(finding.budget().window(), v1::HOUR);
  EXPECT_EQ(finding.budget().maximum(), 2u);
  EXPECT_EQ(finding.times(), 2u);
  EXPECT_EQ(finding.recordings(), 2u);
  EXPECT_EQ(finding.audio_bytes(), 1400u);
  EXPECT_EQ(finding.first_sequence(), releases[2].sequence);
  EXPECT_EQ(finding.first_unix_ms(), absl::ToUnixMillis(releases[2].at));
  EXPECT_EQ(finding.last_unix_ms(), absl::ToUnixMillis(releases[3].at));
  // From the third on there is nothing before it.
  const auto later = at.Rehearse(at.PartsUnder(RulesForTest([](v1::Policy* policy) {
    for (v1::Budget& budget : *policy::RuleOf(policy, v1::SUPERVISOR)->mutable_budgets()) {
      budget.set_recordings(2);
    }
  })),
                                 releases[2].at);
  EXPECT_THAT(later->findings(), SizeIs(0));
  EXPECT_EQ(later->summary().releases(), 2u);
}

TEST(Rehearsal, EachRuleByItself) {
  RehearsalSite at;
  Released release;
  at.Hear(&release);
  auto enrolled = at.DraftOf(release, v1::ACCOUNT_ADD);
  enrolled->leaf.set_role("admin");
  at.site.Put(std::move(enrolled));
  const std::pair<const char*, policy::Change> changes[] = {
      {"role", [](v1::Policy* policy) { policy::TakeRight(policy, v1::SUPERVISOR, Action::kListen); }},
      {"purpose", [](v1::Policy* policy) { policy->mutable_purposes(0)->mutable_roles()->RemoveLast(); }},
      {"reference", [](v1::Policy* policy) { policy->mutable_purposes(0)->set_reference_pattern("TICKET-[0-9]+"); }},
      {"role", [](v1::Policy* policy) { policy::TakeRight(policy, v1::ADMIN, Action::kAddAccount); }},
  };
  for (const auto& [rule, change] : changes) {
    const auto rehearsal = at.RehearseUnder(change);
    ASSERT_THAT(rehearsal->findings(), SizeIs(1)) << rule;
    EXPECT_EQ(rehearsal->findings()[0].rule(), rule);
    EXPECT_EQ(rehearsal->summary().releases_stopped() + rehearsal->summary().others_stopped(), 1u) << rule;
    EXPECT_EQ(rehearsal->summary().others(), 1u);
  }
  EXPECT_THAT(at.RehearseUnder(nullptr)->findings(), SizeIs(0));
}

TEST(Rehearsal, AScopeIsJudgedWhereItIsNarrowed) {
  RehearsalSite at;
  Released release;
  at.Hear(&release);
  const auto own = [](v1::Policy* policy) {
    for (v1::Right& right : *policy::RuleOf(policy, v1::SUPERVISOR)->mutable_rights()) {
      if (right.action() == "listen") right.set_scope(v1::OWN);
    }
  };
  for (const std::optional<bool> reached : {std::optional(true), std::optional(false), std::optional<bool>()}) {
    Rehearsal::Parts parts = at.PartsUnder(RulesForTest(own));
    parts.reaches = [&](std::string_view account, std::string_view recording_id, v1::Scope scope) {
      EXPECT_EQ(account, "somebody");
      EXPECT_EQ(recording_id, RecordingForTest(1).bytes());
      EXPECT_EQ(scope, v1::OWN);
      return reached;
    };
    const auto rehearsal = at.Rehearse(std::move(parts));
    EXPECT_EQ(rehearsal->summary().scopes_unjudged(), reached.has_value() ? 0u : 1u);
    EXPECT_EQ(rehearsal->findings().size(), reached.value_or(true) ? 0u : 1u);
    for (const v1::RehearsalFinding& finding : rehearsal->findings()) EXPECT_EQ(finding.rule(), "scope");
  }
}

TEST(Rehearsal, WhoseDetailsAreGoneIsNotJudged) {
  RehearsalSite at;
  Released release;
  at.Hear(&release);
  at.site.Tamper(storage::Table::kLogDetails, audit::SequenceKey(release.sequence), std::nullopt);
  const auto rehearsal = at.RehearseUnder([](v1::Policy* policy) { policy::TakeRight(policy, v1::SUPERVISOR, Action::kListen); });
  EXPECT_EQ(rehearsal->summary().releases(), 1u);
  EXPECT_EQ(rehearsal->summary().releases_unjudged(), 1u);
  EXPECT_THAT(rehearsal->findings(), SizeIs(0));
}

TEST(Rehearsal, I10_KeepsNoMoreThanItMay) {
  RehearsalSite at;
  for (int i = 0; i < 5; ++i) {
    Released release;
    release.account = "account-" + std::to_string(i);
    release.person = "person-" + std::to_string(i);
    release.recording = i + 1;
    at.Hear(&release);
  }
  const auto deaf = [](v1::Policy* policy) { policy::TakeRight(policy, v1::SUPERVISOR, Action::kListen); };
  for (const size_t most : {4, 5}) {
    Rehearsal::Parts parts = at.PartsUnder(RulesForTest(deaf));
    parts.findings_max = most;
    const auto rehearsal = at.Rehearse(std::move(parts));
    EXPECT_THAT(rehearsal->findings(), SizeIs(most));
    EXPECT_EQ(rehearsal->summary().stops_unlisted(), 5 - most);
    EXPECT_EQ(rehearsal->summary().releases_stopped(), 5u);
  }
  // Each was met by an account and by a person: a recording and a caller of each.
  for (const size_t most : {19, 20}) {
    Rehearsal::Parts parts = at.PartsUnder(RulesForTest());
    parts.kept_max = most;
    at.Rehearse(std::move(parts), absl::UnixEpoch(), most == 20 ? absl::OkStatus() : absl::ResourceExhaustedError(""));
  }
}

TEST(Rehearsal, I7_AMissingEntryIsNamed) {
  RehearsalSite at;
  Released release;
  for (int i = 0; i < 3; ++i) at.Hear(&release);
  at.site.Tamper(storage::Table::kLog, audit::SequenceKey(4), std::nullopt);
  at.Rehearse(at.PartsUnder(RulesForTest()), absl::UnixEpoch(), absl::DataLossError(""));
}

}  // namespace
}  // namespace otokura::access
