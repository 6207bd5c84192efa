// No single certificate comes to hear a recording by any sequence of administrative calls (DESIGN §8, I9): every sequence of up to two
// (of three, where there is time) is tried, with the administrator's certificate alone, then with the only security officer's alone.
// Whoever walks has keys and certificates for any account, as somebody has who holds the authority too. That the walk would find a way is
// shown by letting it have both certificates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "otokura/v1/contract.grpc.pb.h"
#include "otokura/v1/grant.grpc.pb.h"
#include "server/otokurad/init.h"
#include "server/runtime/fake_clock.h"
#include "tests/integration/clients.h"
#include "tests/integration/export_calls.h"
#include "tests/integration/site.h"
#include "tests/unit/access/test_certificates.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::integration {
namespace {

using Channel = std::shared_ptr<grpc::Channel>;

// OTOKURA_WALK_STEPS=… takes another: three are some two thousand walks, each with connections of its own.
size_t StepsMax() {
  const char* const text = std::getenv("OTOKURA_WALK_STEPS");
  return text == nullptr ? 2 : std::strtoul(text, nullptr, 10);
}

class RightsWalk : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteFile(site_.folder() + "/authorities.pem", Pki::Ours().Certificate("ca") + authority_.certificate_pem());
    site_.config().mutable_tls()->set_client_ca_file(site_.folder() + "/authorities.pem");
    gateway::Gateway::Options options;
    auto clock = std::make_unique<runtime::FakeClock>(absl::Now() + absl::Minutes(5));  // it stands: certificates are made while it does
    clock_ = clock.get();
    options.clock = std::move(clock);
    ASSERT_EQ(site_.StartInMemory(std::move(options)), absl::OkStatus());
    const auto exporting = [](v1::Policy* policy) { NameRecipient(policy, 1000, 1'000'000'000); };
    ASSERT_EQ(site_.LoadPolicy(policy::NoteForTest(policy::TextForTest(2, exporting))), absl::OkStatus());
    ASSERT_EQ(site_.Enrol("recorder", v1::RECORDER), absl::OkStatus());
    ASSERT_EQ(site_.Enrol("operator", v1::OPERATOR), absl::OkStatus());
    const auto sealed = RecordCall(site_.ConnectAs("recorder"), OpenRequest("pbx-1"), Speech(5000));
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    recording_ = sealed->recording_id();
    clock_->Advance(absl::Seconds(1));  // who listens gathers its lead
    ASSERT_EQ(Listen(site_.ConnectAs("operator"), recording_, {}).status, absl::OkStatus()) << "there is something to hear";
  }

  // What one walk got hold of: its certificates, and the accounts that it made.
  struct Walk {
    std::vector<Channel> certificates;  // that it began with
    std::vector<Channel> keys{};        // that it got an account proposed for, or tried to
    std::vector<std::string> accounts{};
    int number = 0;
    bool took = false;  // a recording, under an export
  };
  struct Step {
    std::string name;
    std::function<void(Walk&)> take;
  };

  template <typename Stub, typename Request, typename Response>
  static void Call(const Channel& channel, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                   const Request& request, Response* response) {
    Stub stub(channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kAnswerPatience);
    (stub.*method)(&context, request, response);
  }
  template <typename Stub, typename Request, typename Response>
  static void CallAll(const std::vector<Channel>& channels, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                      const Request& request, Response* response) {
    for (const Channel& channel : channels) Call(channel, method, request, response);
  }

  std::string NewKey(const std::string& account, Walk* walk) {
    const access::IssuedCertificate issued = authority_.ForAccount(kTrustDomain, account, absl::Now());
    walk->keys.push_back(site_.Connect({issued.certificate_pem, issued.private_key_pem}));
    return issued.certificate_pem;
  }
  Step Add(v1::Role role) {
    return {absl::StrCat("add ", v1::Role_Name(role)), [this, role](Walk& walk) {
              const std::string name = absl::StrCat("walker-", walk.number, "-", walk.accounts.size());
              v1::AddAccountRequest request = AccountRequest("recorder", role);
              request.mutable_account()->set_name(name);
              if (role != v1::RECORDER) request.mutable_account()->set_person_id(name);
              if (role == v1::CONTRACTOR) request.mutable_account()->set_contract("walked");
              request.set_certificate_pem(NewKey(name, &walk));
              v1::AddAccountResponse response;
              CallAll(walk.certificates, &v1::Admin::Stub::AddAccount, request, &response);
              walk.accounts.push_back(name);
            }};
  }
  // Of what the walk made, whatever its revision is, and of what others made.
  void ConfirmAll(Walk& walk) {
    std::vector<std::string> names = walk.accounts;
    names.push_back("operator");
    for (const std::string& name : names) {
      v1::ListAccountsRequest look;
      look.set_name(name);
      v1::ListAccountsResponse seen;
      CallAll(walk.certificates, &v1::Admin::Stub::ListAccounts, look, &seen);
      v1::ConfirmAccountRequest request;
      request.set_name(name);
      request.set_revision(seen.accounts_size() == 0 ? 1 : seen.accounts(0).revision());
      v1::ConfirmAccountResponse response;
      CallAll(walk.certificates, &v1::Admin::Stub::ConfirmAccount, request, &response);
      CallAll(walk.keys, &v1::Admin::Stub::ConfirmAccount, request, &response);  // an account of its own, for another of its own
    }
  }
  void RenewOperator(Walk& walk) {
    v1::RenewAccountRequest request;
    request.set_name("operator");
    request.set_certificate_pem(NewKey("operator", &walk));
    v1::RenewAccountResponse response;
    CallAll(walk.certificates, &v1::Admin::Stub::RenewAccount, request, &response);
  }
  void Suspend(Walk& walk) {
    v1::SuspendAccountRequest request;
    request.set_reason("walk");
    v1::SuspendAccountResponse response;
    std::vector<std::string> names = walk.accounts;
    names.push_back("operator");
    for (const std::string& name : names) {
      request.set_name(name);
      CallAll(walk.certificates, &v1::Admin::Stub::SuspendAccount, request, &response);
    }
  }
  void Restore(Walk& walk) {
    v1::RestoreAccountRequest request;
    request.set_reason("walk");
    v1::RestoreAccountResponse response;
    std::vector<std::string> names = walk.accounts;
    names.push_back("operator");
    for (const std::string& name : names) {
      request.set_name(name);
      CallAll(walk.certificates, &v1::Admin::Stub::RestoreAccount, request, &response);
    }
  }
  static void Reopen(Walk& walk) {
    v1::ReopenLogRequest request;
    request.set_lost_checkpoint("none");
    request.set_reason("walk");
    v1::ReopenLogResponse response;
    CallAll(walk.certificates, &v1::Admin::Stub::ReopenLog, request, &response);
  }
  static void AddContract(Walk& walk) {
    v1::AddContractRequest request;
    *request.mutable_contract() = ContractTerms("walked");
    v1::AddContractResponse response;
    CallAll(walk.certificates, &v1::Contracts::Stub::Add, request, &response);
  }
  static void ConfirmContract(Walk& walk) {
    v1::ListContractsRequest look;
    look.set_name("walked");
    v1::ListContractsResponse seen;
    CallAll(walk.certificates, &v1::Contracts::Stub::List, look, &seen);
    v1::ConfirmContractRequest request;
    request.set_name("walked");
    request.set_revision(seen.contracts_size() == 0 ? 1 : seen.contracts(0).revision());
    v1::ConfirmContractResponse response;
    CallAll(walk.certificates, &v1::Contracts::Stub::Confirm, request, &response);
    CallAll(walk.keys, &v1::Contracts::Stub::Confirm, request, &response);
  }
  // Whatever can be asked for is, and whatever waits is approved.
  void Grant(Walk& walk) const {
    std::vector<Channel> all = walk.keys;
    all.insert(all.end(), walk.certificates.begin(), walk.certificates.end());
    v1::RequestGrantRequest request;
    request.add_recording_ids(recording_);
    request.mutable_justification()->set_purpose("maintenance");
    request.mutable_justification()->set_reference("WALK-1");
    request.set_reason("walk");
    request.set_hours(1);
    for (const Channel& channel : all) {
      v1::RequestGrantResponse requested;
      Call(channel, &v1::Grants::Stub::Request, request, &requested);
      v1::ApproveGrantRequest approve;
      approve.set_id(requested.has_grant() ? requested.grant().id() : recording_);
      approve.set_revision(1);
      v1::ApproveGrantResponse approved;
      CallAll(all, &v1::Grants::Stub::Approve, approve, &approved);
    }
  }
  // The same, and whatever was approved is taken.
  void Export(Walk& walk) const {
    std::vector<Channel> all = walk.keys;
    all.insert(all.end(), walk.certificates.begin(), walk.certificates.end());
    for (const Channel& channel : all) {
      v1::RequestExportResponse requested;
      Call(channel, &v1::Exports::Stub::Request, ExportRequestOf({recording_}), &requested);
      v1::ApproveExportRequest approve;
      approve.set_id(requested.has_kept() ? requested.kept().id() : recording_);
      approve.set_revision(1);
      v1::ApproveExportResponse approved;
      CallAll(all, &v1::Exports::Stub::Approve, approve, &approved);
      if (!TakeObject(channel, approve.id(), recording_).sealed.empty()) walk.took = true;
    }
  }
  std::vector<Step> Steps() {
    std::vector<Step> steps;
    for (const v1::Role role : {v1::RECORDER, v1::OPERATOR, v1::SUPERVISOR, v1::CONTRACTOR, v1::SECURITY}) steps.push_back(Add(role));
    steps.push_back({"confirm accounts", [this](Walk& walk) { ConfirmAll(walk); }});
    steps.push_back({"renew the operator's key", [this](Walk& walk) { RenewOperator(walk); }});
    steps.push_back({"suspend", [this](Walk& walk) { Suspend(walk); }});
    steps.push_back({"restore", [this](Walk& walk) { Restore(walk); }});
    steps.push_back({"reopen the log", [](Walk& walk) { Reopen(walk); }});
    steps.push_back({"add a contract", [](Walk& walk) { AddContract(walk); }});
    steps.push_back({"confirm the contract", [](Walk& walk) { ConfirmContract(walk); }});
    steps.push_back({"request and approve grants", [this](Walk& walk) { Grant(walk); }});
    steps.push_back({"request, approve and take exports", [this](Walk& walk) { Export(walk); }});
    return steps;
  }

  bool Hears(const Walk& walk) {
    std::vector<Channel> all = walk.keys;
    all.insert(all.end(), walk.certificates.begin(), walk.certificates.end());
    for (const Channel& channel : all) {
      for (const char* purpose : {"inquiry", "maintenance"}) {
        if (!Listen(channel, recording_, {}, purpose).audio.empty()) return true;
      }
    }
    return false;
  }

  // Walks on from `taken`; gives the sequences by which something was heard. What another sequence left behind stays: it can only help.
  void WalkOn(const std::vector<Channel>& certificates, const std::vector<Step>& steps, std::vector<size_t> taken,
              std::vector<std::string>* ways) {
    if (!taken.empty()) {
      Walk walk{.certificates = certificates, .number = ++walks_};
      std::string names;
      for (const size_t step : taken) {
        steps[step].take(walk);
        absl::StrAppend(&names, names.empty() ? "" : ", then ", steps[step].name);
      }
      if (walk.took || Hears(walk)) ways->push_back(names);
      clock_->Advance(absl::Seconds(61));  // a minute's allowance of refusals each
    }
    if (taken.size() == StepsMax() || ways->size() >= kWaysMax) return;
    for (size_t step = 0; step < steps.size(); ++step) {
      taken.push_back(step);
      WalkOn(certificates, steps, taken, ways);
      taken.pop_back();
    }
  }
  std::vector<std::string> WaysToHear(const std::vector<std::string>& accounts) {
    std::vector<Channel> certificates;
    for (const std::string& account : accounts) certificates.push_back(site_.ConnectAs(account));
    std::vector<std::string> ways;
    WalkOn(certificates, Steps(), {}, &ways);
    return ways;
  }

  static constexpr size_t kWaysMax = 3;  // enough to see what is wrong
  access::TestAuthority authority_{absl::Now()};
  Site site_;
  runtime::FakeClock* clock_ = nullptr;
  std::string recording_;
  int walks_ = 0;
};

TEST_F(RightsWalk, I9_TheAdministratorAloneComesToHearNothing) {
  EXPECT_THAT(WaysToHear({"admin"}), ::testing::IsEmpty());
  EXPECT_GT(walks_, 14 * 14);
}

TEST_F(RightsWalk, I9_TheOnlySecurityOfficerAloneComesToHearNothing) {
  EXPECT_THAT(WaysToHear({"security"}), ::testing::IsEmpty());
  EXPECT_GT(walks_, 14 * 14);
}

TEST_F(RightsWalk, TogetherTheyFindAWay) { EXPECT_THAT(WaysToHear({"admin", "security"}), ::testing::Not(::testing::IsEmpty())); }

}  // namespace
}  // namespace otokura::integration
