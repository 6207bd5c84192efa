#include "tests/integration/rehearsal_calls.h"

#include <gtest/gtest.h>

namespace otokura::integration {
namespace {

constexpr std::chrono::seconds kPatience{120};  // a long log on a busy machine under a sanitizer

}  // namespace

Rehearsed Rehearse(const Site& site, const std::string& account, const std::string& text, uint32_t days) {
  v1::Rehearsal::Stub stub(site.ConnectAs(account));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  v1::RehearseRequest request;
  request.set_text(text);
  request.set_days(days);
  const auto reader = stub.Rehearse(&context, request);
  Rehearsed rehearsed;
  v1::RehearseResponse response;
  while (reader->Read(&response)) {
    if (response.has_progress()) rehearsed.progress = response.progress();
    if (response.has_finding()) rehearsed.findings.push_back(response.finding());
    if (response.has_summary()) rehearsed.summary = response.summary();
  }
  rehearsed.status = rpc::FromGrpc(reader->Finish());
  return rehearsed;
}

void ExpectNobodyStopped(const Site& site, const std::string& text, uint64_t releases_min) {
  const Rehearsed rehearsed = Rehearse(site, "auditor", text);
  ASSERT_EQ(rehearsed.status, absl::OkStatus());
  EXPECT_GE(rehearsed.summary.releases(), releases_min);
  EXPECT_EQ(rehearsed.summary.releases_stopped() + rehearsed.summary.releases_unjudged(), 0u);
  for (const v1::RehearsalFinding& finding : rehearsed.findings) ADD_FAILURE() << finding.DebugString();
}

}  // namespace otokura::integration
