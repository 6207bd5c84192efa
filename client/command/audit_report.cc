#include "client/command/audit_report.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/command/audit_text.h"
#include "client/command/exit_code.h"
#include "client/command/interrupt.h"
#include "client/command/log_key.h"
#include "client/command/progress.h"
#include "client/command/recording_text.h"

namespace otokura::client {
namespace {

bool IsAccess(const AuditEntry& entry) {
  return entry.action == "SEARCH" || entry.action == "SHOW" || entry.action == "LISTEN" || entry.action == "DOWNLOAD" ||
         entry.action == "EXPORT";
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

struct ReportOptions {
  AuditQueryOptions which;
  std::string key;
};

struct Listing {
  std::vector<AuditEntry> entries;  // newest first
  uint64_t tree_size = 0;
  std::string root;
};

absl::StatusOr<Listing> ListAll(AuditLog& log, const AuditQuery& query) {
  Listing listing;
  std::string token;
  do {
    auto page = log.List(query, kAuditPageMax, token);
    if (!page.ok()) return page.status();
    listing.tree_size = page->tree_size;
    listing.root = page->root_sha256;
    listing.entries.insert(listing.entries.end(), std::make_move_iterator(page->entries.begin()),
                           std::make_move_iterator(page->entries.end()));
    if (listing.entries.size() > kReportEntriesMax)
      return absl::ResourceExhaustedError(absl::StrCat("more than ", kReportEntriesMax, " entries; narrow --from and --to"));
    token = page->next_page_token;
  } while (!token.empty());
  return listing;
}

absl::StatusOr<VerifiedSpan> Verify(AuditLog& log, const AuditQuery& query, const Listing& listing, const std::string& key) {
  auto keys = ReadLogKeys(key, "");
  if (!keys.ok()) return keys.status();
  Progress progress;
  LogVerification verification{.log_key = *std::move(keys)};
  verification.progress = [&progress](uint64_t done, uint64_t total) {
    progress.Show(done, total);
    return !Interrupted();
  };
  return VerifySpan(log, query, listing.tree_size, listing.root, verification);
}

absl::StatusOr<AuditReport> Make(AuditLog& log, const AuditQuery& query, const std::string& key) {
  auto listing = ListAll(log, query);
  if (!listing.ok()) return listing.status();
  std::optional<VerifiedSpan> verified;
  if (!key.empty()) {
    auto span = Verify(log, query, *listing, key);
    if (!span.ok()) return span.status();
    verified = *std::move(span);
  }
  AuditReport report = MakeReport(query, listing->entries, verified.has_value() ? &*verified : nullptr);
  report.tree_size = listing->tree_size;
  report.root_sha256 = listing->root;
  report.made = std::chrono::system_clock::now();
  return report;
}

int Report(const ReportOptions& options, const Session& session) {
  const auto query = QueryOf(options.which);
  if (!query.ok()) return Fail(query.status());
  auto log = AuditLog::Create(session.connection);
  if (!log.ok()) return Fail(log.status());
  const auto report = Make(**log, *query, options.key);
  if (!report.ok()) return Fail(report.status());
  if (session.json) {
    PrintJson(ToJson(*report));
  } else {
    std::fputs(ToMarkdown(*report).c_str(), stdout);
  }
  return report->wholeness.proof == Proof::kNotWhole ? kExitDamaged : kExitDone;
}

}  // namespace

AuditReport MakeReport(const AuditQuery& query, const std::vector<AuditEntry>& listed, const VerifiedSpan* verified) {
  const std::vector<AuditEntry>& entries = verified == nullptr ? listed : verified->entries;
  AuditReport report;
  report.query = query;
  report.entries = entries.size();
  report.wholeness = JudgeWholeness(query, listed, verified);
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
  auto options = std::make_shared<ReportOptions>();
  AuditQuery& query = options->which.query;
  CLI::App* command = audit->add_subcommand("report", "Who heard or took what, as Markdown or --json");
  auto* whom = command->add_option_group("about", "exactly one");
  whom->add_option("--recording", query.recording_id, "one recording");
  whom->add_option("--account", query.account, "one account");
  whom->add_option("--company", query.company, "all accounts of a company");
  whom->require_option(1);
  AddAuditTimes(command, &options->which);
  command->add_option("--key", options->key,
                      "the log's public key: verify the whole log, and report what it holds, whatever the index says");
  command->footer(Footer("otokura audit report --company 'Maintenance Ltd' --from 2026-04-01 --to 2026-04-30 --key \"$KEY\" >report.md"));
  command->callback([options, session] { session->run = [options, session] { return Report(*options, *session); }; });
}

}  // namespace otokura::client
