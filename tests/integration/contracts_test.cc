// Contracts over the real gateway: proposed, confirmed, closed, and what accounts under them are worth (DESIGN §8).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/clients.h"
#include "tests/integration/log_of.h"
#include "tests/integration/site.h"

namespace otokura::integration {
namespace {

using ::testing::HasSubstr;
using Stub = v1::Contracts::Stub;

class ContractsOverTheWire : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(site_.StartInMemory(), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
  }
  absl::StatusOr<v1::KeptContract> Propose(const std::string& who, const v1::Contract& terms) {
    v1::AddContractRequest request;
    *request.mutable_contract() = terms;
    v1::AddContractResponse response;
    if (absl::Status added = site_.AskAs(who, &Stub::Add, request, &response); !added.ok()) return added;
    return response.contract();
  }
  absl::StatusOr<v1::KeptContract> Confirm(const std::string& who, const std::string& name, uint64_t revision) {
    v1::ConfirmContractRequest request;
    request.set_name(name);
    request.set_revision(revision);
    v1::ConfirmContractResponse response;
    if (absl::Status confirmed = site_.AskAs(who, &Stub::Confirm, request, &response); !confirmed.ok()) return confirmed;
    return response.contract();
  }
  absl::StatusOr<v1::KeptContract> Close(const std::string& who, const std::string& name) {
    v1::CloseContractRequest request;
    request.set_name(name);
    request.set_reason("ended early");
    v1::CloseContractResponse response;
    if (absl::Status closed = site_.AskAs(who, &Stub::Close, request, &response); !closed.ok()) return closed;
    return response.contract();
  }
  absl::StatusOr<v1::ListContractsResponse> List(const std::string& who, const v1::ListContractsRequest& request) {
    v1::ListContractsResponse response;
    if (absl::Status listed = site_.AskAs(who, &Stub::List, request, &response); !listed.ok()) return listed;
    return response;
  }
  std::string RuleOfContractor() {
    Listen(site_.ConnectAs("contractor"), "0190a1b2-0000-7000-8000-000000000001", {}, "maintenance").status.IgnoreError();
    auto log = ReadLog(site_.ConnectAs("auditor"));
    EXPECT_TRUE(log.ok()) << log.status();
    std::string rule;
    for (const LoggedEntry& entry : *log) {
      if (entry.leaf.action() == v1::LISTEN && entry.details.account().value() == "contractor") rule = entry.leaf.rule();
    }
    return rule;
  }

  Site site_;
};

TEST_F(ContractsOverTheWire, I9_AContractTakesTwoPersons) {
  EXPECT_EQ(Propose("security", ContractTerms("other")).status().code(), absl::StatusCode::kPermissionDenied);
  const auto proposed = Propose("admin", ContractTerms("other"));
  ASSERT_TRUE(proposed.ok()) << proposed.status();
  EXPECT_THAT(proposed->not_in_force(), HasSubstr("second person"));
  for (const char* who : {"admin", "supervisor", "contractor", "auditor"}) {
    EXPECT_EQ(Confirm(who, "other", proposed->revision()).status().code(), absl::StatusCode::kPermissionDenied) << who;
  }
  v1::AddAccountRequest officer = AccountRequest("second-officer", v1::SECURITY);
  officer.mutable_account()->set_person_id("admin");  // the person who proposed it, under another name
  ExpectRefused(site_, site_.Enrol(officer), v1::ACCOUNT_ADD, "duties-of-person");
  EXPECT_EQ(Confirm("security", "other", proposed->revision() + 1).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Confirm("security", "nobody", 1).status().code(), absl::StatusCode::kNotFound);
  const auto confirmed = Confirm("security", "other", proposed->revision());
  ASSERT_TRUE(confirmed.ok()) << confirmed.status();
  EXPECT_EQ(confirmed->not_in_force(), "");
  EXPECT_EQ(confirmed->confirmed_by(), "security");
}

TEST_F(ContractsOverTheWire, I6_AnAccountUnderAClosedContractIsRefused) {
  EXPECT_EQ(RuleOfContractor(), "scope-or-absent") << "under a contract in force, and without a grant";
  ASSERT_TRUE(Close("admin", kContract).ok());
  EXPECT_EQ(RuleOfContractor(), "contract");
  EXPECT_EQ(Close("security", kContract).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Propose("admin", ContractTerms(kContract)).status().code(), absl::StatusCode::kFailedPrecondition) << "closed for good";
}

TEST_F(ContractsOverTheWire, I5_ASubContractEndsWithWhatIsAboveIt) {
  v1::Contract below = ContractTerms("below");
  below.set_parent(kContract);
  below.set_company("Sub-contractors Ltd");
  ASSERT_EQ(site_.Conclude(below), absl::OkStatus());
  below.add_centres(kOtherCentre);
  EXPECT_EQ(Propose("admin", below).status().code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(Close("security", kContract).ok());
  v1::ListContractsRequest request;
  request.set_name("below");
  const auto listed = List("security", request);
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_EQ(listed->contracts(0).state(), v1::KeptContract::CONFIRMED);
  EXPECT_THAT(listed->contracts(0).not_in_force(), HasSubstr("above it: closed"));
}

TEST_F(ContractsOverTheWire, ContractorsAreUnderAContractOfTheirCompany) {
  v1::AddAccountRequest request = AccountRequest("other-contractor", v1::CONTRACTOR);
  request.mutable_account()->set_company("Another Ltd");
  EXPECT_EQ(site_.Enrol(request).code(), absl::StatusCode::kInvalidArgument);
  request.mutable_account()->set_company(kCompany);
  request.mutable_account()->set_contract("none");
  EXPECT_EQ(site_.Enrol(request).code(), absl::StatusCode::kInvalidArgument);
  request.mutable_account()->clear_contract();
  EXPECT_EQ(site_.Enrol(request).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ContractsOverTheWire, PagesAreBoundedAndGoOn) {
  for (const char* name : {"c-1", "c-2", "c-3"}) ASSERT_TRUE(Propose("admin", ContractTerms(name)).ok());
  v1::ListContractsRequest request;
  request.set_page_size(3);
  auto page = List("security", request);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->contracts_size(), 3);
  request.set_page_token(page->next_page_token());
  page = List("admin", request);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->contracts_size(), 1);
  EXPECT_EQ(page->contracts(0).contract().name(), kContract);
  EXPECT_EQ(page->next_page_token(), "");
  request.set_page_token("made up");
  EXPECT_EQ(List("admin", request).status().code(), absl::StatusCode::kInvalidArgument);
  request.clear_page_token();
  request.set_page_size(1001);
  EXPECT_EQ(List("admin", request).status().code(), absl::StatusCode::kInvalidArgument);
  for (const char* who : {"supervisor", "contractor", "auditor", "recorder"}) {
    EXPECT_EQ(List(who, {}).status().code(), absl::StatusCode::kPermissionDenied) << who;
  }
}

TEST_F(ContractsOverTheWire, TheLogIsAskedByContract) {
  EXPECT_EQ(RuleOfContractor(), "scope-or-absent");
  ASSERT_TRUE(Close("admin", kContract).ok());
  v1::ListAuditRequest request;
  request.mutable_query()->set_contract(kContract);
  v1::ListAuditResponse listed;
  ASSERT_EQ(site_.AskAs("auditor", &v1::Audit::Stub::List, request, &listed), absl::OkStatus());
  ASSERT_EQ(listed.entries_size(), 1);
  EXPECT_EQ(listed.entries(0).details().contract().value(), kContract);
  EXPECT_EQ(listed.entries(0).details().account().value(), "contractor");
  v1::CountAuditRequest count;
  count.add_by(v1::AUDIT_FIELD_CONTRACT);
  v1::CountAuditResponse counted;
  ASSERT_EQ(site_.AskAs("auditor", &v1::Audit::Stub::Count, count, &counted), absl::OkStatus());
  EXPECT_EQ(counted.groups_size(), 2) << "under it, and under none";
  auto log = ReadLog(site_.ConnectAs("auditor"));
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(Count(*log, v1::CONTRACT_ADD), 1);
  EXPECT_EQ(Count(*log, v1::CONTRACT_CONFIRM), 1);
  EXPECT_EQ(Count(*log, v1::CONTRACT_CLOSE), 1);
}

}  // namespace
}  // namespace otokura::integration
