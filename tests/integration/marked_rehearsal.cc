#include "tests/integration/marked_rehearsal.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "otokura/v1/rehearsal.grpc.pb.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::integration {
namespace {

absl::Status Rehearse(const Site& site, const std::string& account, const std::string& text) {
  v1::Rehearsal::Stub stub(site.ConnectAs(account));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kAnswerPatience);
  v1::RehearseRequest request;
  request.set_text(text);
  const auto reader = stub.Rehearse(&context, request);
  v1::RehearseResponse response;
  while (reader->Read(&response)) continue;
  return rpc::FromGrpc(reader->Finish());
}

}  // namespace

void RehearseMarkedPolicies(const Site& site, const Marks& marks) {
  const std::string text = absl::StrCat(policy::TextForTest(9), "# ", marks.notes, "\n");
  for (const std::string& account : {marks.operator_account, marks.auditor_account}) {
    const bool allowed = account == marks.auditor_account;
    EXPECT_EQ(Rehearse(site, account, text).ok(), allowed) << account;
    EXPECT_FALSE(Rehearse(site, account, absl::StrCat(text, "purposes { name: \"", marks.purpose, "\" }\n")).ok()) << account;
    EXPECT_FALSE(Rehearse(site, account, marks.reason).ok()) << account;
  }
}

}  // namespace otokura::integration
