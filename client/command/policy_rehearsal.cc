#include "client/command/policy_rehearsal.h"

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/command/exit_code.h"
#include "client/command/progress.h"
#include "client/command/recording_text.h"
#include "client/command/text.h"
#include "client/posix_file.h"
#include "otokura/rehearsal.h"
#include "proto/policy/rules.h"
#include "proto/policy/signed_policy.h"

namespace otokura::client {
namespace {

struct RehearsalOptions {
  std::string path;
  uint32_t days = 0;
};

// "budget: 20 recordings of the person in 1 day"
std::string Why(const RehearsalFinding& finding) {
  if (finding.budget.has_value()) {
    const RehearsedBudget& budget = *finding.budget;
    const bool is_own = budget.of == "account" || budget.of == "person";
    return absl::StrCat("budget: ", budget.maximum, " ", budget.measure, " of the ", budget.of,
                        is_own ? "" : absl::StrCat(" ", budget.name), " in ", budget.window);
  }
  return absl::StrCat(finding.rule, ": ", finding.action, finding.purpose.empty() ? "" : absl::StrCat(" for ", finding.purpose));
}

nlohmann::json ToJson(const RehearsalFinding& finding) {
  nlohmann::json line = {{"account", finding.account},      {"person", finding.person},         {"role", finding.role},
                         {"company", finding.company},      {"contract", finding.contract},     {"rule", finding.rule},
                         {"times", finding.times},          {"recordings", finding.recordings}, {"audio_bytes", finding.audio_bytes},
                         {"first", Rfc3339(finding.first)}, {"last", Rfc3339(finding.last)},    {"first_sequence", finding.first_sequence}};
  if (!finding.action.empty()) line["action"] = finding.action;
  if (!finding.purpose.empty()) line["purpose"] = finding.purpose;
  if (finding.budget.has_value()) {
    line["budget"] = {{"of", finding.budget->of},
                      {"name", finding.budget->name},
                      {"measure", finding.budget->measure},
                      {"window", finding.budget->window},
                      {"maximum", finding.budget->maximum}};
  }
  return line;
}

nlohmann::json ToJson(const RehearsalSummary& summary) {
  return {{"from", Rfc3339(summary.from)},
          {"releases", summary.releases},
          {"releases_stopped", summary.releases_stopped},
          {"releases_unjudged", summary.releases_unjudged},
          {"scopes_unjudged", summary.scopes_unjudged},
          {"others", summary.others},
          {"others_stopped", summary.others_stopped},
          {"stops_unlisted", summary.stops_unlisted}};
}

void PrintTable(const std::vector<RehearsalFinding>& findings) {
  if (findings.empty()) return;
  Table table({"ACCOUNT", "ROLE", "COMPANY", "STOPPED BY", "TIMES", "RECORDINGS", "BYTES", "FIRST", "LAST", "ENTRY"});
  for (const RehearsalFinding& finding : findings) {
    table.Add({finding.account.empty() ? "-" : finding.account, finding.role, finding.company.empty() ? "-" : finding.company, Why(finding),
               absl::StrCat(finding.times), absl::StrCat(finding.recordings), absl::StrCat(finding.audio_bytes),
               LocalTimeText(finding.first), LocalTimeText(finding.last), absl::StrCat(finding.first_sequence)});
  }
  std::fputs(table.Text().c_str(), stdout);
}

void PrintSummary(const RehearsalSummary& summary) {
  std::printf("since %s: %s of %s releases stopped, %s of %s other actions\n", LocalTimeText(summary.from).c_str(),
              absl::StrCat(summary.releases_stopped).c_str(), absl::StrCat(summary.releases).c_str(),
              absl::StrCat(summary.others_stopped).c_str(), absl::StrCat(summary.others).c_str());
  if (summary.stops_unlisted > 0) std::printf("and %s more stops than are listed\n", absl::StrCat(summary.stops_unlisted).c_str());
  if (summary.releases_unjudged > 0)
    std::printf("not judged: %s releases whose details were pruned\n", absl::StrCat(summary.releases_unjudged).c_str());
  if (summary.scopes_unjudged > 0)
    std::printf("judged without their scope: %s releases whose account or recording is gone\n",
                absl::StrCat(summary.scopes_unjudged).c_str());
}

int Rehearse(const RehearsalOptions& options, const Session& session) {
  const auto document = ReadFile(options.path, policy::kPolicyBytesMax);
  if (!document.ok()) return Fail(document.status());
  std::vector<RehearsalFinding> findings;
  RehearsalSink sink;
  auto progress = std::make_optional<Progress>();
  sink.progress = [&progress](uint64_t done, uint64_t entries) { progress->Show(done, entries); };
  sink.finding = [&findings](const RehearsalFinding& finding) { findings.push_back(finding); };
  const auto summary = RehearsePolicy(session.connection, std::string(policy::TextOf(*document)), options.days, sink);
  progress.reset();
  if (!summary.ok()) return Fail(summary.status());
  if (session.json) {
    for (const RehearsalFinding& finding : findings) PrintJson(ToJson(finding));
    PrintJson(ToJson(*summary));
  } else {
    PrintTable(findings);
    PrintSummary(*summary);
  }
  return summary->releases_stopped + summary->others_stopped > 0 ? kExitWouldStop : kExitDone;
}

}  // namespace

void AddPolicyRehearsal(CLI::App* policy, Session* session) {
  auto options = std::make_shared<RehearsalOptions>();
  CLI::App* command = policy->add_subcommand("rehearse", "Whom a policy, signed or not, would have stopped: the log gone through under it");
  command->add_option("file", options->path, "the policy, protobuf text (otokura/v1/policy.proto)")->required();
  command->add_option("--days", options->days, "so many days back, 1 to 400 (400)")->check(CLI::Range(1, 400));
  command->footer(
      absl::StrCat("Exit code 6: somebody would have been stopped. ", Footer("otokura admin policy rehearse policy.textproto --days 60")));
  command->callback([options, session] { session->run = [options, session] { return Rehearse(*options, *session); }; });
}

}  // namespace otokura::client
