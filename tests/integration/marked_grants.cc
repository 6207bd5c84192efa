#include "tests/integration/marked_grants.h"

#include <gtest/gtest.h>

#include "otokura/v1/grant.grpc.pb.h"
#include "tests/integration/clients.h"

namespace otokura::integration {
namespace {

using Stub = v1::Grants::Stub;

constexpr char kApprover[] = "marked-apr";  // everybody else of these tests is one person

class MarkedGrants {
 public:
  MarkedGrants(const Site& site, const Marks& marks) : site_(site), marks_(marks) {}

  void Request(const std::string& account, const std::string& recording_id, bool allowed) {
    v1::RequestGrantRequest request;
    request.add_recording_ids(recording_id);
    request.mutable_justification()->set_purpose("maintenance");
    request.mutable_justification()->set_reference(marks_.reference);
    request.set_reason(marks_.reason);
    request.set_hours(1);
    v1::RequestGrantResponse response;
    Expect(allowed, site_.AskAs(account, &Stub::Request, request, &response));
    if (allowed) grant_ = response.grant();
  }
  void Approve(const std::string& account, bool allowed) const {
    v1::ApproveGrantRequest request;
    request.set_id(grant_.id());
    request.set_revision(grant_.revision());
    v1::ApproveGrantResponse response;
    Expect(allowed, site_.AskAs(account, &Stub::Approve, request, &response));
  }
  void Refuse(const std::string& account, bool allowed) const {
    v1::RefuseGrantRequest request;
    request.set_id(grant_.id());
    request.set_reason(marks_.reason);
    v1::RefuseGrantResponse response;
    Expect(allowed, site_.AskAs(account, &Stub::Refuse, request, &response));
  }
  void Revoke(const std::string& account, bool allowed) const {
    v1::RevokeGrantRequest request;
    request.set_id(grant_.id());
    request.set_reason(marks_.reason);
    v1::RevokeGrantResponse response;
    Expect(allowed, site_.AskAs(account, &Stub::Revoke, request, &response));
  }
  void List(const std::string& account, bool allowed) const {
    v1::ListGrantsResponse response;
    Expect(allowed, site_.AskAs(account, &Stub::List, v1::ListGrantsRequest(), &response));
  }

 private:
  static void Expect(bool allowed, const absl::Status& status) { EXPECT_EQ(status.ok(), allowed) << status; }

  const Site& site_;
  const Marks& marks_;
  v1::Grant grant_;
};

}  // namespace

void AskForMarkedGrants(Site& site, const Marks& marks, const std::string& recording_id) {
  v1::AddAccountRequest approver = AccountRequest(kApprover, v1::SUPERVISOR);
  approver.mutable_account()->set_person_id(marks.person + "-2");
  ASSERT_EQ(site.Enrol(approver), absl::OkStatus());
  MarkedGrants grants(site, marks);
  for (const bool approved : {false, true}) {
    grants.Request(marks.contractor_account, recording_id, true);
    for (const std::string& account : {marks.operator_account, marks.officer_account}) {
      grants.Request(account, recording_id, false);
      grants.Approve(account, false);
      grants.Refuse(account, false);
    }
    if (!approved) {
      grants.Refuse(kApprover, true);
      continue;
    }
    grants.Approve(kApprover, true);
    EXPECT_EQ(Listen(site.ConnectAs(marks.contractor_account), recording_id, {}, "maintenance").status, absl::OkStatus());
    grants.Revoke(marks.operator_account, false);
    grants.Revoke(kApprover, true);
  }
  grants.List(marks.auditor_account, true);
  grants.List(marks.operator_account, false);
}

}  // namespace otokura::integration
