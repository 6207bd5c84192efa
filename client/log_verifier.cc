#include "client/log_verifier.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/merkle.h"

namespace otokura::client {
namespace {

constexpr uint64_t kProgressEvery = 8192;  // entries: some 20 ms

}  // namespace

void TreeVerifier::Report(std::string where, std::optional<uint64_t> sequence, std::string_view problem) {
  ++verdict_.findings;
  if (sequence.has_value()) verdict_.first_bad_entry = std::min(verdict_.first_bad_entry.value_or(*sequence), *sequence);
  if (options_.finding) options_.finding({std::move(where), sequence, std::string(problem)});
}

void TreeVerifier::ReportEntry(uint64_t sequence, std::string_view problem) { Report(absl::StrCat("entry ", sequence), sequence, problem); }

void TreeVerifier::Follow(const std::vector<std::string>& hand_overs) {
  const absl::Status followed = keys_.FollowAll(hand_overs);
  if (!followed.ok()) Report("hand-over of the log's key", std::nullopt, std::string(followed.message()));
  if (keys_.keys().size() > 1) verdict_.newest_key = keys_.keys().back().VerifierKey();
}

bool TreeVerifier::Begin(std::string_view note) {
  absl::StatusOr<crypto::Checkpoint> checkpoint = keys_.Open(note);
  if (!checkpoint.ok()) {
    Report("checkpoint", std::nullopt, std::string(checkpoint.status().message()));
    return false;
  }
  verdict_.checkpoint = *std::move(checkpoint);
  if (options_.since.has_value() && options_.since->tree_size > verdict_.checkpoint.tree_size) {
    Report("checkpoint", verdict_.checkpoint.tree_size,
           absl::StrCat("covers ", verdict_.checkpoint.tree_size, " entries, the older one ", options_.since->tree_size,
                        ": entries from here on are gone"));
  }
  CompareOlder();
  CheckCosigned(note);
  return true;
}

void TreeVerifier::CheckCosigned(std::string_view note) {
  if (!options_.witness.has_value()) return;
  const size_t text_end = note.rfind("\n\n") + 1;  // the note was opened: it has its parts
  const absl::Status cosigned = options_.witness->Find(note.substr(text_end + 1), note.substr(0, text_end)).status();
  if (cosigned.ok()) return;
  Report("checkpoint", std::nullopt, std::string(cosigned.message()));
}

void TreeVerifier::Compare(const crypto::Checkpoint& older, const char* what) {
  if (older.tree_size != tree_.size() || older.root == tree_.Root()) return;
  Report(what, std::nullopt,
         absl::StrCat("the first ", tree_.size(), " entries are not those that it was made over: the log was rewritten"));
}

void TreeVerifier::CompareOlder() {
  if (options_.since.has_value()) Compare(*options_.since, "older checkpoint");
  for (const crypto::Checkpoint& hand_over : keys_.hand_overs()) Compare(hand_over, "hand-over of the log's key");
}

absl::Status TreeVerifier::Take(std::string_view leaf, crypto::TileBuilder::TileDone full) {
  const uint64_t sequence = tree_.size();
  leaves_.Check(leaf, [this, sequence](std::string_view problem) { ReportEntry(sequence, problem); });
  tree_.Append(crypto::MerkleLeafHash(leaf), full);
  verdict_.entries = tree_.size();
  CompareOlder();
  if (tree_.size() % kProgressEvery != 0 || !options_.progress) return absl::OkStatus();
  return options_.progress(tree_.size(), verdict_.checkpoint.tree_size) ? absl::OkStatus() : absl::CancelledError("interrupted");
}

void TreeVerifier::Finish() {
  if (tree_.size() != verdict_.checkpoint.tree_size) {
    ReportEntry(tree_.size(), absl::StrCat("missing, and all up to the checkpoint's ", verdict_.checkpoint.tree_size));
  } else if (tree_.Root() != verdict_.checkpoint.root) {
    Report("checkpoint", std::nullopt, "its root is not that of the entries: some entry is not the one that was signed");
  }
}

absl::StatusOr<LogVerdict> VerifyLiveLog(AuditLog& log, const LogVerification& options) {
  const absl::StatusOr<LogHead> head = log.Head();
  if (!head.ok()) return head.status();
  TreeVerifier verifier(options);
  verifier.Follow(head->hand_overs);
  const auto ignore = [](const crypto::TileCoordinates&, std::string_view) {};
  LogSink sink;
  sink.begin = [&](std::string_view checkpoint) {
    return verifier.Begin(checkpoint) ? absl::OkStatus() : absl::DataLossError("the gateway's checkpoint is not this log's");
  };
  sink.leaf = [&](uint64_t, std::string_view leaf) { return verifier.Take(leaf, ignore); };
  sink.opened = options.opened;
  const absl::Status exported = log.Export(0, sink);
  if (verifier.verdict().checkpoint.origin.empty() && verifier.verdict().findings > 0) return verifier.verdict();
  if (!exported.ok()) return exported;
  verifier.Finish();
  return verifier.verdict();
}

}  // namespace otokura::client
