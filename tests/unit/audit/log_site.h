// A log on an engine in memory, with a clock to set and a permit to read it by. For tests.
#ifndef OTOKURA_TESTS_UNIT_AUDIT_LOG_SITE_H_
#define OTOKURA_TESTS_UNIT_AUDIT_LOG_SITE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "crypto/secret.h"
#include "server/access/gate.h"
#include "server/audit/log.h"
#include "server/audit/log_rows.h"
#include "server/audit/queries.h"
#include "server/keys/site_keys.h"
#include "server/runtime/fake_clock.h"
#include "server/storage/committer.h"
#include "server/storage/memory_engine.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::audit {

inline keys::SiteKeys SiteKeysForTest(char fill = 'k') {
  EXPECT_TRUE(crypto::LockSecretMemory().ok());
  auto site_key = crypto::SecretBytes::CopyOf(std::string(32, fill));
  EXPECT_TRUE(site_key.ok());
  auto keys = keys::SiteKeys::Create(*site_key);
  EXPECT_TRUE(keys.ok());
  return *std::move(keys);
}

inline storage::RecordingId RecordingForTest(int number) {
  return storage::RecordingId::Make(absl::FromUnixMillis(1'700'000'000'000 + number), std::string(10, static_cast<char>(number)));
}

inline std::unique_ptr<Draft> DraftForTest(v1::AuditAction action, std::optional<storage::RecordingId> recording = std::nullopt) {
  auto draft = std::make_unique<Draft>();
  draft->leaf.set_action(action);
  draft->leaf.set_decision(v1::ALLOWED);
  if (recording.has_value()) draft->leaf.set_recording_id(std::string(recording->bytes()));
  return draft;
}

inline const absl::Time kTestStart = absl::FromUnixSeconds(1'750'000'000);

inline const access::PolicyInForce* PolicyForTest() {
  static const access::PolicyInForce kPolicy(*policy::Rules::Compile(policy::TextForTest(1)));
  return &kPolicy;
}

struct LogSite {
  explicit LogSite(std::unique_ptr<storage::MemoryEngine> from = storage::MemoryEngine::Create()) : engine(std::move(from)) {
    auto opened = Log::Open(&engine->records(), &keys, &clock);
    EXPECT_TRUE(opened.ok()) << opened.status();
    log = *std::move(opened);
    queries = std::make_unique<Queries>(&engine->records(), &keys, log.get());
    committer = storage::Committer::Create(engine.get(), log.get());
  }
  ~LogSite() { committer.reset(); }

  // Commits one draft and gives its status and, where that is OK, its sequence.
  std::pair<absl::Status, uint64_t> Commit(std::unique_ptr<Draft> draft) {
    storage::RecordCommit commit;
    commit.entries.push_back(std::move(draft));
    auto result = std::make_shared<std::promise<std::pair<absl::Status, uint64_t>>>();
    commit.done = [result](const absl::Status& status, absl::Span<const uint64_t> sequences) {
      result->set_value({status, sequences.empty() ? 0 : sequences.front()});
    };
    committer->Commit(std::move(commit));
    return result->get_future().get();
  }
  uint64_t Put(std::unique_ptr<Draft> draft) {
    auto [status, sequence] = Commit(std::move(draft));
    EXPECT_TRUE(status.ok()) << status;
    return sequence;
  }
  v1::AuditEntry Entry(uint64_t sequence) const {
    auto entry = log->Read(sequence);
    EXPECT_TRUE(entry.ok()) << entry.status();
    return entry.ok() ? *entry : v1::AuditEntry();
  }
  std::string Leaf(uint64_t sequence) const {
    auto leaf = engine->records().Get(storage::Table::kLog, SequenceKey(sequence));
    EXPECT_TRUE(leaf.ok() && leaf->has_value());
    return leaf->value_or("");
  }
  // Changes the store behind the log's back.
  void Tamper(storage::Table table, const std::string& key, std::optional<std::string> value) {
    storage::Batch batch;
    batch.writes.push_back({table, key, std::move(value)});
    ASSERT_TRUE(engine->records().Commit(batch).ok());
  }

  keys::SiteKeys keys = SiteKeysForTest();
  runtime::FakeClock clock{kTestStart};
  std::unique_ptr<storage::MemoryEngine> engine;
  std::unique_ptr<Log> log;
  std::unique_ptr<Queries> queries;
  std::unique_ptr<storage::Committer> committer;
};

struct FoundProblem {
  uint64_t sequence;
  std::string problem;
};

inline std::vector<FoundProblem> Problems(const storage::RecordReader& records) {
  std::vector<FoundProblem> problems;
  const absl::Status status = VerifyStored(records, [&](uint64_t sequence, std::string_view problem) {
    problems.push_back({sequence, std::string(problem)});
  });
  EXPECT_TRUE(status.ok()) << status;
  return problems;
}

inline void PrintTo(const FoundProblem& found, std::ostream* out) { *out << found.sequence << ": " << found.problem; }

// A permit of any kind, from the only place that makes one: a gate over a log of its own.
inline keys::ReleasePermit PermitForTest(access::Action action, v1::Role role) {
  LogSite site;
  access::Gate gate(site.committer.get(), &site.clock, PolicyForTest());
  auto enrolled = std::make_shared<access::Enrolled>();
  enrolled->account.set_name("somebody");
  enrolled->account.set_role(role);
  enrolled->account.add_centres("Tokyo");
  access::Caller caller{enrolled, "", "", absl::InfiniteFuture(), "", nullptr};
  access::Ask ask;
  ask.action = action;
  ask.resource = access::Resource{RecordingForTest(1), "Tokyo", false};
  ask.justification.set_purpose("inquiry");
  ask.justification.set_reference("T-1");
  if (action == access::Action::kListAudit || action == access::Action::kCountAudit) {
    ask.resource.reset();
    ask.justification.Clear();
  }
  std::promise<absl::StatusOr<keys::ReleasePermit>> permit;
  gate.Release(caller, ask, [&](absl::StatusOr<keys::ReleasePermit> given) { permit.set_value(std::move(given)); });
  return *permit.get_future().get();
}

inline keys::ReleasePermit AuditPermitForTest() { return PermitForTest(access::Action::kListAudit, v1::AUDITOR); }

}  // namespace otokura::audit

#endif  // OTOKURA_TESTS_UNIT_AUDIT_LOG_SITE_H_
