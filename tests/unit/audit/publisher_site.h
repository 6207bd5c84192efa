// A log with its publisher over an engine in memory and a key store in a temporary folder, which can be taken down and opened again. For
// tests.
#ifndef OTOKURA_TESTS_UNIT_AUDIT_PUBLISHER_SITE_H_
#define OTOKURA_TESTS_UNIT_AUDIT_PUBLISHER_SITE_H_

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "crypto/signed_note.h"
#include "crypto/tlog/checkpoint.h"
#include "server/audit/publisher.h"
#include "server/audit/tile_rows.h"
#include "server/audit/verify_tiles.h"
#include "server/keys/key_store_file.h"
#include "server/runtime/event_log.h"
#include "tests/unit/audit/log_site.h"
#include "tests/unit/storage/scratch_folder.h"

namespace otokura::audit {

inline constexpr char kTestOrigin[] = "calls.example/otokura/test";

inline crypto::NoteSigner LogSignerForTest(char fill = 's') {
  EXPECT_TRUE(crypto::LockSecretMemory().ok());
  auto signer = crypto::NoteSigner::Create(kTestOrigin, *crypto::SecretBytes::CopyOf(std::string(32, fill)));
  EXPECT_TRUE(signer.ok()) << signer.status();
  return *std::move(signer);
}

// One run of the log and its publisher over an engine that may have seen others.
class PublisherSite {
 public:
  PublisherSite() { EXPECT_EQ(WriteFirstCheckpoint(signer_, copy_path()), absl::OkStatus()); }
  ~PublisherSite() { Close(); }

  storage::MemoryEngine& engine() { return *engine_; }
  Publisher& publisher() { return *publisher_; }
  Log& log() { return *log_; }
  storage::Committer& committer() { return *committer_; }
  std::string copy_path() const { return folder_.path() + "/log-checkpoint"; }
  std::string copy() const { return *keys::ReadSmallFile(copy_path()); }
  std::string events() const {
    std::string text(1 << 16, '\0');
    const ssize_t size = pread(events_descriptor_, text.data(), text.size(), 0);
    text.resize(size < 0 ? 0 : static_cast<size_t>(size));
    return text;
  }

  void Open() {
    auto opened = Log::Open(&engine_->records(), &keys_, &clock_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    log_ = *std::move(opened);
    committer_ = storage::Committer::Create(engine_.get(), log_.get());
    Publisher::Parts parts;
    parts.records = &engine_->records();
    parts.committer = committer_.get();
    parts.log = log_.get();
    parts.signer = &signer_;
    parts.copy_path = copy_path();
    parts.events = &events_;
    publisher_ = std::make_unique<Publisher>(std::move(parts));
  }
  void Close() {
    publisher_.reset();
    committer_.reset();
    log_.reset();
  }

  absl::Status Log1(v1::AuditAction action = v1::SEARCH) {
    storage::RecordCommit commit;
    commit.entries.push_back(DraftForTest(action));
    std::promise<absl::Status> done;
    commit.done = [&done](const absl::Status& status, absl::Span<const uint64_t>) { done.set_value(status); };
    committer_->Commit(std::move(commit));
    return done.get_future().get();
  }
  void LogMany(int entries, v1::AuditAction action = v1::SEARCH) {
    for (int i = 0; i < entries; ++i) ASSERT_EQ(Log1(action), absl::OkStatus());
  }

  crypto::Checkpoint Opened(std::string_view note) const {
    auto checkpoint = crypto::OpenCheckpoint(note, *crypto::NoteVerifier::Parse(signer_.VerifierKey()));
    EXPECT_TRUE(checkpoint.ok()) << checkpoint.status();
    return checkpoint.ok() ? *checkpoint : crypto::Checkpoint();
  }
  // What fsck says of tiles and checkpoints.
  std::vector<std::string> TileProblems() const {
    std::vector<std::string> problems;
    const absl::Status status = VerifyTiles(
        engine_->records(), *crypto::NoteVerifier::Parse(signer_.VerifierKey()), copy_path(),
        [&](std::string_view where, std::string_view problem) { problems.push_back(std::string(where) + ": " + std::string(problem)); });
    EXPECT_TRUE(status.ok()) << status;
    return problems;
  }
  // All rows there are; put back they are an older data folder.
  std::vector<storage::Write> Rows() const {
    std::vector<storage::Write> rows;
    for (int table = 0; table < storage::kTables; ++table) {
      EXPECT_TRUE(engine_->records()
                      .Scan(static_cast<storage::Table>(table), {},
                            [&](std::string_view key, std::string_view value) {
                              rows.push_back({static_cast<storage::Table>(table), std::string(key), std::string(value)});
                              return true;
                            })
                      .ok());
    }
    return rows;
  }
  void PutBack(std::vector<storage::Write> rows) {
    engine_ = storage::MemoryEngine::Create();
    storage::Batch batch;
    batch.writes = std::move(rows);
    ASSERT_TRUE(engine_->records().Commit(batch).ok());
  }
  void Tamper(storage::Table table, const std::string& key, std::optional<std::string> value) {
    storage::Batch batch;
    batch.writes.push_back({table, key, std::move(value)});
    ASSERT_TRUE(engine_->records().Commit(batch).ok());
  }

 private:
  storage::ScratchFolder folder_;
  int events_descriptor_ = open((folder_.path() + "/events").c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  runtime::EventLog events_{events_descriptor_};
  keys::SiteKeys keys_ = SiteKeysForTest();
  crypto::NoteSigner signer_ = LogSignerForTest();
  runtime::FakeClock clock_{kTestStart};
  std::unique_ptr<storage::MemoryEngine> engine_ = storage::MemoryEngine::Create();
  std::unique_ptr<Log> log_;
  std::unique_ptr<storage::Committer> committer_;
  std::unique_ptr<Publisher> publisher_;
};

}  // namespace otokura::audit

#endif  // OTOKURA_TESTS_UNIT_AUDIT_PUBLISHER_SITE_H_
