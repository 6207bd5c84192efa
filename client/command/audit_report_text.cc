// A report as Markdown for people and as JSON for programs.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/command/audit_report.h"
#include "client/command/text.h"

namespace otokura::client {
namespace {

// Text from elsewhere as Markdown shows it literally.
std::string Literal(const std::string& text) {
  std::string literal;
  for (const char c : Printable(text)) {
    if (std::string_view("\\`*_{}[]<>|#&~").find(c) != std::string_view::npos) literal.push_back('\\');
    literal.push_back(c);
  }
  return literal.empty() ? "–" : literal;
}

std::string Row(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) absl::StrAppend(&row, " ", cell, " |");
  return row + "\n";
}

std::string Headings(const std::vector<std::string>& names) { return Row(names) + Row(std::vector<std::string>(names.size(), "---")); }

std::string Subject(const AuditQuery& query) {
  if (!query.recording_id.empty()) return absl::StrCat("recording ", query.recording_id);
  if (!query.account.empty()) return absl::StrCat("account ", Literal(query.account));
  return absl::StrCat("company ", Literal(query.company));
}

std::string Span(const AuditQuery& query) {
  return absl::StrCat(query.from == Time() ? "the beginning" : Rfc3339(query.from), " to ", query.to == Time() ? "now" : Rfc3339(query.to));
}

std::string What(const AuditAccess& access) {
  if (access.began_before) return absl::StrCat("ended; began before the span, entry ", access.entry.of_sequence);
  return absl::StrCat(access.entry.action, access.released() ? "" : absl::StrCat(", refused: ", Literal(access.entry.rule)));
}

std::string Delivered(const AuditAccess& access) {
  if (!access.released()) return access.times() == 1 ? "nothing" : absl::StrCat("nothing, ", access.times(), " times");
  if (!access.closed) return "not closed";
  if (access.delivered_bytes == 0 && access.rows > 0) return absl::StrCat(access.rows, " rows");
  return absl::StrCat(access.delivered_bytes, " bytes");
}

std::string AccountsTable(const AuditReport& report) {
  std::string text = Headings({"Account", "Person", "Company", "Role", "Accesses", "Refused", "Recordings", "Bytes"});
  for (const AccountSum& sum : report.accounts) {
    text += Row({Literal(sum.account), Literal(sum.person), Literal(sum.company), Literal(sum.role), absl::StrCat(sum.accesses),
                 absl::StrCat(sum.denied), absl::StrCat(sum.recordings), absl::StrCat(sum.delivered_bytes)});
  }
  return text;
}

std::string AccessesTable(const AuditReport& report) {
  std::string text = Headings({"Entry", "Time (UTC)", "Account", "What", "Recording", "Purpose", "Reference", "Delivered", "Outcome"});
  for (const AuditAccess& access : report.accesses) {
    const AuditEntry& entry = access.entry;
    text += Row({absl::StrCat(entry.sequence), Rfc3339(entry.time), Literal(entry.account), What(access), Literal(entry.recording_id),
                 Literal(entry.purpose), Literal(entry.reference), Delivered(access), Literal(access.outcome)});
  }
  return text;
}

const char* ProofName(Proof proof) { return proof == Proof::kWhole ? "whole" : proof == Proof::kNotWhole ? "not-whole" : "none"; }

nlohmann::json ToJson(const AccountSum& sum) {
  return {{"account", sum.account},   {"person", sum.person}, {"company", sum.company},       {"role", sum.role},
          {"accesses", sum.accesses}, {"denied", sum.denied}, {"recordings", sum.recordings}, {"delivered_bytes", sum.delivered_bytes}};
}

nlohmann::json ToJson(const AuditAccess& access) {
  const AuditEntry& entry = access.entry;
  return {{"sequence", entry.sequence},
          {"time", Rfc3339(entry.time)},
          {"action", entry.action},
          {"decision", entry.decision},
          {"rule", entry.rule},
          {"times", access.times()},
          {"account", entry.account},
          {"person", entry.person},
          {"company", entry.company},
          {"role", entry.role},
          {"recording_id", entry.recording_id},
          {"purpose", entry.purpose},
          {"reference", entry.reference},
          {"began_before", access.began_before},
          {"closed", access.closed},
          {"delivered_bytes", access.delivered_bytes},
          {"rows", access.rows},
          {"outcome", access.outcome}};
}

}  // namespace

std::string ToMarkdown(const AuditReport& report) {
  const AccountSum& total = report.total;
  return absl::StrCat("# Accesses: ", Subject(report.query), "\n\nFrom ", Span(report.query), ". Made ", Rfc3339(report.made), ".\n\n",
                      "- ", total.accesses, total.accesses == 1 ? " access" : " accesses", " by ", report.accounts.size(),
                      report.accounts.size() == 1 ? " account" : " accounts", ", ", total.denied, " refused\n", "- ", total.recordings,
                      " different recordings, ", total.delivered_bytes, " bytes delivered\n", "- ", report.entries,
                      " entries of the log lie in the span, of a tree of ", report.tree_size, " entries with root `",
                      Hex(report.root_sha256), "`\n", "- ", report.wholeness.text, "\n\n## By account\n\n", AccountsTable(report),
                      "\n## Every access\n\n", AccessesTable(report));
}

nlohmann::json ToJson(const AuditReport& report) {
  nlohmann::json accounts = nlohmann::json::array(), accesses = nlohmann::json::array();
  for (const AccountSum& sum : report.accounts) accounts.push_back(ToJson(sum));
  for (const AuditAccess& access : report.accesses) accesses.push_back(ToJson(access));
  nlohmann::json total = ToJson(report.total);
  for (const char* of_one : {"account", "person", "company", "role"}) total.erase(of_one);
  return {{"recording_id", report.query.recording_id},
          {"account", report.query.account},
          {"company", report.query.company},
          {"from", Rfc3339(report.query.from)},
          {"to", Rfc3339(report.query.to)},
          {"made", Rfc3339(report.made)},
          {"tree_size", report.tree_size},
          {"root_sha256", Hex(report.root_sha256)},
          {"entries", report.entries},
          {"proof", ProofName(report.wholeness.proof)},
          {"wholeness", report.wholeness.text},
          {"total", std::move(total)},
          {"accounts", std::move(accounts)},
          {"accesses", std::move(accesses)}};
}

}  // namespace otokura::client
