// The gateway is killed at random moments under load. Every checkpoint that a client was ever given must be consistent with the log that is
// there in the end, and everything that was heard must be in it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <map>
#include <mutex>
#include <thread>

#include "client/log_verifier.h"
#include "crypto/merkle.h"
#include "otokura/audit_log.h"
#include "tests/fault/library_site.h"
#include "tests/fault/process.h"

namespace otokura::fault {
namespace {

constexpr int kKillsDefault = 10;  // OTOKURA_KILLS=… takes another
constexpr int kListeners = 3;
constexpr uint32_t kCheckpointIntervalMs = 100;         // as often as the configuration allows
constexpr std::chrono::milliseconds kLifeMax{1200};     // from "serving" to the kill
constexpr std::chrono::milliseconds kBeforeNextTry{5};  // while the gateway is away

int Kills() {
  const char* text = std::getenv("OTOKURA_KILLS");
  return text == nullptr ? kKillsDefault : static_cast<int>(std::strtol(text, nullptr, 10));
}

// Hears the same recording again and again.
class Listener {
 public:
  Listener(client::ConnectionOptions connection, std::string recording_id)
      : connection_(std::move(connection)), recording_id_(std::move(recording_id)), thread_([this] { Work(); }) {}
  ~Listener() { Stop(); }
  int Stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    return heard_;
  }

 private:
  void Work() {
    auto archive = client::Archive::Create(connection_);
    while (archive.ok() && !stopping_) {
      bool heard = false;
      client::AudioSink sink;
      sink.begin = [](const client::Recording&, client::AudioRange) { return absl::OkStatus(); };
      sink.write = [&heard](std::string_view) {
        heard = true;
        return absl::OkStatus();
      };
      const absl::Status status = (*archive)->Listen(recording_id_, {}, Inquiry(), sink);
      if (heard) ++heard_;  // also where the end never came: something left
      if (status.ok()) continue;
      std::this_thread::sleep_for(kBeforeNextTry);
      archive = client::Archive::Create(connection_);  // connects at once, where the old connection would wait
    }
  }

  const client::ConnectionOptions connection_;
  const std::string recording_id_;
  std::atomic<bool> stopping_{false};
  int heard_ = 0;
  std::thread thread_;
};

// Every checkpoint that the gateway gave out.
class Watcher {
 public:
  explicit Watcher(client::ConnectionOptions connection) : connection_(std::move(connection)), thread_([this] { Work(); }) {}
  ~Watcher() { Stop(); }
  const std::map<std::string, std::string>& Stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    return seen_;
  }

 private:
  void Work() {
    auto log = client::AuditLog::Create(connection_);
    while (log.ok() && !stopping_) {
      const auto head = (*log)->Head();
      if (head.ok()) seen_[head->checkpoint] = head->verifier_key;
      if (!head.ok()) log = client::AuditLog::Create(connection_);  // connects at once, where the old connection would wait
      std::this_thread::sleep_for(kBeforeNextTry);
    }
  }

  const client::ConnectionOptions connection_;
  std::atomic<bool> stopping_{false};
  std::map<std::string, std::string> seen_;
  std::thread thread_;
};

class LogKill : public testing::Test {
 protected:
  void SetUp() override {
    site_.site().config().mutable_log()->set_checkpoint_interval_ms(kCheckpointIntervalMs);
    ASSERT_EQ(site_.Set(), absl::OkStatus());
    auto sealed =
        integration::RecordCall(site_.site().ConnectAs("recorder"), integration::OpenRequest("heard"), integration::Speech(20000));
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    recording_id_ = sealed->recording_id();
  }
  // The whole log once a checkpoint covers at least this much, verified as a client would.
  void ReadLog(uint64_t size_min, const std::string& verifier_key) {
    auto log = client::AuditLog::Create(site_.ConnectionAs("auditor"));
    ASSERT_TRUE(log.ok()) << log.status();
    const client::LogVerification options{
        .log_key = *crypto::NoteVerifier::Parse(verifier_key),
        .finding = [](const client::LogFinding& finding) { ADD_FAILURE() << finding.where << ": " << finding.problem; }};
    ASSERT_TRUE(WaitFor([&] {
      const auto head = (*log)->Head();
      return head.ok() && options.log_key.Open(head->checkpoint)->tree_size >= size_min;
    }));
    const auto verdict = client::VerifyLiveLog(**log, options);
    ASSERT_TRUE(verdict.ok()) << verdict.status();
    client::LogSink sink;
    sink.begin = [](std::string_view) { return absl::OkStatus(); };
    sink.leaf = [this](uint64_t, std::string_view leaf) {
      v1::AuditEntry entry;
      EXPECT_TRUE(entry.ParseFromArray(leaf.data(), static_cast<int>(leaf.size())));
      listens_ += entry.action() == v1::LISTEN && entry.decision() == v1::ALLOWED ? 1 : 0;
      tree_.Append(crypto::MerkleLeafHash(leaf));
      roots_.push_back(tree_.Root());
      return absl::OkStatus();
    };
    ASSERT_EQ((*log)->Export(0, sink), absl::OkStatus());
  }

  LibrarySite site_;
  std::string recording_id_;
  crypto::MerkleFrontier tree_;
  std::vector<std::string> roots_{crypto::MerkleEmptyRoot()};
  int listens_ = 0;
};

TEST_F(LogKill, I2_I7_NoCheckpointContradictsTheLogAndNothingHeardIsMissing) {
  std::mt19937 random(Seed());
  Watcher watcher(site_.ConnectionAs("auditor"));
  std::vector<std::unique_ptr<Listener>> listeners;
  for (int i = 0; i < kListeners; ++i)
    listeners.push_back(std::make_unique<Listener>(site_.ConnectionAs(i % 2 == 0 ? "operator" : "supervisor"), recording_id_));
  const int kills = Kills();
  for (int kill = 0; kill < kills; ++kill) {
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % kLifeMax.count()));
    site_.Kill();
    ASSERT_EQ(site_.Start(), absl::OkStatus()) << "after kill " << kill + 1;
  }
  int heard = 0;
  for (const auto& listener : listeners) heard += listener->Stop();
  const std::map<std::string, std::string>& seen = watcher.Stop();
  ASSERT_FALSE(seen.empty());

  uint64_t largest = 0;
  std::vector<crypto::Checkpoint> checkpoints;
  for (const auto& [note, key] : seen) {
    auto checkpoint = crypto::OpenCheckpoint(note, *crypto::NoteVerifier::Parse(key));
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
    largest = std::max(largest, checkpoint->tree_size);
    checkpoints.push_back(*std::move(checkpoint));
  }
  ReadLog(largest, seen.begin()->second);
  if (HasFatalFailure()) return;
  for (const crypto::Checkpoint& checkpoint : checkpoints) {
    ASSERT_LT(checkpoint.tree_size, roots_.size());
    EXPECT_EQ(roots_[checkpoint.tree_size], checkpoint.root)
        << "the checkpoint over " << checkpoint.tree_size << " entries was of another log";
  }
  std::cout << kills << " kills, " << checkpoints.size() << " checkpoints, " << heard << " times heard, " << tree_.size() << " entries"
            << std::endl;
  EXPECT_GE(checkpoints.size(), static_cast<size_t>(kills)) << "the kills did not meet a log that grew: this run proves little";
  EXPECT_GT(heard, 0);
  EXPECT_GE(listens_, heard) << "something was heard that is not in the log";
  site_.StopAndExpectWhole();
}

}  // namespace
}  // namespace otokura::fault
