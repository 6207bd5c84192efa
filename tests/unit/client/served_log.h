// A log as a gateway serves it, made of entries that a test may get wrong, and signed with its key. For tests.
#ifndef OTOKURA_TESTS_UNIT_CLIENT_SERVED_LOG_H_
#define OTOKURA_TESTS_UNIT_CLIENT_SERVED_LOG_H_

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client/log_exporter.h"
#include "client/log_verifier.h"
#include "crypto/merkle.h"
#include "crypto/secret.h"
#include "crypto/tlog/checkpoint.h"
#include "crypto/tlog/log_keys.h"
#include "otokura/audit_log.h"
#include "otokura/v1/audit.pb.h"

namespace otokura::client {

inline crypto::NoteSigner LogSignerForTest(char fill = 's') {
  EXPECT_TRUE(crypto::LockSecretMemory().ok());
  auto signer = crypto::NoteSigner::Create("calls.example/otokura/test", *crypto::SecretBytes::CopyOf(std::string(32, fill)));
  EXPECT_TRUE(signer.ok()) << signer.status();
  return *std::move(signer);
}

class ServedLog : public AuditLog {
 public:
  explicit ServedLog(char key = 's') : signer_(LogSignerForTest(key)) {}

  // The next entry as the gateway would make it, about one of five recordings or none.
  v1::AuditEntry Next() {
    const uint64_t sequence = leaves.size();
    v1::AuditEntry entry;
    entry.set_version(1);
    entry.set_sequence(sequence);
    entry.set_time_unix_us(1'750'000'000'000'000 + static_cast<int64_t>(sequence) * 1000);
    entry.set_wall_time_unix_us(entry.time_unix_us());
    entry.set_action(v1::LISTEN);
    entry.set_decision(v1::ALLOWED);
    entry.set_role("operator");
    entry.set_account_commitment(crypto::MerkleLeafHash(std::to_string(sequence)));
    if (sequence % 6 == 0) return entry;
    entry.set_recording_id(std::string(16, static_cast<char>('a' + sequence % 6)));
    Accesses& count = counts_[entry.recording_id()];
    entry.set_access_number(count.count + 1);
    if (count.count > 0) entry.set_previous_sequence(count.last);
    return entry;
  }
  void Add(const v1::AuditEntry& entry) {
    if (!entry.recording_id().empty()) counts_[entry.recording_id()] = {entry.access_number(), leaves.size()};
    leaves.push_back(entry.SerializeAsString());
  }
  void Grow(uint64_t size) {
    while (leaves.size() < size) Add(Next());
  }

  crypto::NoteVerifier key() const { return *crypto::NoteVerifier::Parse(signer_.VerifierKey()); }
  std::string Checkpoint(uint64_t size) const {
    crypto::MerkleFrontier tree;
    for (uint64_t i = 0; i < size; ++i) tree.Append(crypto::MerkleLeafHash(leaves[i]));
    return *signer_.Sign(*crypto::FormatCheckpoint({signer_.name(), size, tree.Root()}));
  }

  absl::StatusOr<AuditEntry> Show(uint64_t) override { return absl::UnimplementedError("not of these tests"); }
  absl::StatusOr<AuditCountPage> Count(const AuditQuery&, const std::vector<AuditField>&, AuditPeriod, const std::string&) override {
    return absl::UnimplementedError("not of these tests");
  }
  absl::StatusOr<std::unique_ptr<AuditStream>> Follow(const AuditQuery&, std::optional<uint64_t>) override {
    return absl::UnimplementedError("not of these tests");
  }
  absl::StatusOr<AuditPage> List(const AuditQuery&, uint32_t, const std::string&) override { return absl::UnimplementedError("not here"); }
  absl::StatusOr<std::string> Prove(uint64_t) override { return absl::UnimplementedError("not here"); }
  absl::StatusOr<std::string> ProveConsistency(const std::string&) override { return absl::UnimplementedError("not here"); }
  absl::StatusOr<std::string> MakeReceipt(const std::string&) override { return absl::UnimplementedError("not here"); }
  absl::StatusOr<LogHead> Head() override {
    return LogHead{.checkpoint = Checkpoint(leaves.size()), .verifier_key = signer_.VerifierKey(), .hand_overs = hand_overs};
  }
  // From now on it is signed with another key.
  void HandOver(char key) {
    crypto::NoteSigner next = LogSignerForTest(key);
    crypto::MerkleFrontier tree;
    for (const std::string& leaf : leaves) tree.Append(crypto::MerkleLeafHash(leaf));
    hand_overs.push_back(*crypto::SignHandOver(signer_, next, leaves.size(), tree.Root()));
    signer_ = std::move(next);
  }

  absl::Status Export(uint64_t first_sequence, const LogSink& sink) override {
    asked_from = first_sequence;
    if (first_sequence > leaves.size()) return absl::OutOfRangeError("behind the end");
    if (absl::Status begun = sink.begin(Checkpoint(leaves.size())); !begun.ok()) return begun;
    const std::vector<std::string>& sent = sends_instead.empty() ? leaves : sends_instead;
    for (uint64_t i = first_sequence; i < sent.size(); ++i) {
      if (absl::Status taken = sink.leaf(i, sent[i]); !taken.ok()) return taken;
    }
    return absl::OkStatus();
  }

  std::vector<std::string> hand_overs;
  std::vector<std::string> leaves;
  std::vector<std::string> sends_instead;  // of the leaves that the checkpoint is over
  uint64_t asked_from = 0;

 private:
  struct Accesses {
    uint64_t count = 0;
    uint64_t last = 0;
  };
  crypto::NoteSigner signer_;
  std::map<std::string, Accesses> counts_;
};

struct Verified {
  LogVerdict verdict;
  std::vector<LogFinding> findings;
};

inline void PrintTo(const LogFinding& finding, std::ostream* out) { *out << finding.where << ": " << finding.problem; }

inline Verified VerifyFolder(const std::string& folder, const crypto::NoteVerifier& key, const std::string& since = "") {
  Verified verified;
  LogVerification options{.log_key = key};
  if (!since.empty()) options.since = *crypto::OpenCheckpoint(since, key);
  options.finding = [&verified](const LogFinding& finding) { verified.findings.push_back(finding); };
  auto verdict = VerifyLogFolder(folder, options);
  EXPECT_TRUE(verdict.ok()) << verdict.status();
  if (verdict.ok()) verified.verdict = *verdict;
  EXPECT_EQ(verified.findings.size(), verified.verdict.findings);
  return verified;
}

}  // namespace otokura::client

#endif  // OTOKURA_TESTS_UNIT_CLIENT_SERVED_LOG_H_
