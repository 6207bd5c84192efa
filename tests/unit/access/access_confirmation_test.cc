// What takes a second person, and what becomes of it (DESIGN §8, I9).
#include "server/access/account_changes.h"
#include "tests/unit/access/directory_site.h"

namespace otokura::access {
namespace {

using ::testing::HasSubstr;

constexpr v1::Role kPeople[] = {v1::OPERATOR, v1::SUPERVISOR, v1::CONTRACTOR, v1::SECURITY, v1::AUDITOR, v1::ADMIN};

class ConfirmationTest : public DirectoryTest {
 protected:
  IssuedCertificate NewKey(const std::string& name) { return authority_.ForAccount(kTrustDomain, name, kTestStart); }
  absl::StatusOr<Caller> Caller_(const IssuedCertificate& issued, const std::string& name) {
    std::string rule;
    return directory_->Identify(PeerWith(issued.certificate_pem, name), &rule);
  }
};

TEST_F(ConfirmationTest, I9_PeopleWaitForASecondPersonAndMachinesDoNot) {
  Conclude(TermsForTest());
  for (const v1::Role role : kPeople) {
    const std::string name(RoleName(role));
    const IssuedCertificate issued = Propose(AccountForTest(role, name));
    EXPECT_EQ(RefusedBy(issued, name), "pending");
    EXPECT_EQ(directory_->Find(name)->state(), v1::Account::PENDING);
    EXPECT_EQ(directory_->Find(name)->proposed_by(), kProposer);
    ASSERT_TRUE(Confirm(name).ok()) << name;
    EXPECT_EQ(RefusedBy(issued, name), "");
    EXPECT_EQ(directory_->Find(name)->confirmed_by(), "officer");
  }
  EXPECT_EQ(RefusedBy(Propose(AccountForTest(v1::RECORDER, "pbx-1")), "pbx-1"), "");
  EXPECT_EQ(Confirm("pbx-1").status().code(), absl::StatusCode::kFailedPrecondition) << "nothing waits";
}

TEST_F(ConfirmationTest, I9_NeitherWhomItIsForNorWhoProposedItConfirms) {
  Propose(AccountForTest(v1::OPERATOR, "hanako"));  // person-1
  v1::Account confirmer = Officer();
  for (const char* person : {"person-1", "person-root"}) {
    confirmer.set_person_id(person);
    const absl::Status refused = Confirm("hanako", 1, confirmer).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << person;
    EXPECT_THAT(std::string(refused.message()), HasSubstr("another person"));
  }
  EXPECT_THAT(directory_->PersonsConcerned("hanako"), ::testing::UnorderedElementsAre("person-1", "person-root"));
  EXPECT_TRUE(directory_->PersonsConcerned("nobody").empty());
  EXPECT_TRUE(Confirm("hanako").ok());
}

TEST_F(ConfirmationTest, I9_DecideRefusesThePersonsConcerned) {
  Ask ask;
  for (const Action action : {Action::kConfirmAccount, Action::kRestoreAccount, Action::kConfirmContract}) {
    ask.action = action;
    ask.concerned = {"person-9", "person-1"};  // the caller's
    const Decision decision = Decide(*policy::ShippedRules(), CallerForTest(v1::SECURITY), ask, kTestStart);
    EXPECT_EQ(decision.rule, "same-person");
    EXPECT_EQ(decision.refusal.code(), absl::StatusCode::kFailedPrecondition);
    ask.concerned = {"person-9"};
    EXPECT_TRUE(Decide(*policy::ShippedRules(), CallerForTest(v1::SECURITY), ask, kTestStart).allowed);
  }
}

TEST_F(ConfirmationTest, OnlyWhatWasLookedAtIsConfirmed) {
  Enrol(AccountForTest(v1::OPERATOR, "hanako"));
  ASSERT_TRUE(Renew("hanako", NewKey("hanako").certificate_pem).ok());
  const uint64_t seen = directory_->Find("hanako")->revision();
  ASSERT_TRUE(Renew("hanako", NewKey("hanako").certificate_pem).ok());  // another key in its place
  const absl::Status refused = Confirm("hanako", seen).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("revision"));
}

TEST_F(ConfirmationTest, AProposalWaitsFourteenDaysAndNotAMomentLonger) {
  const IssuedCertificate in_time = Propose(AccountForTest(v1::OPERATOR, "hanako"));
  Propose(AccountForTest(v1::OPERATOR, "taro"));
  site_.clock.Advance(kProposalLife - absl::Milliseconds(1));
  EXPECT_TRUE(Confirm("hanako").ok());
  site_.clock.Advance(absl::Milliseconds(1));
  EXPECT_EQ(directory_->Find("taro")->state(), v1::Account::EXPIRED);
  EXPECT_EQ(Confirm("taro").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(RefusedBy(in_time, "hanako"), "");

  const IssuedCertificate again = Propose(AccountForTest(v1::SUPERVISOR, "taro"));  // the name is free again
  ASSERT_TRUE(Confirm("taro").ok());
  EXPECT_EQ(RefusedBy(again, "taro"), "");
  EXPECT_EQ(directory_->Find("taro")->role(), v1::SUPERVISOR);
  Reopen(ConfigForTest());
  EXPECT_EQ(RefusedBy(again, "taro"), "");
}

TEST_F(ConfirmationTest, I9_AProposalCountsAmongItsPersonsDutiesWhileItMayYetBeConfirmed) {
  Propose(AccountForTest(v1::OPERATOR, "hanako"));  // person-1
  Propose(AccountForTest(v1::AUDITOR, "jiro"));     // the same
  site_.clock.Advance(kProposalLife - absl::Milliseconds(1));
  EXPECT_THAT(directory_->RolesOf("person-1", ""), ::testing::UnorderedElementsAre(v1::OPERATOR, v1::AUDITOR));
  EXPECT_EQ(directory_->CheckDutiesApart(*policy::ShippedRules()).code(), absl::StatusCode::kFailedPrecondition);
  site_.clock.Advance(absl::Milliseconds(1));
  EXPECT_THAT(directory_->RolesOf("person-1", ""), ::testing::IsEmpty());
  EXPECT_THAT(directory_->RolesOf("person-1", "jiro"), ::testing::ElementsAre(v1::AUDITOR)) << "the one that is asked about";
  EXPECT_EQ(directory_->CheckDutiesApart(*policy::ShippedRules()), absl::OkStatus());
}

TEST_F(ConfirmationTest, ARejectedProposalIsNeverConfirmedAndItsNameIsFree) {
  const IssuedCertificate issued = Propose(AccountForTest(v1::OPERATOR, "hanako"));
  ASSERT_TRUE(Suspend("hanako", "nobody knows her").ok());
  EXPECT_EQ(Confirm("hanako").status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(Restore("hanako").ok());
  EXPECT_EQ(RefusedBy(issued, "hanako"), "pending") << "a suspension that is lifted confirms nothing";
  ASSERT_TRUE(Suspend("hanako").ok());
  const IssuedCertificate again = Propose(AccountForTest(v1::OPERATOR, "hanako"));
  EXPECT_TRUE(Confirm("hanako").ok());
  EXPECT_EQ(RefusedBy(again, "hanako"), "");
  EXPECT_EQ(RefusedBy(issued, "hanako"), "key-not-enrolled");
}

TEST_F(ConfirmationTest, WhatASuspendedAccountProposedIsNotConfirmed) {
  Propose(AccountForTest(v1::OPERATOR, "hanako"));
  ASSERT_TRUE(Suspend(kProposer).ok());
  EXPECT_EQ(Confirm("hanako").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ConfirmationTest, I9_TheOldKeyIsGoodUntilTheNewOneIsConfirmedAndThenNoMore) {
  const IssuedCertificate old_key = Enrol(AccountForTest(v1::OPERATOR, "hanako"));
  const IssuedCertificate new_key = NewKey("hanako");
  const auto inside = Caller_(old_key, "hanako");
  ASSERT_TRUE(inside.ok());
  ASSERT_TRUE(Renew("hanako", new_key.certificate_pem).ok());
  EXPECT_EQ(RefusedBy(old_key, "hanako"), "");
  EXPECT_EQ(RefusedBy(new_key, "hanako"), "key-not-enrolled");
  EXPECT_TRUE(inside->StillWelcome(kTestStart).ok());

  ASSERT_TRUE(Confirm("hanako").ok());
  EXPECT_EQ(RefusedBy(old_key, "hanako"), "key-not-enrolled");
  EXPECT_EQ(RefusedBy(new_key, "hanako"), "");
  EXPECT_EQ(inside->StillWelcome(kTestStart).code(), absl::StatusCode::kUnauthenticated) << "streams in flight end too";
  Reopen(ConfigForTest());
  EXPECT_EQ(RefusedBy(old_key, "hanako"), "key-not-enrolled");
  EXPECT_EQ(RefusedBy(new_key, "hanako"), "");
}

TEST_F(ConfirmationTest, ARenewalThatNobodyConfirmedIsGone) {
  const IssuedCertificate old_key = Enrol(AccountForTest(v1::OPERATOR, "hanako"));
  ASSERT_TRUE(Renew("hanako", NewKey("hanako").certificate_pem).ok());
  site_.clock.Advance(kProposalLife);
  EXPECT_FALSE(directory_->Find("hanako")->has_renewal());
  EXPECT_EQ(Confirm("hanako").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(RefusedBy(old_key, "hanako"), "");
}

TEST_F(ConfirmationTest, ARecordersKeyIsReplacedAtOnce) {
  const IssuedCertificate old_key = Enrol(AccountForTest(v1::RECORDER, "pbx-1"));
  const IssuedCertificate new_key = NewKey("pbx-1");
  ASSERT_TRUE(Renew("pbx-1", new_key.certificate_pem).ok());
  EXPECT_EQ(RefusedBy(new_key, "pbx-1"), "");
  EXPECT_EQ(RefusedBy(old_key, "pbx-1"), "key-not-enrolled");
}

TEST_F(ConfirmationTest, AKeyThatWasEverAnAccountsIsNeverAnothers) {
  const IssuedCertificate old_key = Enrol(AccountForTest(v1::RECORDER, "pbx-1"));
  ASSERT_TRUE(Renew("pbx-1", NewKey("pbx-1").certificate_pem).ok());
  const IssuedCertificate stolen =
      authority_.Make({{AccountUri(kTrustDomain, "jiro")}, kTestStart - Days(1), kTestStart + Days(1), old_key.private_key_pem});
  const auto prepared = Prepare(AccountForTest(v1::OPERATOR, "jiro"), stolen.certificate_pem);
  const absl::Status refused = prepared.ok() ? Add(*prepared).status() : prepared.status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kAlreadyExists) << refused;
  Enrol(AccountForTest(v1::OPERATOR, "taro"));
  const IssuedCertificate for_taro =
      authority_.Make({{AccountUri(kTrustDomain, "taro")}, kTestStart - Days(1), kTestStart + Days(1), old_key.private_key_pem});
  EXPECT_EQ(Renew("taro", for_taro.certificate_pem).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Renew("taro", old_key.certificate_pem).status().code(), absl::StatusCode::kInvalidArgument) << "pbx-1's certificate";
}

TEST_F(ConfirmationTest, ARenewalNeedsAnAccountAndAnotherKey) {
  const IssuedCertificate issued = Enrol(AccountForTest(v1::OPERATOR, "hanako"));
  EXPECT_EQ(Renew("nobody", NewKey("nobody").certificate_pem).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Renew("hanako", issued.certificate_pem).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Renew("hanako", "nonsense").status().code(), absl::StatusCode::kInvalidArgument);
  Propose(AccountForTest(v1::OPERATOR, "taro"));
  EXPECT_EQ(Renew("taro", NewKey("taro").certificate_pem).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ConfirmationTest, ASuspensionIsLiftedForWhoComesAnewAndNotForWhoWasCutOff) {
  const IssuedCertificate issued = Enrol(AccountForTest(v1::OPERATOR, "hanako"));
  const auto inside = Caller_(issued, "hanako");
  ASSERT_TRUE(inside.ok());
  EXPECT_EQ(Restore("hanako").status().code(), absl::StatusCode::kFailedPrecondition) << "not suspended";
  ASSERT_TRUE(Suspend("hanako").ok());
  EXPECT_EQ(Restore("hanako", "").status().code(), absl::StatusCode::kInvalidArgument);
  const auto restored = Restore("hanako", "it was a mistake");
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->suspended_reason(), "");
  EXPECT_EQ(RefusedBy(issued, "hanako"), "");
  EXPECT_EQ(inside->StillWelcome(kTestStart).code(), absl::StatusCode::kPermissionDenied);
  ASSERT_TRUE(Renew("hanako", NewKey("hanako").certificate_pem).ok());
  const auto again = Caller_(issued, "hanako");
  ASSERT_TRUE(again.ok());
  ASSERT_TRUE(Suspend("hanako").ok());
  EXPECT_EQ(again->StillWelcome(kTestStart).code(), absl::StatusCode::kPermissionDenied) << "who came before a change is reached too";
}

TEST_F(ConfirmationTest, I9_OneAccountOfTheSecurityRoleAlwaysStaysActive) {
  for (const char* name : {"first", "second", "third"}) {
    v1::Account officer = AccountForTest(v1::SECURITY, name);
    officer.set_person_id(name);
    Enrol(officer);
  }
  Propose(AccountForTest(v1::SECURITY, "pending"));  // does not count
  ASSERT_TRUE(Suspend("first").ok());
  // Two gateways, or two officers at once: the store decides.
  auto other = Directory::Open(site_.engine->records(), site_.committer.get(), &site_.keys, contracts_, &site_.clock, ConfigForTest());
  ASSERT_TRUE(other.ok()) << other.status();
  ASSERT_TRUE(Suspend("second").ok());
  std::swap(directory_, *other);
  const absl::Status last = Suspend("third").status();
  EXPECT_EQ(last.code(), absl::StatusCode::kFailedPrecondition) << last;
  EXPECT_THAT(std::string(last.message()), HasSubstr("last active"));
  ASSERT_TRUE(Restore("first").ok());
  EXPECT_TRUE(Suspend("third").ok());
}

TEST_F(ConfirmationTest, I3_AConfirmationOfUnknownFateIsFoundWhenAskedAgain) {
  for (bool kept : {false, true}) {
    const std::string name = kept ? "kept" : "lost";
    const IssuedCertificate issued = Propose(AccountForTest(v1::OPERATOR, name));
    const uint64_t revision = directory_->Find(name)->revision();
    FailOneCommit(kept);
    EXPECT_EQ(Confirm(name, revision).status().code(), absl::StatusCode::kUnavailable);
    const auto again = Eventually([&] { return Confirm(name, revision); });
    EXPECT_EQ(again.status().code(), kept ? absl::StatusCode::kFailedPrecondition : absl::StatusCode::kOk) << again.status();
    EXPECT_EQ(RefusedBy(issued, name), "");
  }
}

TEST_F(ConfirmationTest, TheLogTellsAnEnrolmentFromARenewal) {
  Enrol(AccountForTest(v1::OPERATOR, "hanako"));
  ASSERT_TRUE(Renew("hanako", NewKey("hanako").certificate_pem).ok());
  ASSERT_TRUE(Confirm("hanako").ok());
  EXPECT_EQ(site_.Entry(1).subject(), "enrolment");
  EXPECT_EQ(site_.Entry(3).subject(), "renewal");
}

}  // namespace
}  // namespace otokura::access
