#include "client/command/audit_report.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/command/audit_text.h"
#include "client/command/exit_code.h"
#include "client/command/recording_text.h"

namespace otokura::client {
namespace {

constexpr size_t kEntriesMax = 1'000'000;  // in memory here, about a kilobyte each

bool IsAccess(const AuditEntry& entry) {
  return entry.action == "SEARCH" || entry.action == "SHOW" || entry.action == "LISTEN" || entry.action == "DOWNLOAD";
}

// Oldest first. Closing entries of anything but an access (a followed log) are left out where their deciding entry shows that.
std::vector<AuditAccess> Accesses(const std::vector<AuditEntry>& newest_first) {
  std::vector<AuditAccess> accesses;
  std::map<uint64_t, size_t> by_sequence;
  std::set<uint64_t> others;
  for (auto entry = newest_first.rbegin(); entry != newest_first.rend(); ++entry) {
    if (IsAccess(*entry)) {
      by_sequence[entry->sequence] = accesses.size();
      accesses.push_back({.entry = *entry});
      continue;
    }
    others.insert(entry->sequence);
    if (!entry->closes || others.count(entry->of_sequence) > 0) continue;
    const auto deciding = by_sequence.find(entry->of_sequence);
    if (deciding == by_sequence.end()) accesses.push_back({.entry = *entry, .began_before = true});
    AuditAccess& access = deciding == by_sequence.end() ? accesses.back() : accesses[deciding->second];
    access.closed = true;
    access.delivered_bytes = entry->delivered_bytes;
    access.rows = entry->rows;
    access.outcome = entry->outcome;
  }
  return accesses;
}

struct Summing {
  AccountSum sum;
  std::set<std::string> recordings;

  void Add(const AuditAccess& access) {
    if (!access.released()) {
      sum.denied += access.times();
      return;
    }
    ++sum.accesses;
    sum.delivered_bytes += access.delivered_bytes;
    const bool delivered = access.delivered_bytes > 0 || access.rows > 0;
    if (delivered && !access.entry.recording_id.empty()) recordings.insert(access.entry.recording_id);
  }
  AccountSum Done() {
    sum.recordings = recordings.size();
    return sum;
  }
};

absl::StatusOr<AuditReport> Make(AuditLog& log, const AuditQuery& query) {
  std::vector<AuditEntry> entries;
  uint64_t tree_size = 0;
  std::string root, token;
  do {
    auto page = log.List(query, kAuditPageMax, token);
    if (!page.ok()) return page.status();
    tree_size = page->tree_size;
    root = page->root_sha256;
    entries.insert(entries.end(), std::make_move_iterator(page->entries.begin()), std::make_move_iterator(page->entries.end()));
    if (entries.size() > kEntriesMax)
      return absl::ResourceExhaustedError(absl::StrCat("more than ", kEntriesMax, " entries; narrow --from and --to"));
    token = page->next_page_token;
  } while (!token.empty());
  AuditReport report = MakeReport(query, entries);
  report.tree_size = tree_size;
  report.root_sha256 = root;
  report.made = std::chrono::system_clock::now();
  return report;
}

int Report(const AuditQueryOptions& options, const Session& session) {
  const auto query = QueryOf(options);
  if (!query.ok()) return Fail(query.status());
  auto log = AuditLog::Create(session.connection);
  if (!log.ok()) return Fail(log.status());
  const auto report = Make(**log, *query);
  if (!report.ok()) return Fail(report.status());
  if (session.json) {
    PrintJson(ToJson(*report));
  } else {
    std::fputs(ToMarkdown(*report).c_str(), stdout);
  }
  return report->wholeness.holed ? kExitDamaged : kExitDone;
}

}  // namespace

// Entries about one recording carry numbers of their own, and each names the one before it. Entries by others conditions do not.
Wholeness JudgeWholeness(const AuditQuery& query, const std::vector<AuditEntry>& entries) {
  if (query.recording_id.empty()) {
    return {.text =
                "Entries of an account or a company carry no numbers of their own: only the log as a whole, verified against its root, "
                "shows that none is missing."};
  }
  if (entries.empty()) return {.text = "No entry about this recording lies in the span."};
  for (size_t i = 1; i < entries.size(); ++i) {
    const AuditEntry& newer = entries[i - 1];
    const AuditEntry& older = entries[i];
    if (newer.access_number == older.access_number + 1 && newer.previous_sequence == older.sequence) continue;
    return {
        .holed = true,
        .text = absl::StrCat("NOT WHOLE: entry ", newer.sequence, " is access ", newer.access_number, " of the recording and names entry ",
                             newer.previous_sequence, " as the one before it; listed before it is entry ", older.sequence, ", access ",
                             older.access_number, ".")};
  }
  return {.text = absl::StrCat("Accesses ", entries.back().access_number, " to ", entries.front().access_number,
                               " of the recording follow one another without a hole, each naming the one before.")};
}

AuditReport MakeReport(const AuditQuery& query, const std::vector<AuditEntry>& entries) {
  AuditReport report;
  report.query = query;
  report.entries = entries.size();
  report.wholeness = JudgeWholeness(query, entries);
  report.accesses = Accesses(entries);
  std::map<std::string, Summing> accounts;
  Summing total;
  for (const AuditAccess& access : report.accesses) {
    Summing& account = accounts[access.entry.account];
    account.sum.account = access.entry.account;
    account.sum.person = access.entry.person;
    account.sum.company = access.entry.company;
    account.sum.role = access.entry.role;
    account.Add(access);
    total.Add(access);
  }
  for (auto& [name, account] : accounts) report.accounts.push_back(account.Done());
  report.total = total.Done();
  return report;
}

void AddAuditReport(CLI::App* audit, Session* session) {
  auto options = std::make_shared<AuditQueryOptions>();
  CLI::App* command = audit->add_subcommand("report", "Who heard or took what, as Markdown or --json");
  auto* whom = command->add_option_group("about", "exactly one");
  whom->add_option("--recording", options->query.recording_id, "one recording");
  whom->add_option("--account", options->query.account, "one account");
  whom->add_option("--company", options->query.company, "all accounts of a company");
  whom->require_option(1);
  AddAuditTimes(command, options.get());
  command->footer(Footer("otokura audit report --company 'Maintenance Ltd' --from 2026-04-01 --to 2026-04-30 >report.md"));
  command->callback([options, session] { session->run = [options, session] { return Report(*options, *session); }; });
}

}  // namespace otokura::client
