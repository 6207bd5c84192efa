// Whether a report is whole: of the index's listing alone little can be said; of a log that was verified, everything.
#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/command/audit_report.h"
#include "client/command/interrupt.h"
#include "client/command/text.h"
#include "client/convert.h"

namespace otokura::client {
namespace {

constexpr std::chrono::seconds kCheckpointWithin{70};  // the gateway may be configured to make one in 60
constexpr std::chrono::milliseconds kCheckpointLook{100};

constexpr char kHowToProve[] = " NOT PROVEN: this is what the gateway's index gave. Run it again with --key and the log's public key.";

// ---- of a listing alone

// Entries about one recording carry numbers of their own, and each names the one before it. Entries by other conditions do not.
Wholeness JudgeListing(const AuditQuery& query, const std::vector<AuditEntry>& listed) {
  if (query.recording_id.empty()) {
    return {.text =
                absl::StrCat("Entries of an account or a company carry no numbers of their own: only the log as a whole, verified, shows "
                             "that none is missing.",
                             kHowToProve)};
  }
  if (listed.empty()) return {.text = absl::StrCat("No entry about this recording was listed.", kHowToProve)};
  for (size_t i = 1; i < listed.size(); ++i) {
    const AuditEntry& newer = listed[i - 1];
    const AuditEntry& older = listed[i];
    if (newer.access_number == older.access_number + 1 && newer.previous_sequence == older.sequence) continue;
    return {
        .proof = Proof::kNotWhole,
        .text = absl::StrCat("NOT WHOLE: entry ", newer.sequence, " is access ", newer.access_number, " of the recording and names entry ",
                             newer.previous_sequence, " as the one before it; listed before it is entry ", older.sequence, ", access ",
                             older.access_number, ".")};
  }
  return {.text = absl::StrCat("Accesses ", listed.back().access_number, " to ", listed.front().access_number,
                               " of the recording follow one another without a hole, each naming the one before.", kHowToProve)};
}

// ---- of a verified log

// The first entry in which the index and the verified leaves differ; empty where there is none.
std::string FirstDifference(const std::vector<AuditEntry>& listed, const std::vector<AuditEntry>& verified) {
  std::map<uint64_t, const AuditEntry*> by_sequence;
  for (const AuditEntry& entry : listed) by_sequence[entry.sequence] = &entry;
  for (auto entry = verified.rbegin(); entry != verified.rend(); ++entry) {
    const auto found = by_sequence.find(entry->sequence);
    if (found == by_sequence.end()) return absl::StrCat("the index left out entry ", entry->sequence, ", which the log holds");
    if (found->second->leaf != entry->leaf) return absl::StrCat("entry ", entry->sequence, " was listed otherwise than the log holds it");
    by_sequence.erase(found);
  }
  if (by_sequence.empty()) return "";
  return absl::StrCat("entry ", by_sequence.begin()->first, " was listed, but in the log it is none of these");
}

std::string Nameless(const VerifiedSpan& span) {
  if (span.nameless == 0) return "";
  return absl::StrCat(" Of ", span.nameless, " further entries in the span the names were dropped: whose they are nobody can tell.");
}

Wholeness JudgeVerified(const std::vector<AuditEntry>& listed, const VerifiedSpan& span) {
  const crypto::Checkpoint& checkpoint = span.verdict.checkpoint;
  if (!span.first_finding.empty()) {
    const std::string more = span.verdict.findings > 1 ? absl::StrCat(", and ", span.verdict.findings - 1, " more findings") : "";
    return {.proof = Proof::kNotWhole, .text = absl::StrCat("NOT WHOLE: ", Printable(span.first_finding), more, ".")};
  }
  const std::string log = absl::StrCat("verified ", span.verdict.entries, " entries of ", checkpoint.origin,
                                       " against its checkpoint of size ", checkpoint.tree_size, ", root `", Hex(checkpoint.root), "`");
  if (const std::string difference = FirstDifference(listed, span.entries); !difference.empty()) {
    return {.proof = Proof::kNotWhole,
            .text = absl::StrCat("NOT WHOLE as listed: ", difference, "; the log itself is whole, ", log,
                                 ", and what it holds is reported here. Have the index made anew.", Nameless(span))};
  }
  return {.proof = Proof::kWhole, .text = absl::StrCat("WHOLE: ", log, ".", Nameless(span))};
}

// ---- the span in the log

bool InTime(const AuditQuery& query, const AuditEntry& entry) {
  const int64_t from = UnixMillis(query.from), to = UnixMillis(query.to);  // as the gateway is asked
  return (from == 0 || entry.time >= FromUnixMillis(from)) && (to == 0 || entry.time < FromUnixMillis(to));
}

bool IsPruned(const AuditEntry& entry, const char* field) {
  return std::find(entry.closed.begin(), entry.closed.end(), field) != entry.closed.end();
}

bool IsAskedFor(const AuditQuery& query, const AuditEntry& entry) {
  return (query.recording_id.empty() || entry.recording_id == query.recording_id) &&
         (query.account.empty() || entry.account == query.account) && (query.company.empty() || entry.company == query.company);
}

// A checkpoint over the tree that was listed comes by itself.
absl::Status AwaitCheckpoint(AuditLog& log, uint64_t tree_size, crypto::LogKeys keys) {
  const auto deadline = std::chrono::steady_clock::now() + kCheckpointWithin;
  for (;;) {
    const auto head = log.Head();
    if (!head.ok()) return head.status();
    if (absl::Status followed = keys.FollowAll(head->hand_overs); !followed.ok()) return followed;
    const auto checkpoint = keys.Open(head->checkpoint);
    if (!checkpoint.ok()) return checkpoint.status();
    if (checkpoint->tree_size >= tree_size) return absl::OkStatus();
    if (Interrupted()) return absl::CancelledError("interrupted");
    if (std::chrono::steady_clock::now() > deadline) {
      return absl::UnavailableError(
          absl::StrCat("no checkpoint covers the ", tree_size, " entries listed; is the gateway publishing its log?"));
    }
    std::this_thread::sleep_for(kCheckpointLook);
  }
}

}  // namespace

Wholeness JudgeWholeness(const AuditQuery& query, const std::vector<AuditEntry>& listed, const VerifiedSpan* verified) {
  return verified == nullptr ? JudgeListing(query, listed) : JudgeVerified(listed, *verified);
}

absl::StatusOr<VerifiedSpan> VerifySpan(AuditLog& log, const AuditQuery& query, uint64_t tree_size, const std::string& root_sha256,
                                        const LogVerification& verification) {
  if (absl::Status covered = AwaitCheckpoint(log, tree_size, verification.log_key); !covered.ok()) return covered;
  VerifiedSpan span;
  LogVerification whole = verification;
  // The tree that was listed must be a beginning of the one that is signed.
  whole.since = crypto::Checkpoint{verification.log_key.name(), tree_size, root_sha256};
  whole.finding = [&span](const LogFinding& finding) {
    if (span.first_finding.empty()) span.first_finding = absl::StrCat(finding.where, ": ", finding.problem);
  };
  whole.opened = [&](const AuditEntry& entry) {
    if (entry.sequence >= tree_size || !InTime(query, entry)) return absl::OkStatus();
    const bool pruned = (!query.account.empty() && IsPruned(entry, "account")) || (!query.company.empty() && IsPruned(entry, "company"));
    if (pruned) ++span.nameless;
    if (pruned || !IsAskedFor(query, entry)) return absl::OkStatus();
    if (span.entries.size() == kReportEntriesMax)
      return absl::ResourceExhaustedError(absl::StrCat("more than ", kReportEntriesMax, " entries; narrow --from and --to"));
    span.entries.push_back(entry);
    return absl::OkStatus();
  };
  absl::StatusOr<LogVerdict> verdict = VerifyLiveLog(log, whole);
  if (verdict.ok()) {
    span.verdict = *std::move(verdict);
  } else if (absl::IsDataLoss(verdict.status())) {  // so damaged that it cannot be read to its end
    if (span.first_finding.empty()) span.first_finding = std::string(verdict.status().message());
  } else {
    return verdict.status();
  }
  std::reverse(span.entries.begin(), span.entries.end());
  return span;
}

}  // namespace otokura::client
