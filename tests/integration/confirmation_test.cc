// Nobody comes to hear by one person's hand: accounts, new keys and lifted suspensions over the real gateway (DESIGN §8, I9).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "server/access/account_changes.h"
#include "server/runtime/clock.h"
#include "tests/integration/clients.h"
#include "tests/integration/log_of.h"
#include "tests/integration/site.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::integration {
namespace {

using ::testing::HasSubstr;
using Admin = v1::Admin::Stub;

class Confirmation : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(site_.StartInMemory(), absl::OkStatus());
    for (const auto& [name, role] : {std::pair("recorder", v1::RECORDER), {"supervisor", v1::SUPERVISOR}, {"auditor", v1::AUDITOR}}) {
      ASSERT_EQ(site_.Enrol(name, role), absl::OkStatus()) << name;
    }
    const auto sealed = RecordCall(site_.ConnectAs("recorder"), OpenRequest("pbx-1"), speech_);
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    recording_ = sealed->recording_id();
  }

  // What the administrator alone does.
  absl::StatusOr<v1::Account> Propose(const v1::AddAccountRequest& request) {
    v1::AddAccountResponse response;
    if (absl::Status added = site_.AskAs("admin", &Admin::AddAccount, request, &response); !added.ok()) return added;
    return response.account();
  }
  absl::StatusOr<v1::Account> Propose(const std::string& name, v1::Role role) { return Propose(AccountRequest(name, role)); }
  absl::Status Confirm(const std::string& who, const std::string& name, uint64_t revision) {
    v1::ConfirmAccountRequest request;
    request.set_name(name);
    request.set_revision(revision);
    v1::ConfirmAccountResponse response;
    return site_.AskAs(who, &Admin::ConfirmAccount, request, &response);
  }
  absl::Status Suspend(const std::string& who, const std::string& name) {
    v1::SuspendAccountRequest request;
    request.set_name(name);
    request.set_reason("left");
    v1::SuspendAccountResponse response;
    return site_.AskAs(who, &Admin::SuspendAccount, request, &response);
  }
  absl::Status Restore(const std::string& who, const std::string& name) {
    v1::RestoreAccountRequest request;
    request.set_name(name);
    request.set_reason("it was a mistake");
    v1::RestoreAccountResponse response;
    return site_.AskAs(who, &Admin::RestoreAccount, request, &response);
  }
  absl::Status Hear(const std::string& name) { return Listen(site_.ConnectAs(name), recording_, {}).status; }
  std::vector<LoggedEntry> Log(v1::AuditAction action) {
    auto log = ReadLog(site_.ConnectAs("auditor"));
    EXPECT_TRUE(log.ok()) << log.status();
    std::vector<LoggedEntry> found;
    for (const LoggedEntry& entry : *log) {
      if (entry.leaf.action() == action) found.push_back(entry);
    }
    return found;
  }

  Site site_;
  const std::string speech_ = Speech(20000);
  std::string recording_;
};

TEST_F(Confirmation, I9_AnAccountIsGoodForNothingUntilASecondPersonConfirmsIt) {
  const auto proposed = Propose("operator", v1::OPERATOR);
  ASSERT_TRUE(proposed.ok()) << proposed.status();
  EXPECT_EQ(proposed->state(), v1::Account::PENDING);
  const absl::Status pending = Hear("operator");
  EXPECT_EQ(pending.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(pending.message()), HasSubstr("second person"));
  for (const char* who : {"admin", "operator", "supervisor", "auditor", "recorder"}) {
    EXPECT_EQ(Confirm(who, "operator", proposed->revision()).code(), absl::StatusCode::kPermissionDenied) << who;
  }
  ASSERT_EQ(Confirm("security", "operator", proposed->revision()), absl::OkStatus());
  EXPECT_EQ(Hear("operator"), absl::OkStatus());

  const auto refused = Log(v1::CONNECTION_REFUSED);
  ASSERT_FALSE(refused.empty());
  EXPECT_EQ(refused.front().leaf.rule(), "pending");
  const auto confirmed = Log(v1::ACCOUNT_CONFIRM);
  EXPECT_EQ(confirmed.back().details.account().value(), "security");
  EXPECT_EQ(confirmed.back().details.target().value(), "operator");
  EXPECT_EQ(confirmed.back().leaf.subject(), "enrolment");
  EXPECT_EQ(std::count_if(confirmed.begin(), confirmed.end(), [](const auto& one) { return one.leaf.decision() == v1::DENIED; }), 4)
      << "the pending account itself did not get as far";
}

TEST_F(Confirmation, I9_TwoAccountsOfOnePersonAreOnePerson) {
  v1::AddAccountRequest officer = AccountRequest("second-officer", v1::SECURITY);
  officer.mutable_account()->set_person_id("person-of-many-names");
  ASSERT_EQ(site_.Enrol(officer), absl::OkStatus());
  v1::AddAccountRequest mine = AccountRequest("auditor-2", v1::AUDITOR);
  mine.mutable_account()->set_person_id("person-of-many-names");
  const auto proposed = Propose(mine);
  ASSERT_TRUE(proposed.ok()) << proposed.status();
  const absl::Status own = Confirm("second-officer", "auditor-2", proposed->revision());
  EXPECT_EQ(own.code(), absl::StatusCode::kFailedPrecondition) << own;
  EXPECT_EQ(Log(v1::ACCOUNT_CONFIRM).back().leaf.rule(), "same-person");
  ASSERT_EQ(Confirm("security", "auditor-2", proposed->revision()), absl::OkStatus());
  ASSERT_EQ(Suspend("security", "auditor-2"), absl::OkStatus());
  EXPECT_EQ(Restore("second-officer", "auditor-2").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Restore("admin", "auditor-2").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Restore("security", "auditor-2"), absl::OkStatus());
  EXPECT_EQ(Log(v1::ACCOUNT_RESTORE).back().details.reason().value(), "it was a mistake");
}

TEST_F(Confirmation, I9_NobodyHearsAndWatchesOverItByTwoAccounts) {
  const auto of_person = [](const std::string& name, v1::Role role, const std::string& person) {
    v1::AddAccountRequest request = AccountRequest(name, role);
    request.mutable_account()->set_person_id(person);
    return request;
  };
  const v1::AddAccountRequest hearing = of_person("operator", v1::OPERATOR, "person-auditor");
  const absl::Status mixed = site_.Enrol(hearing);
  ExpectRefused(site_, mixed, v1::ACCOUNT_ADD, "duties-of-person");
  EXPECT_THAT(std::string(mixed.message()), HasSubstr("(hearing) and list-audit (log)"));

  // Proposed while the other was suspended, the account is confirmed only while it still is.
  ASSERT_EQ(site_.Enrol("operator-2", v1::OPERATOR), absl::OkStatus());
  ASSERT_EQ(site_.Suspend("operator-2"), absl::OkStatus());
  const auto officer = Propose(of_person("second-officer", v1::SECURITY, "person-operator-2"));
  ASSERT_TRUE(officer.ok()) << officer.status();
  ExpectRefused(site_, site_.Restore("operator-2"), v1::ACCOUNT_RESTORE, "duties-of-person");
  ASSERT_EQ(Confirm("security", "second-officer", officer->revision()), absl::OkStatus());
  ExpectRefused(site_, site_.Restore("operator-2"), v1::ACCOUNT_RESTORE, "duties-of-person");
  ASSERT_EQ(site_.Suspend("second-officer"), absl::OkStatus());
  EXPECT_EQ(site_.Restore("operator-2"), absl::OkStatus());
  ExpectRefused(site_, site_.Restore("second-officer"), v1::ACCOUNT_RESTORE, "duties-of-person");
}

TEST_F(Confirmation, I9_APolicyDoesNotJoinInOnePersonWhatItKeepsApartInRoles) {
  v1::AddAccountRequest also = AccountRequest("operator", v1::OPERATOR);
  also.mutable_account()->set_person_id("person-supervisor");
  ASSERT_EQ(site_.Enrol(also), absl::OkStatus()) << "both only hear";
  const std::string note = policy::NoteForTest(policy::TextForTest(2, [](v1::Policy* policy) {
    policy::RuleOf(policy, v1::OPERATOR)->clear_rights();
    policy::GiveRight(policy, v1::OPERATOR, policy::Action::kListAudit, v1::ALL);
  }));
  const absl::Status mixed = site_.LoadPolicy(note);
  ExpectRefused(site_, mixed, v1::POLICY_LOAD, "duties-of-person");
  EXPECT_THAT(std::string(mixed.message()), HasSubstr("person-supervisor"));
  EXPECT_EQ(Hear("operator"), absl::OkStatus()) << "nothing changed";
  ASSERT_EQ(site_.Suspend("operator"), absl::OkStatus());
  EXPECT_EQ(site_.LoadPolicy(note), absl::OkStatus());
}

TEST_F(Confirmation, I9_ANewKeyTakesEffectOnlyWhenConfirmed) {
  const ClientIdentity before{Pki::Ours().Certificate("supervisor"), Pki::Ours().PrivateKey("supervisor")};
  Pki::Ours().IssueAgain("supervisor");
  v1::RenewAccountRequest renew;
  renew.set_name("supervisor");
  renew.set_certificate_pem(Pki::Ours().Certificate("supervisor"));
  v1::RenewAccountResponse renewed;
  EXPECT_EQ(site_.AskAs("security", &Admin::RenewAccount, renew, &renewed).code(), absl::StatusCode::kPermissionDenied);
  ASSERT_EQ(site_.AskAs("admin", &Admin::RenewAccount, renew, &renewed), absl::OkStatus());
  EXPECT_EQ(Hear("supervisor").code(), absl::StatusCode::kUnauthenticated);
  const auto old_channel = site_.Connect(before);
  EXPECT_EQ(Listen(old_channel, recording_, {}).status, absl::OkStatus());
  EXPECT_EQ(Confirm("security", "supervisor", renewed.account().revision() - 1).code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_EQ(Confirm("security", "supervisor", renewed.account().revision()), absl::OkStatus());
  EXPECT_EQ(Hear("supervisor"), absl::OkStatus());
  EXPECT_EQ(Listen(old_channel, recording_, {}).status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(Log(v1::ACCOUNT_CONFIRM).back().leaf.subject(), "renewal");
}

TEST_F(Confirmation, I9_TheLastActiveSecurityAccountIsNotSuspended) {
  ASSERT_EQ(site_.Enrol("second-officer", v1::SECURITY), absl::OkStatus());
  ASSERT_EQ(Suspend("security", "second-officer"), absl::OkStatus());
  EXPECT_EQ(Suspend("security", "security").code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_EQ(Restore("security", "second-officer"), absl::OkStatus());
  ASSERT_EQ(Suspend("second-officer", "security"), absl::OkStatus());
  EXPECT_EQ(Restore("security", "security").code(), absl::StatusCode::kPermissionDenied) << "it is suspended";
}

TEST_F(Confirmation, WhoListsAccountsSeesWhatWaitsAndWhoProposedIt) {
  ASSERT_TRUE(Propose("operator", v1::OPERATOR).ok());
  v1::ListAccountsRequest request;
  request.set_name("operator");
  v1::ListAccountsResponse response;
  ASSERT_EQ(site_.AskAs("security", &Admin::ListAccounts, request, &response), absl::OkStatus());
  ASSERT_EQ(response.accounts_size(), 1);
  EXPECT_EQ(response.accounts(0).proposed_by(), "admin");
  EXPECT_EQ(response.accounts(0).state(), v1::Account::PENDING);
  EXPECT_EQ(site_.AskAs("auditor", &Admin::ListAccounts, request, &response).code(), absl::StatusCode::kPermissionDenied);
  request.set_name("nobody");
  EXPECT_EQ(site_.AskAs("security", &Admin::ListAccounts, request, &response).code(), absl::StatusCode::kNotFound);
}

TEST_F(Confirmation, WhatIsAskedOfAccountsThatAreNotThereIsNotFound) {
  EXPECT_EQ(Confirm("security", "nobody", 1).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Confirm("security", "No/Name", 1).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Restore("security", "nobody").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Confirm("security", "auditor", 2).code(), absl::StatusCode::kFailedPrecondition) << "nothing waits";
  v1::AddAccountRequest made_up = AccountRequest("operator", v1::OPERATOR);
  made_up.mutable_account()->set_confirmed_by("security");
  EXPECT_EQ(Propose(made_up).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace otokura::integration
