#include "otokura/rehearsal.h"

#include "client/convert.h"
#include "client/unary.h"
#include "otokura/v1/rehearsal.grpc.pb.h"

namespace otokura::client {
namespace {

std::string WindowText(v1::Window window) {
  switch (window) {
    case v1::HOUR:
      return "1 hour";
    case v1::DAY:
      return "1 day";
    case v1::DAYS_30:
      return "30 days";
    case v1::DAYS_365:
      return "365 days";
    default:
      return "unknown";
  }
}

RehearsalFinding FromProto(const v1::RehearsalFinding& message) {
  RehearsalFinding finding;
  finding.account = message.account();
  finding.person = message.person();
  finding.role = message.role();
  finding.company = message.company();
  finding.contract = message.contract();
  finding.rule = message.rule();
  finding.action = message.action();
  finding.purpose = message.purpose();
  if (message.has_budget()) {
    const v1::RehearsedBudget& budget = message.budget();
    finding.budget = RehearsedBudget{budget.of(), budget.name(), budget.measure(), WindowText(budget.window()), budget.maximum()};
  }
  finding.times = message.times();
  finding.recordings = message.recordings();
  finding.audio_bytes = message.audio_bytes();
  finding.first = FromUnixMillis(message.first_unix_ms());
  finding.last = FromUnixMillis(message.last_unix_ms());
  finding.first_sequence = message.first_sequence();
  return finding;
}

RehearsalSummary FromProto(const v1::RehearsalSummary& message) {
  RehearsalSummary summary;
  summary.from = FromUnixMillis(message.from_unix_ms());
  summary.releases = message.releases();
  summary.releases_stopped = message.releases_stopped();
  summary.releases_unjudged = message.releases_unjudged();
  summary.scopes_unjudged = message.scopes_unjudged();
  summary.others = message.others();
  summary.others_stopped = message.others_stopped();
  summary.stops_unlisted = message.stops_unlisted();
  return summary;
}

}  // namespace

absl::StatusOr<RehearsalSummary> RehearsePolicy(const ConnectionOptions& connection, const std::string& text, uint32_t days,
                                                const RehearsalSink& sink) {
  auto stub = Connect<v1::Rehearsal>(connection);
  if (!stub.ok()) return stub.status();
  v1::RehearseRequest request;
  request.set_text(text);
  request.set_days(days);
  grpc::ClientContext context;
  const auto reader = (*stub)->Rehearse(&context, request);
  std::optional<RehearsalSummary> summary;
  v1::RehearseResponse response;
  while (reader->Read(&response)) {
    if (response.has_progress() && sink.progress) sink.progress(response.progress().entries_done(), response.progress().entries());
    if (response.has_finding() && sink.finding) sink.finding(FromProto(response.finding()));
    if (response.has_summary()) summary = FromProto(response.summary());
  }
  if (absl::Status ended = FromGrpc(reader->Finish()); !ended.ok()) return ended;
  if (!summary.has_value()) return absl::DataLossError("rehearsal: it ended without its summary; rehearse again");
  return *summary;
}

}  // namespace otokura::client
