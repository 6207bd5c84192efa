// `otokura audit tail` and `otokura audit show`.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/command/audit_text.h"
#include "client/command/exit_code.h"
#include "client/command/interrupt.h"
#include "client/command/recording_text.h"
#include "client/command/text.h"
#include "crypto/merkle.h"

namespace otokura::client {
namespace {

constexpr std::chrono::milliseconds kInterruptInterval{100};

struct TailOptions {
  AuditQueryOptions which;
  uint32_t lines = 10;
  bool follow = false;
};

// False where nobody reads any more what is printed.
bool Print(const std::vector<AuditEntry>& entries, bool json) {
  for (const AuditEntry& entry : entries) {
    if (json) {
      PrintJson(ToJson(entry));
    } else {
      std::printf("%s\n", AuditLine(entry).c_str());
    }
  }
  return std::fflush(stdout) == 0;
}

// The newest, oldest of them first, and what the log goes on from.
absl::StatusOr<std::vector<AuditEntry>> Newest(AuditLog& log, const TailOptions& options, uint64_t* next) {
  std::vector<AuditEntry> entries;
  std::string token;
  do {
    auto page = log.List(options.which.query, std::max(options.lines - static_cast<uint32_t>(entries.size()), 1U), token);
    if (!page.ok()) return page.status();
    *next = page->tree_size;
    entries.insert(entries.end(), page->entries.begin(), page->entries.end());
    token = page->next_page_token;
  } while (entries.size() < options.lines && !token.empty());
  entries.resize(std::min<size_t>(entries.size(), options.lines));
  std::reverse(entries.begin(), entries.end());
  return entries;
}

// Until interrupted, which is how following ends well, or the reader of our output is gone.
int Follow(AuditStream& stream, bool json) {
  std::atomic<bool> ended{false};
  std::thread watcher([&stream, &ended] {
    while (!ended && !Interrupted()) std::this_thread::sleep_for(kInterruptInterval);
    stream.Cancel();
  });
  absl::StatusOr<std::vector<AuditEntry>> entries;
  bool read = true;
  while (read && (entries = stream.Next()).ok()) read = Print(*entries, json);
  ended = true;
  watcher.join();
  return Interrupted() || !read ? kExitDone : Fail(entries.status());
}

int Tail(const TailOptions& options, const Session& session) {
  auto log = AuditLog::Create(session.connection);
  if (!log.ok()) return Fail(log.status());
  uint64_t next = 0;
  const auto newest = Newest(**log, options, &next);
  if (!newest.ok()) return Fail(newest.status());
  Print(*newest, session.json);
  if (!options.follow) return kExitDone;
  auto stream = (*log)->Follow(options.which.query, next);
  if (!stream.ok()) return Fail(stream.status());
  return Follow(**stream, session.json);
}

void PrintShown(const AuditEntry& entry) {
  Table table({"entry", absl::StrCat(entry.sequence)});
  const auto add = [&table](const char* name, const std::string& value) {
    if (!value.empty()) table.Add({name, value});
  };
  const auto add_number = [&add](const char* name, uint64_t number) { add(name, number == 0 ? "" : absl::StrCat(number)); };
  add("time", Rfc3339(entry.time));
  add("action", entry.action);
  add("decision", entry.decision);
  add("rule", entry.rule);
  add("role", entry.role);
  add("account", entry.account);
  add("person", entry.person);
  add("company", entry.company);
  add("contract", entry.contract);
  add("grant", entry.grant_id);
  add("incident", entry.incident_id);
  add("approver", entry.approver);
  add("certificate", entry.certificate);
  add("address", entry.address);
  add("target", entry.target);
  add("purpose", entry.purpose);
  add("reference", entry.reference);
  add("reason", entry.reason);
  add("recording", entry.recording_id);
  if (entry.access_number != 0) {
    add("access", absl::StrCat("number ", entry.access_number, " of the recording",
                               entry.access_number == 1 ? "" : absl::StrCat(", after entry ", entry.previous_sequence)));
  }
  add("centre", entry.centre);
  add("subject", entry.subject);
  add("policy SHA-256", entry.policy_sha256);
  add_number("offset", entry.offset);
  add_number("length", entry.length);
  add_number("delivered bytes", entry.delivered_bytes);
  add_number("rows", entry.rows);
  add_number("audio bytes", entry.audio_bytes);
  if (entry.closes) add("closes entry", absl::StrCat(entry.of_sequence));
  add("outcome", entry.outcome);
  add("pruned", absl::StrJoin(entry.closed, ", "));
  add("leaf hash", Hex(crypto::MerkleLeafHash(entry.leaf)));
  add("commitments", "checked: every value above is the one that the leaf commits to");
  std::fputs(table.Text().c_str(), stdout);
}

int Show(uint64_t sequence, const Session& session) {
  auto log = AuditLog::Create(session.connection);
  if (!log.ok()) return Fail(log.status());
  const auto entry = (*log)->Show(sequence);
  if (!entry.ok()) return Fail(entry.status());
  if (session.json) {
    nlohmann::json line = ToJson(*entry);
    line["leaf_hash"] = Hex(crypto::MerkleLeafHash(entry->leaf));
    PrintJson(line);
  } else {
    PrintShown(*entry);
  }
  return kExitDone;
}

}  // namespace

void AddAuditTail(CLI::App* audit, Session* session) {
  auto options = std::make_shared<TailOptions>();
  CLI::App* command = audit->add_subcommand("tail", "The newest entries, oldest first");
  command->add_option("-n,--lines", options->lines, "so many (default 10)")->check(CLI::Range(1U, kAuditPageMax));
  command->add_flag("-f,--follow", options->follow, "go on with what is appended, until interrupted");
  AddAuditConditions(command, &options->which);
  command->footer(Footer("otokura audit tail -f --decision denied"));
  command->callback([options, session] { session->run = [options, session] { return Tail(*options, *session); }; });
}

void AddAuditShow(CLI::App* audit, Session* session) {
  auto sequence = std::make_shared<uint64_t>(0);
  CLI::App* command = audit->add_subcommand("show", "All that one entry says, checked against its commitments");
  command->add_option("entry", *sequence, "its sequence number")->required();
  command->footer(Footer("otokura audit show 4711"));
  command->callback([sequence, session] { session->run = [sequence, session] { return Show(*sequence, *session); }; });
}

}  // namespace otokura::client
