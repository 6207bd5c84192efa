// Another policy comes into force: signed by two, with its entry, at once, and is still the one after a restart.
#include <atomic>
#include <thread>

#include "crypto/sha256.h"
#include "otokura/v1/stored.pb.h"
#include "server/access/policy_loading.h"
#include "tests/unit/access/access_site.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::access {
namespace {

using policy::NoteForTest;
using policy::SignersForTest;
using policy::TextForTest;
using storage::StorageCall;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

void NoListening(v1::Policy* changed) { policy::TakeRight(changed, v1::OPERATOR, Action::kListen); }

class PolicyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    storage::RecordCommit first;
    first.entries.push_back(*PutFirstPolicy("", SignersForTest(), &first.batch));
    std::promise<absl::Status> done;
    first.done = [&done](const absl::Status& status, absl::Span<const uint64_t>) { done.set_value(status); };
    site_.committer->Commit(std::move(first));
    ASSERT_EQ(done.get_future().get(), absl::OkStatus());
    ASSERT_EQ(loading_.Refresh(), absl::OkStatus());
  }
  PolicyLoading::Parts Parts(Gate* gate, PolicyInForce* policy) {
    return {&site_.engine->records(), &site_.keys, site_.log.get(), site_.committer.get(), gate, policy};
  }
  absl::StatusOr<StoredPolicy> Load(const std::string& note, v1::Role role = v1::SECURITY) {
    std::promise<absl::StatusOr<StoredPolicy>> result;
    loading_.Load(CallerForTest(role), note, [&](absl::StatusOr<StoredPolicy> loaded) { result.set_value(std::move(loaded)); });
    return result.get_future().get();
  }
  absl::StatusOr<StoredPolicy> Show(v1::Role role) {
    std::promise<absl::StatusOr<StoredPolicy>> result;
    loading_.Show(CallerForTest(role), [&](absl::StatusOr<StoredPolicy> shown) { result.set_value(std::move(shown)); });
    return result.get_future().get();
  }
  std::string Row() const { return site_.engine->records().Get(storage::Table::kMeta, kPolicyKey)->value_or(""); }
  void PutRow(std::optional<std::string> row) { site_.Tamper(storage::Table::kMeta, std::string(kPolicyKey), std::move(row)); }
  v1::AuditEntry Last() const { return site_.Entry(site_.log->head().tree_size - 1); }
  // As a gateway that starts now finds it.
  absl::Status Restarted() {
    PolicyInForce policy(policy::ShippedRules());
    Gate gate(site_.committer.get(), &site_.clock, &policy);
    return PolicyLoading(Parts(&gate, &policy)).Refresh();
  }
  void ExpectDamage(std::string_view what) {
    EXPECT_EQ(loading_.Refresh().code(), absl::StatusCode::kDataLoss) << what;
    EXPECT_EQ(Restarted().code(), absl::StatusCode::kDataLoss) << what;
    EXPECT_EQ(gate_.MayRelease().code(), absl::StatusCode::kDataLoss) << what;
    const auto permit = ReleaseAndWait(gate_, CallerForTest(v1::SUPERVISOR), AskForTest(Action::kListen));
    EXPECT_EQ(permit.status().code(), absl::StatusCode::kDataLoss) << what;
    EXPECT_EQ(Last().rule(), "policy-damaged");
    EXPECT_EQ(Last().decision(), v1::DENIED);
    EXPECT_EQ(Load(NoteForTest(TextForTest(50))).status().code(), absl::StatusCode::kDataLoss) << what;
    EXPECT_EQ(Last().rule(), "policy-damaged");
    // I11, and whoever must find out.
    EXPECT_TRUE(DecideRecord(*gate_.rules(), CallerForTest(v1::RECORDER), {"Tokyo", "", "", FormatForTest()}, kTestStart).allowed);
    Ask list;
    list.action = Action::kListAudit;
    EXPECT_TRUE(ReleaseAndWait(gate_, CallerForTest(v1::SECURITY), list).ok()) << what;
  }

  LogSite site_;
  PolicyInForce policy_{policy::ShippedRules()};
  Gate gate_{site_.committer.get(), &site_.clock, &policy_};
  PolicyLoading loading_{Parts(&gate_, &policy_)};
};

TEST_F(PolicyTest, TheFirstIsTheShippedOneWithTheSignersOfTheConfiguration) {
  const v1::AuditEntry entry = Last();
  EXPECT_EQ(entry.action(), v1::POLICY_LOAD);
  EXPECT_EQ(entry.decision(), v1::NOTED);
  EXPECT_EQ(entry.rule(), "init");
  EXPECT_EQ(entry.policy_sha256(), policy_.Get()->sha256());
  EXPECT_EQ(policy_.Get()->signers(), SignersForTest());
  EXPECT_TRUE(policy_.Get()->text().starts_with(policy::ShippedText()));
}

TEST_F(PolicyTest, I3_ComesIntoForceInOneWriteWithItsEntry) {
  const std::string text = TextForTest(2, NoListening);
  const uint64_t commits = site_.log->head().tree_size;
  const auto loaded = Load(NoteForTest(text, "ca"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_THAT(loaded->signed_by, ElementsAre("signer-c", "signer-a"));
  EXPECT_EQ(site_.log->head().tree_size, commits + 1);
  EXPECT_EQ(Last().action(), v1::POLICY_LOAD);
  EXPECT_EQ(Last().decision(), v1::ALLOWED);
  EXPECT_EQ(Last().policy_sha256(), crypto::Sha256(text));
  EXPECT_EQ(policy_.Get()->text(), text);
  EXPECT_EQ(gate_.DecideNow(CallerForTest(v1::OPERATOR), AskForTest(Action::kListen)).rule, "role");
  EXPECT_EQ(Restarted(), absl::OkStatus());
}

TEST_F(PolicyTest, I3_WithoutItsEntryNothingChanges) {
  const std::string before = Row();
  site_.engine->SetFault([](StorageCall call, const storage::AudioObjectId*) {
    return call == StorageCall::kCommit ? absl::ResourceExhaustedError("disk full") : absl::OkStatus();
  });
  EXPECT_FALSE(Load(NoteForTest(TextForTest(2))).ok());
  EXPECT_EQ(policy_.Get()->serial(), 1u);
  site_.engine->SetFault(nullptr);
  EXPECT_EQ(Row(), before);
  EXPECT_EQ(Restarted(), absl::OkStatus());
}

TEST_F(PolicyTest, ACommitOfUnknownFateIsFoundOutAbout) {
  std::atomic<int> failures{1};
  site_.engine->SetFault(
      [&failures](StorageCall call, const storage::AudioObjectId*) {
        return call == StorageCall::kCommit && failures-- > 0 ? absl::UnavailableError("lost the disk") : absl::OkStatus();
      },
      /*stores_anyway=*/true);
  EXPECT_EQ(Load(NoteForTest(TextForTest(2, NoListening))).status().code(), absl::StatusCode::kUnavailable);
  site_.engine->SetFault(nullptr);
  EXPECT_EQ(policy_.Get()->serial(), 1u);
  ASSERT_EQ(loading_.Refresh(), absl::OkStatus());
  EXPECT_EQ(policy_.Get()->serial(), 2u);
}

TEST_F(PolicyTest, WhatIsRefusedIsAnEntryAndChangesNothing) {
  ASSERT_TRUE(Load(NoteForTest(TextForTest(5))).ok());
  const std::string before = Row(), next = TextForTest(6);
  std::string tampered = NoteForTest(next);
  tampered.replace(tampered.find("listen"), 6, "Listen");
  const auto nobody_loads = [](v1::Policy* changed) { policy::TakeRight(changed, v1::SECURITY, Action::kLoadPolicy); };
  const auto joined = [](v1::Policy* changed) { policy::GiveRight(changed, v1::SECURITY, Action::kListen, v1::CENTRE); };
  const auto nobody_signs = [](v1::Policy* changed) { changed->clear_signers(); };
  const struct {
    std::string note, rule, said;
    absl::StatusCode code;
  } cases[] = {
      {next, "policy-signatures", "signature", absl::StatusCode::kInvalidArgument},
      {NoteForTest(next, "a"), "policy-signatures", "1 of the signers", absl::StatusCode::kPermissionDenied},
      {NoteForTest(next, "aa"), "policy-signatures", "1 of the signers", absl::StatusCode::kPermissionDenied},
      {NoteForTest(next, "az"), "policy-signatures", "1 of the signers", absl::StatusCode::kPermissionDenied},
      {NoteForTest(next, "zy"), "policy-signatures", "0 of the signers", absl::StatusCode::kPermissionDenied},
      {tampered, "policy-signatures", "was changed", absl::StatusCode::kInvalidArgument},
      {NoteForTest(TextForTest(5)), "policy-serial", "serial 5 is not greater than 5", absl::StatusCode::kFailedPrecondition},
      {NoteForTest(TextForTest(4)), "policy-serial", "serial 4", absl::StatusCode::kFailedPrecondition},
      {NoteForTest(next + "surprise: 1\n"), "policy-document", "surprise", absl::StatusCode::kInvalidArgument},
      {NoteForTest(TextForTest(6, nobody_loads)), "policy-document", "nobody has load-policy", absl::StatusCode::kInvalidArgument},
      {NoteForTest(TextForTest(6, joined)), "policy-document", "duties that must not meet", absl::StatusCode::kInvalidArgument},
      {NoteForTest(TextForTest(6, nobody_signs)), "policy-document", "signers", absl::StatusCode::kInvalidArgument},
      {std::string(kPolicyNoteBytesMax + 1, 'x'), "policy-document", "at most", absl::StatusCode::kInvalidArgument},
      {"", "policy-signatures", "note", absl::StatusCode::kInvalidArgument},
  };
  for (const auto& wrong : cases) {
    const absl::Status status = Load(wrong.note).status();
    EXPECT_EQ(status.code(), wrong.code) << wrong.said << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(wrong.said));
    EXPECT_EQ(Last().action(), v1::POLICY_LOAD);
    EXPECT_EQ(Last().decision(), v1::DENIED);
    EXPECT_EQ(Last().rule(), wrong.rule) << wrong.said;
    EXPECT_EQ(Last().target_commitment().size(), 32u);
    const bool is_signed = wrong.rule != "policy-signatures" && wrong.note.size() <= kPolicyNoteBytesMax;
    EXPECT_EQ(Last().policy_sha256().empty(), !is_signed) << "I1: of what nobody signed, not even a digest: " << wrong.said;
    EXPECT_EQ(Row(), before);
    EXPECT_EQ(policy_.Get()->serial(), 5u);
  }
  EXPECT_EQ(Restarted(), absl::OkStatus()) << "refusals are no policy's entry";
  EXPECT_TRUE(Load(NoteForTest(next)).ok());
}

TEST_F(PolicyTest, I9_OnlySecurityLoadsAndNoAdministrator) {
  const std::string note = NoteForTest(TextForTest(2));
  for (const v1::Role role : policy::kEveryRole) {
    if (role == v1::SECURITY) continue;
    EXPECT_EQ(Load(note, role).status().code(), absl::StatusCode::kPermissionDenied) << RoleName(role);
    EXPECT_EQ(Last().rule(), "role");
    const bool shows = role == v1::AUDITOR || role == v1::ADMIN;
    EXPECT_EQ(Show(role).ok(), shows) << RoleName(role);
    EXPECT_EQ(Last().action(), v1::POLICY_SHOW);
  }
  EXPECT_EQ(policy_.Get()->serial(), 1u);
  EXPECT_TRUE(Load(note).ok());
  EXPECT_EQ(Show(v1::SECURITY)->document, note);
}

TEST_F(PolicyTest, EachPolicyNamesTheSignersOfTheNext) {
  const std::vector<std::string> others = {policy::SignerForTest('y').VerifierKey(), policy::SignerForTest('z').VerifierKey()};
  const auto hand_over = [&others](v1::Policy* changed) { *changed->mutable_signers() = {others.begin(), others.end()}; };
  EXPECT_FALSE(Load(NoteForTest(TextForTest(2, hand_over), "yz")).ok());
  ASSERT_TRUE(Load(NoteForTest(TextForTest(2, hand_over), "ab")).ok());
  EXPECT_EQ(Load(NoteForTest(TextForTest(3), "ab")).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Restarted(), absl::OkStatus()) << "verified by the signers of the one before";
  EXPECT_TRUE(Load(NoteForTest(TextForTest(3), "yz")).ok());
}

TEST_F(PolicyTest, I7_ARowThatIsChangedRolledBackForgedOrGoneIsDamage) {
  const std::string first = Row();
  ASSERT_TRUE(Load(NoteForTest(TextForTest(2, NoListening))).ok());
  const std::string row = Row();
  v1::PolicyRecord forged;
  forged.set_version(1);
  forged.set_document(NoteForTest(TextForTest(3), "yz"));
  for (const char letter : {'y', 'z'}) forged.add_signers(policy::SignerForTest(letter).VerifierKey());
  v1::PolicyRecord unsigned_text = forged;
  unsigned_text.set_document(TextForTest(3));
  unsigned_text.clear_signers();
  std::string changed = row;
  changed.replace(changed.find("listen"), 6, "Listen");
  const std::pair<const char*, std::optional<std::string>> damages[] = {
      {"gone", std::nullopt},
      {"empty", ""},
      {"no record", "not a record"},
      {"changed", changed},
      {"rolled back", first},
      {"signed by others", forged.SerializeAsString()},
      {"signed by nobody", unsigned_text.SerializeAsString()},
  };
  for (const auto& [what, damaged] : damages) {
    PutRow(damaged);
    ExpectDamage(what);
    PutRow(row);
    EXPECT_EQ(loading_.Refresh(), absl::OkStatus()) << what;
    EXPECT_EQ(gate_.MayRelease(), absl::OkStatus()) << what;
    EXPECT_EQ(policy_.Get()->serial(), 2u);
    site_.clock.Advance(absl::Minutes(2));  // refusals are counted by the minute
  }
}

TEST_F(PolicyTest, ANewerRecordIsRefusedNeverGuessedAt) {
  v1::PolicyRecord newer;
  ASSERT_TRUE(newer.ParseFromString(Row()));
  newer.set_version(2);
  PutRow(newer.SerializeAsString());
  const absl::Status status = loading_.Refresh();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("version 2"));
  EXPECT_FALSE(gate_.MayRelease().ok());
}

TEST(PolicyWithoutSignersTest, NobodyEverLoadsOne) {
  for (const bool initialised : {true, false}) {  // without signers, or before there were policies
    LogSite site;
    PolicyInForce policy(policy::ShippedRules());
    Gate gate(site.committer.get(), &site.clock, &policy);
    PolicyLoading loading({&site.engine->records(), &site.keys, site.log.get(), site.committer.get(), &gate, &policy});
    storage::RecordCommit first;
    std::promise<absl::Status> done;
    first.done = [&done](const absl::Status& status, absl::Span<const uint64_t>) { done.set_value(status); };
    if (initialised) first.entries.push_back(*PutFirstPolicy("", {}, &first.batch));
    site.committer->Commit(std::move(first));
    ASSERT_EQ(done.get_future().get(), absl::OkStatus());
    ASSERT_EQ(loading.Refresh(), absl::OkStatus());
    std::promise<absl::Status> refused;
    loading.Load(CallerForTest(v1::SECURITY), NoteForTest(TextForTest(2)),
                 [&refused](const absl::StatusOr<StoredPolicy>& loaded) { refused.set_value(loaded.status()); });
    EXPECT_EQ(refused.get_future().get().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(policy.Get()->text(), policy::ShippedText());
  }
}

TEST_F(PolicyTest, WhatWasAllowedIsAskedAgainUnderThePolicyInForceNow) {
  const Caller caller = CallerForTest(v1::OPERATOR);
  Ask ask = AskForTest(Action::kListen);
  ASSERT_TRUE(Load(NoteForTest(TextForTest(2))).ok());  // operators need no case
  ASSERT_TRUE(ReleaseAndWait(gate_, caller, ask).ok());
  EXPECT_EQ(gate_.StillAllows(caller, ask), absl::OkStatus());
  ask.rules = gate_.rules();  // what was decided under has no say in it
  const policy::Change changes[] = {
      NoListening,
      [](v1::Policy* changed) { changed->mutable_purposes(0)->set_reference_pattern("X"); },
      [](v1::Policy* changed) { changed->mutable_purposes()->DeleteSubrange(0, 1); },
      [](v1::Policy* changed) { changed->mutable_roles(1)->mutable_rights(4)->set_scope(v1::OWN); },
  };
  uint64_t serial = 2;
  for (const policy::Change& change : changes) {
    ASSERT_TRUE(Load(NoteForTest(TextForTest(++serial, change))).ok());
    EXPECT_FALSE(gate_.StillAllows(caller, ask).ok()) << serial;
    ASSERT_TRUE(Load(NoteForTest(TextForTest(++serial))).ok());
    EXPECT_EQ(gate_.StillAllows(caller, ask), absl::OkStatus()) << serial;
  }
}

TEST_F(PolicyTest, I6_OneDecisionIsUnderOnePolicy) {
  ASSERT_TRUE(Load(NoteForTest(TextForTest(2))).ok());
  Ask prepared = AskForTest(Action::kListen);
  prepared.rules = gate_.rules();
  ASSERT_TRUE(Load(NoteForTest(TextForTest(3, NoListening))).ok());
  EXPECT_TRUE(gate_.DecideNow(CallerForTest(v1::OPERATOR), prepared).allowed);
  EXPECT_FALSE(gate_.DecideNow(CallerForTest(v1::OPERATOR), AskForTest(Action::kListen)).allowed);
}

TEST_F(PolicyTest, ASearchIsByWhatTheRoleSees) {
  const auto blind = [](v1::Policy* changed) {
    v1::RoleRule* const rule = policy::RuleOf(changed, v1::OPERATOR);
    rule->clear_fields();
    rule->add_fields(v1::AGENT);
  };
  ASSERT_TRUE(Load(NoteForTest(TextForTest(2, blind))).ok());
  Ask ask = AskForTest(Action::kSearchPersonal);
  EXPECT_EQ(gate_.DecideNow(CallerForTest(v1::OPERATOR), ask).rule, "field");
  EXPECT_TRUE(gate_.DecideNow(CallerForTest(v1::SUPERVISOR), ask).allowed);
  ask.term = v1::AGENT;
  EXPECT_TRUE(gate_.DecideNow(CallerForTest(v1::OPERATOR), ask).allowed);
}

TEST_F(PolicyTest, DecisionsGoOnWhilePoliciesAreLoaded) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> deciders;
  for (int i = 0; i < 3; ++i) {
    deciders.emplace_back([&] {
      while (!stop) {
        const Decision decision = gate_.DecideNow(CallerForTest(v1::OPERATOR), AskForTest(Action::kListen));
        EXPECT_EQ(decision.refusal.ok(), decision.allowed);
        EXPECT_TRUE(DecideRecord(*gate_.rules(), CallerForTest(v1::RECORDER), {"Tokyo", "", "", FormatForTest()}, kTestStart).allowed);
      }
    });
  }
  for (uint64_t serial = 2; serial < 30; ++serial) {
    EXPECT_TRUE(Load(NoteForTest(TextForTest(serial, serial % 2 == 0 ? policy::Change(NoListening) : nullptr))).ok());
  }
  stop = true;
  for (std::thread& decider : deciders) decider.join();
}

}  // namespace
}  // namespace otokura::access
