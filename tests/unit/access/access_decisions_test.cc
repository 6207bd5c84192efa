#include "tests/unit/access/access_site.h"

namespace otokura::access {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr v1::Role kRoles[] = {v1::RECORDER, v1::OPERATOR, v1::SUPERVISOR, v1::CONTRACTOR, v1::SECURITY, v1::AUDITOR, v1::ADMIN};

const Rules& Shipped() { return *policy::ShippedRules(); }
Decision DecideNow(const Caller& caller, const Ask& ask) { return Decide(Shipped(), caller, ask, kTestStart); }

TEST(DecideTest, I6_AWellJustifiedAskIsAllowedExactlyWhereTheTableSaysSo) {
  for (v1::Role role : kRoles) {
    for (int number = 0; number < kActions; ++number) {
      const auto action = static_cast<Action>(number);
      Ask ask = AskForTest(action);
      if (role == v1::CONTRACTOR) ask.justification.set_purpose("maintenance");
      if (!Shipped().MayState(role, ask.justification.purpose())) ask.justification.Clear();
      const Decision decision = Decide(Shipped(), CallerForTest(role), ask, kTestStart, MakeGrant(KeptGrantForTest()));
      const bool expected = Shipped().ScopeOf(role, action) != v1::SCOPE_UNSPECIFIED && action != Action::kRecord;
      EXPECT_EQ(decision.allowed, expected) << RoleName(role) << " " << ActionName(action) << " " << decision.refusal;
      EXPECT_EQ(decision.refusal.ok(), decision.allowed);
      if (expected) continue;
      EXPECT_EQ(decision.rule, "role");
      EXPECT_EQ(decision.refusal.code(), absl::StatusCode::kPermissionDenied);
    }
  }
}

TEST(DecideTest, I6_AbsentAndOutOfScopeAreTheSameByteForByte) {
  for (Action action : {Action::kShow, Action::kShowPersonal, Action::kListen, Action::kDownload}) {
    Ask absent = AskForTest(action);
    absent.resource.reset();
    Ask elsewhere = AskForTest(action);
    elsewhere.resource->centre = "Osaka";
    const Decision first = DecideNow(CallerForTest(v1::SUPERVISOR), absent);
    const Decision second = DecideNow(CallerForTest(v1::SUPERVISOR), elsewhere);
    EXPECT_FALSE(first.allowed);
    EXPECT_EQ(first.refusal, second.refusal);
    EXPECT_EQ(first.rule, second.rule);
    EXPECT_EQ(first.refusal.code(), absl::StatusCode::kNotFound);
  }
}

// Whatever else is wrong with a request is said before the recording is looked at, so that it cannot be used to probe for ids.
TEST(DecideTest, I6_OtherRefusalsDoNotDependOnTheRecording) {
  Ask absent = AskForTest(Action::kListen);
  absent.justification.clear_reference();
  Ask present = absent;
  absent.resource.reset();
  EXPECT_EQ(DecideNow(CallerForTest(v1::OPERATOR), absent).refusal, DecideNow(CallerForTest(v1::OPERATOR), present).refusal);
  EXPECT_EQ(DecideNow(CallerForTest(v1::CONTRACTOR), AskForTest(Action::kListen)).refusal, DecideNow(CallerForTest(v1::CONTRACTOR),
                                                                                                     [] {
                                                                                                       Ask ask =
                                                                                                           AskForTest(Action::kListen);
                                                                                                       ask.resource.reset();
                                                                                                       return ask;
                                                                                                     }())
                                                                                               .refusal);
}

TEST(DecideTest, I6_ReasonsAreDemandedForEveryRelease) {
  const Caller caller = CallerForTest(v1::OPERATOR);
  for (Action action : {Action::kShow, Action::kShowPersonal, Action::kListen, Action::kSearchPersonal}) {
    Ask ask = AskForTest(action);
    ask.justification.clear_purpose();
    Decision decision = DecideNow(caller, ask);
    EXPECT_EQ(decision.refusal.code(), absl::StatusCode::kInvalidArgument) << ActionName(action);
    EXPECT_THAT(std::string(decision.refusal.message()), HasSubstr("justification.purpose"));

    ask = AskForTest(action);
    ask.justification.clear_reference();
    decision = DecideNow(caller, ask);
    EXPECT_EQ(decision.refusal.code(), absl::StatusCode::kInvalidArgument) << ActionName(action);
    EXPECT_THAT(std::string(decision.refusal.message()), HasSubstr("justification.reference"));

    ask = AskForTest(action);
    ask.justification.set_purpose("legal");
    decision = DecideNow(caller, ask);
    EXPECT_EQ(decision.refusal.code(), absl::StatusCode::kPermissionDenied) << ActionName(action);
    EXPECT_EQ(decision.rule, "purpose");
  }
}

TEST(DecideTest, APlainSearchNeedsNoReasonButAStatedOneMustBeOfTheRole) {
  Ask ask;
  ask.action = Action::kSearch;
  EXPECT_TRUE(DecideNow(CallerForTest(v1::OPERATOR), ask).allowed);
  ask.justification.set_purpose("maintenance");
  EXPECT_EQ(DecideNow(CallerForTest(v1::OPERATOR), ask).refusal.code(), absl::StatusCode::kPermissionDenied);
}

TEST(DecideTest, I10_ReasonsAreBounded) {
  const Caller caller = CallerForTest(v1::OPERATOR);
  for (const std::string& reference : {std::string(kReferenceBytesMax + 1, 'r'), std::string("line\nbreak"), std::string("\xFF")}) {
    Ask ask = AskForTest(Action::kListen);
    ask.justification.set_reference(reference);
    const Decision decision = DecideNow(caller, ask);
    EXPECT_EQ(decision.refusal.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(decision.refusal.message()), Not(HasSubstr(reference)));
  }
  Ask ask = AskForTest(Action::kListen);
  ask.justification.set_reference(std::string(kReferenceBytesMax, 'r'));
  EXPECT_TRUE(DecideNow(caller, ask).allowed);
  ask.justification.set_purpose(std::string(kPurposeBytesMax + 1, 'p'));
  EXPECT_EQ(DecideNow(caller, ask).refusal.code(), absl::StatusCode::kInvalidArgument);
}

TEST(DecideTest, OwnScopeIsOnesOwnCallsInOnesOwnCentres) {
  v1::Account account = AccountForTest(v1::OPERATOR);
  account.set_scope(v1::OWN);
  const Caller caller = CallerForTest(account);
  Ask ask = AskForTest(Action::kListen);
  EXPECT_FALSE(DecideNow(caller, ask).allowed);
  ask.resource->own = true;
  EXPECT_TRUE(DecideNow(caller, ask).allowed);
  ask.resource->centre = "Osaka";
  EXPECT_FALSE(DecideNow(caller, ask).allowed);
}

TEST(DecideTest, AnAccountsScopeNeverWidensTheRoles) {
  v1::Account account = AccountForTest(v1::OPERATOR);
  account.set_scope(v1::ALL);
  Ask ask = AskForTest(Action::kListen);
  ask.resource->centre = "Osaka";
  EXPECT_FALSE(DecideNow(CallerForTest(account), ask).allowed);
  account.set_role(v1::CONTRACTOR);
  EXPECT_EQ(EffectiveScope(Shipped(), CallerForTest(account), Action::kDownload), v1::SCOPE_UNSPECIFIED);
}

TEST(DecideTest, ARightOverEverythingIsNotHalved) {
  v1::Account account = AccountForTest(v1::AUDITOR);
  account.set_scope(v1::CENTRE);
  Ask ask;
  ask.action = Action::kListAudit;
  EXPECT_EQ(DecideNow(CallerForTest(account), ask).rule, "role");
}

TEST(DecideTest, SuspendedExpiredAndRevokedAreRefusedWhateverTheyAsk) {
  const Ask ask = AskForTest(Action::kListen);
  const Decision suspended = DecideNow(CallerForTest(AccountForTest(v1::OPERATOR), true), ask);
  EXPECT_EQ(suspended.rule, "suspended");
  EXPECT_EQ(suspended.refusal.code(), absl::StatusCode::kPermissionDenied);
  Caller caller = CallerForTest(v1::OPERATOR);
  EXPECT_EQ(Decide(Shipped(), caller, ask, caller.certificate_expiry).refusal.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(Decide(Shipped(), caller, ask, caller.certificate_expiry - absl::Microseconds(1)).allowed);
  caller.certificate_revoked = std::make_shared<std::atomic<bool>>(true);
  const Decision revoked = DecideNow(caller, ask);
  EXPECT_EQ(revoked.rule, "revoked");
  EXPECT_EQ(revoked.refusal.code(), absl::StatusCode::kUnauthenticated);
}

TEST(DecideTest, NobodySuspendsThemselves) {
  Ask ask;
  ask.action = Action::kSuspendAccount;
  ask.requested_id = "somebody";
  EXPECT_EQ(DecideNow(CallerForTest(v1::SECURITY), ask).refusal.code(), absl::StatusCode::kFailedPrecondition);
  ask.requested_id = "somebody-else";
  EXPECT_TRUE(DecideNow(CallerForTest(v1::SECURITY), ask).allowed);
}

TEST(DecideTest, RefusalsNameNothingPersonal) {
  v1::Account account = AccountForTest(v1::OPERATOR, "yamada.hanako");
  Ask ask = AskForTest(Action::kDownload);
  for (const Decision& decision : {DecideNow(CallerForTest(account), ask), DecideNow(CallerForTest(account, true), ask)}) {
    const std::string text(decision.refusal.message());
    for (const char* secret : {"yamada", "person-1", "CASE-2025", "192.0.2.7"}) EXPECT_THAT(text, Not(HasSubstr(secret)));
    EXPECT_THAT(text, HasSubstr("ask ")) << "names a remedy";
  }
}

// ---- recorders

RecordAsk RecordAskForTest() { return {"Tokyo", "", "", FormatForTest()}; }
Decision DecideRecordNow(const Caller& caller, const RecordAsk& ask) { return DecideRecord(Shipped(), caller, ask, kTestStart); }

TEST(DecideRecordTest, I6_OnlyRecordersAndOnlyWhatTheirAccountHas) {
  for (v1::Role role : kRoles) {
    v1::Account account = AccountForTest(v1::RECORDER);
    account.set_role(role);
    EXPECT_EQ(DecideRecordNow(CallerForTest(account), RecordAskForTest()).allowed, role == v1::RECORDER) << RoleName(role);
  }
  const Caller recorder = CallerForTest(v1::RECORDER);
  RecordAsk ask = RecordAskForTest();
  ask.centre = "Osaka";
  EXPECT_EQ(DecideRecordNow(recorder, ask).rule, "centre");
  ask.centre = "";
  EXPECT_EQ(DecideRecordNow(recorder, ask).rule, "centre");
  ask = RecordAskForTest();
  ask.retention_class = "long";
  EXPECT_EQ(DecideRecordNow(recorder, ask).rule, "retention-class");
  ask.retention_class = "standard";
  EXPECT_TRUE(DecideRecordNow(recorder, ask).allowed);
  ask.format = FormatForTest(v1::AudioFormat::PCMA);
  EXPECT_EQ(DecideRecordNow(recorder, ask).rule, "format");
  EXPECT_EQ(DecideRecordNow(recorder, ask).refusal.code(), absl::StatusCode::kPermissionDenied);
  ask.format = v1::AudioFormat();
  EXPECT_EQ(DecideRecordNow(recorder, ask).refusal.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(DecideRecordNow(CallerForTest(AccountForTest(v1::RECORDER), true), RecordAskForTest()).allowed);
}

TEST(DecideRecordTest, QueuesAreThoseOfTheAccountOrElseOfTheCentre) {
  RecordAsk ask = RecordAskForTest();
  ask.queue = "Tokyo-general";
  v1::Account account = AccountForTest(v1::RECORDER);
  auto enrolled = std::make_shared<Enrolled>();
  enrolled->account = account;
  enrolled->centres = {ConfigForTest().centres(0)};
  Caller caller = CallerForTest(account);
  caller.enrolled = enrolled;
  EXPECT_TRUE(DecideRecordNow(caller, ask).allowed);
  ask.queue = "Osaka-general";
  EXPECT_EQ(DecideRecordNow(caller, ask).rule, "queue");
  account.add_queues("Tokyo-pensions");
  EXPECT_TRUE(DecideRecordNow(CallerForTest(account), RecordAskForTest()).allowed);
  ask.queue = "Tokyo-pensions";
  EXPECT_TRUE(DecideRecordNow(CallerForTest(account), ask).allowed);
  ask.queue = "Tokyo-general";
  EXPECT_EQ(DecideRecordNow(CallerForTest(account), ask).rule, "queue");
}

}  // namespace
}  // namespace otokura::access
