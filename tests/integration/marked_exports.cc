#include "tests/integration/marked_exports.h"

#include <gtest/gtest.h>

#include "tests/integration/export_calls.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::integration {
namespace {

constexpr char kApprover[] = "marked-exp";

void Expect(bool allowed, const absl::Status& status) { EXPECT_EQ(status.ok(), allowed) << status; }

v1::RequestExportRequest MarkedRequest(const Marks& marks, const std::string& recording_id) {
  v1::RequestExportRequest request = ExportRequestOf({recording_id});
  request.mutable_justification()->set_reference(marks.reference);
  request.set_reason(marks.reason);
  return request;
}

absl::Status RefuseMarked(const Site& site, const Marks& marks, const std::string& account, const std::string& id) {
  v1::RefuseExportRequest request;
  request.set_id(id);
  request.set_reason(marks.reason);
  v1::RefuseExportResponse response;
  return site.AskAs(account, &v1::Exports::Stub::Refuse, request, &response);
}

absl::Status RevokeMarked(const Site& site, const Marks& marks, const std::string& account, const std::string& id) {
  v1::RevokeExportRequest request;
  request.set_id(id);
  request.set_reason(marks.reason);
  v1::RevokeExportResponse response;
  return site.AskAs(account, &v1::Exports::Stub::Revoke, request, &response);
}

// Whatever can be asked about that export, by somebody who may not.
void AskInVain(const Site& site, const Marks& marks, const v1::Export& kept) {
  for (const std::string& account : {marks.operator_account, marks.contractor_account}) {
    Expect(false, RequestExport(site, account, MarkedRequest(marks, kept.recording_ids(0))).status());
    Expect(false, ApproveExport(site, account, kept).status());
    Expect(false, RefuseMarked(site, marks, account, kept.id()));
    Expect(false, RevokeMarked(site, marks, account, kept.id()));
    Expect(false, TakeObject(site, account, kept.id(), kept.recording_ids(0)).status);
    Expect(false, ExportManifest(site, account, kept.id()).status());
    Expect(false, ListExports(site, account).status());
  }
  Expect(false, ListExports(site, marks.auditor_account,
                            [&] {
                              v1::ListExportsRequest request;
                              request.set_page_token(marks.page_token);
                              return request;
                            }())
                    .status());
}

}  // namespace

void AskForMarkedExports(Site& site, const Marks& marks, const std::string& recording_id, uint64_t serial) {
  v1::AddAccountRequest approver = AccountRequest(kApprover, v1::SUPERVISOR);
  approver.mutable_account()->set_person_id(marks.person + "-3");
  ASSERT_EQ(site.Enrol(approver), absl::OkStatus());
  const auto marked = [](v1::Policy* policy) { NameRecipient(policy, 10, 100'000'000); };
  ASSERT_EQ(site.LoadPolicy(policy::NoteForTest(policy::TextForTest(serial, marked))), absl::OkStatus());
  Expect(false, RequestExport(site, marks.supervisor_account, MarkedRequest(marks, marks.unknown_id)).status());
  v1::RequestExportRequest to_nobody = MarkedRequest(marks, recording_id);
  to_nobody.set_recipient(marks.company);
  Expect(false, RequestExport(site, marks.supervisor_account, to_nobody).status());
  for (const bool is_approved : {false, true}) {
    const auto requested = RequestExport(site, marks.supervisor_account, MarkedRequest(marks, recording_id));
    ASSERT_TRUE(requested.ok()) << requested.status();
    AskInVain(site, marks, *requested);
    if (!is_approved) {
      Expect(true, RefuseMarked(site, marks, kApprover, requested->id()));
      continue;
    }
    Expect(true, ApproveExport(site, kApprover, *requested).status());
    Expect(true, TakeObject(site, marks.supervisor_account, requested->id(), recording_id).status);
    Expect(false, TakeObject(site, marks.supervisor_account, requested->id(), marks.unknown_id).status);
    Expect(true, ExportManifest(site, marks.supervisor_account, requested->id()).status());
    Expect(true, RevokeMarked(site, marks, kApprover, requested->id()));
  }
  Expect(true, ListExports(site, marks.auditor_account).status());
}

}  // namespace otokura::integration
