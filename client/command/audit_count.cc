// `otokura audit count`.
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/command/audit_text.h"
#include "client/command/exit_code.h"
#include "client/command/recording_text.h"
#include "client/command/text.h"

namespace otokura::client {
namespace {

constexpr size_t kGroupsMax = 1'000'000;  // some 300 MB here; nobody reads that many lines

const std::map<std::string, AuditField> kFields = {
    {"recording", AuditField::kRecording}, {"action", AuditField::kAction},     {"decision", AuditField::kDecision},
    {"purpose", AuditField::kPurpose},     {"account", AuditField::kAccount},   {"company", AuditField::kCompany},
    {"reference", AuditField::kReference}, {"contract", AuditField::kContract},
};
const std::map<std::string, AuditPeriod> kPeriods = {{"hour", AuditPeriod::kHour}, {"day", AuditPeriod::kDay}};

struct CountOptions {
  AuditQueryOptions which;
  std::vector<std::string> by;
  std::string per;
};

using Groups = std::map<std::pair<Time, std::vector<std::string>>, AuditCount>;

absl::StatusOr<Groups> CountAll(AuditLog& log, const AuditQuery& query, const CountOptions& options) {
  std::vector<AuditField> by;
  for (const std::string& name : options.by) by.push_back(kFields.at(name));
  const AuditPeriod per = options.per.empty() ? AuditPeriod::kAll : kPeriods.at(options.per);
  Groups groups;
  std::string token;
  do {
    auto page = log.Count(query, by, per, token);
    if (!page.ok()) return page.status();
    for (AuditCount& count : page->counts) {
      AuditCount& sum = groups[{count.start, count.values}];
      sum.entries += count.entries;
      sum.times += count.times;
      sum.delivered_bytes += count.delivered_bytes;
    }
    if (groups.size() > kGroupsMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat("more than ", kGroupsMax, " groups; count by fewer fields, or narrow --from and --to"));
    }
    token = page->next_page_token;
  } while (!token.empty());
  return groups;
}

void Print(const Groups& groups, const CountOptions& options, bool json) {
  std::vector<std::string> headings;
  if (!options.per.empty()) headings.push_back(options.per == "day" ? "DAY (UTC)" : "HOUR (UTC)");
  for (const std::string& name : options.by) headings.push_back(absl::AsciiStrToUpper(name));
  for (const char* heading : {"ENTRIES", "TIMES", "BYTES DELIVERED"}) headings.emplace_back(heading);
  Table table(std::move(headings));
  for (const auto& [group, sum] : groups) {
    const auto& [start, values] = group;
    nlohmann::json line = {{"entries", sum.entries}, {"times", sum.times}, {"delivered_bytes", sum.delivered_bytes}};
    std::vector<std::string> row;
    if (!options.per.empty()) {
      line["start"] = Rfc3339(start);
      row.push_back(Rfc3339(start).substr(0, options.per == "day" ? 10 : 16));
    }
    for (size_t i = 0; i < options.by.size() && i < values.size(); ++i) {
      line[options.by[i]] = values[i];
      row.push_back(values[i].empty() ? "-" : values[i]);
    }
    if (json) {
      PrintJson(line);
    } else {
      for (const uint64_t number : {sum.entries, sum.times, sum.delivered_bytes}) row.push_back(absl::StrCat(number));
      table.Add(std::move(row));
    }
  }
  if (!json) std::fputs(table.Text().c_str(), stdout);
}

int Count(const CountOptions& options, const Session& session) {
  const auto query = QueryOf(options.which);
  if (!query.ok()) return Fail(query.status());
  auto log = AuditLog::Create(session.connection);
  if (!log.ok()) return Fail(log.status());
  const auto groups = CountAll(**log, *query, options);
  if (!groups.ok()) return Fail(groups.status());
  Print(*groups, options, session.json);
  return kExitDone;
}

}  // namespace

void AddAuditCount(CLI::App* audit, Session* session) {
  auto options = std::make_shared<CountOptions>();
  CLI::App* command = audit->add_subcommand("count", "How many entries, by what they say");
  command
      ->add_option("--by", options->by,
                   "account, company, contract, recording, action, decision, purpose, reference; up to three, by commas")
      ->delimiter(',')
      ->check(CLI::IsMember(kFields))
      ->expected(1, 3);
  command->add_option("--per", options->per, "hour or day (UTC)")->check(CLI::IsMember(kPeriods));
  AddAuditConditions(command, &options->which);
  AddAuditTimes(command, &options->which);
  command->footer(Footer("otokura audit count --by account,action --per day --decision denied --from 2026-04-01"));
  command->callback([options, session] { session->run = [options, session] { return Count(*options, *session); }; });
}

}  // namespace otokura::client
