// Random commits, appends, faults and crashes against a model of what the answers promise.
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/storage/committer.h"
#include "server/storage/memory_engine.h"
#include "tests/unit/storage/engine_conformance.h"
#include "tests/unit/storage/log_for_test.h"

namespace otokura::storage {
namespace {

constexpr int kRuns = 40;
constexpr int kStepsARun = 40;
constexpr int kKeys = 5;
constexpr uint32_t kObjects = 4;
const absl::Time kDay = absl::FromUnixSeconds(1'763'769'600);

// One submitted commit: adds one to a counter if it is still what was read.
struct Increment {
  std::string key;
  std::string text;  // of its log entry, unique
  absl::Status status = absl::UnknownError("not answered");
  std::vector<uint64_t> sequences;
};

struct Piece {
  uint32_t object;
  uint64_t end;
  absl::Status status = absl::UnknownError("not answered");
};

class Model {
 public:
  explicit Model(unsigned seed) : random_(seed), fault_random_(seed + 1) {
    engine_->SetFault([this](StorageCall call, const AudioObjectId*) { return Fault(call); }, Chance(2));
    Start();
  }

  ~Model() { committer_ = nullptr; }

  void Run() {
    for (int step = 0; step < kStepsARun && !testing::Test::HasFailure(); ++step) {
      faults_on_ = Chance(2);
      Submit();
      committer_->Drain();
      faults_on_ = false;
      Settle();
      if (Chance(8)) Crash();
      Check();
    }
  }

 private:
  bool Chance(int one_in) { return std::uniform_int_distribution<int>(1, one_in)(random_) == 1; }
  uint32_t Below(uint32_t bound) { return std::uniform_int_distribution<uint32_t>(0, bound - 1)(random_); }

  void Start() {
    ASSERT_TRUE(log_.Reload().ok());
    committer_ = Committer::Create(engine_.get(), &log_, {.batch_commits_max = 1 + Below(40), .batch_audio_bytes_max = 1 + Below(100)});
  }

  // On the lanes' threads.
  absl::Status Fault(StorageCall call) {
    if (!faults_on_ || call == StorageCall::kRead || call == StorageCall::kReopen) return absl::OkStatus();
    std::lock_guard<std::mutex> lock(fault_mutex_);
    switch (std::uniform_int_distribution<int>(1, 12)(fault_random_)) {
      case 1:
        return absl::UnavailableError("ordered");
      case 2:
        return call == StorageCall::kSync ? absl::OkStatus() : absl::ResourceExhaustedError("ordered");
      default:
        return absl::OkStatus();
    }
  }

  void Submit() {
    for (uint32_t i = Below(30); i > 0; --i) {
      if (Chance(2)) {
        SubmitIncrement();
      } else {
        SubmitPiece();
      }
    }
  }

  void SubmitIncrement() {
    Increment& increment = increments_.emplace_back();
    increment.key = absl::StrCat("counter ", Below(kKeys));
    increment.text = absl::StrCat("entry ", ++entries_);
    RecordCommit commit;
    const std::optional<std::string> seen = *engine_->records().Get(Table::kMeta, increment.key);
    // Some count on a commit that is still waiting, and hold only if it is folded before.
    const int guess = Number(seen) + static_cast<int>(Below(2));
    commit.batch.preconditions = {
        {Table::kMeta, increment.key, guess == 0 ? std::nullopt : std::optional<std::string>(absl::StrCat(guess))}};
    commit.batch.Put(Table::kMeta, increment.key, absl::StrCat(guess + 1));
    commit.entries.push_back(std::make_unique<TextDraft>(increment.text));
    commit.with_sequences = [&increment](absl::Span<const uint64_t> sequences, Batch* batch) {
      batch->Put(Table::kRecordings, increment.text, absl::StrCat(sequences.at(0)));
    };
    commit.done = [&increment](const absl::Status& status, absl::Span<const uint64_t> sequences) {
      increment.status = status;
      increment.sequences.assign(sequences.begin(), sequences.end());
    };
    committer_->Commit(std::move(commit));
  }

  void SubmitPiece() {
    const uint32_t object = Below(kObjects);
    const std::string bytes = Contents(object, sizes_[object], 1 + Below(50));
    Piece& piece = pieces_.emplace_back(Piece{.object = object, .end = sizes_[object] + bytes.size()});
    committer_->Append({IdOf(object), sizes_[object], bytes, [&piece](const absl::Status& status) { piece.status = status; }});
    sizes_[object] += bytes.size();
  }

  // Takes the answers into the model, and does with a failed object what a caller does: goes on as the next part.
  void Settle() {
    for (const Increment& increment : increments_) {
      ASSERT_NE(increment.status.code(), absl::StatusCode::kUnknown) << "never answered";
      if (increment.status.ok()) {
        ASSERT_EQ(increment.sequences.size(), 1u);
        ++certain_[increment.key];
        certain_log_[increment.sequences[0]] = increment.text;
      } else if (absl::IsUnavailable(increment.status)) {
        ++possible_[increment.key];
        possible_texts_.insert(increment.text);
      } else {
        ASSERT_TRUE(absl::IsAborted(increment.status) || absl::IsResourceExhausted(increment.status)) << increment.status;
      }
    }
    increments_.clear();
    std::set<uint32_t> failed;
    for (const Piece& piece : pieces_) {
      ASSERT_NE(piece.status.code(), absl::StatusCode::kUnknown) << "never answered";
      if (piece.status.ok()) {
        ASSERT_FALSE(failed.contains(piece.object)) << "durable after a failure";
        durable_[IdOf(piece.object)] = piece.end;
        ASSERT_EQ(committer_->durable_bytes(IdOf(piece.object)), Durable(piece.object, piece.end));
      } else {
        failed.insert(piece.object);
      }
    }
    pieces_.clear();
    for (uint32_t object : failed) NextPart(object);
  }

  uint64_t Durable(uint32_t object, uint64_t at_least) const {
    uint64_t newest = at_least;
    for (const Piece& piece : pieces_) {
      if (piece.object == object && piece.status.ok()) newest = std::max(newest, piece.end);
    }
    return newest;
  }

  void Crash() {
    committer_ = nullptr;
    engine_->Crash();
    for (uint32_t object = 0; object < kObjects; ++object) NextPart(object);
    Start();
  }

  void NextPart(uint32_t object) {
    if (committer_ != nullptr) committer_->Forget(IdOf(object));
    ++parts_[object];
    sizes_[object] = 0;
  }

  void Check() {
    const std::vector<std::string> log = LogOf(engine_->records());
    ASSERT_EQ(log.size(), static_cast<size_t>(Number(*engine_->records().Get(Table::kMeta, "head")))) << "head and entries in one write";
    for (const auto& [sequence, text] : certain_log_) {
      ASSERT_LT(sequence, log.size());
      ASSERT_EQ(log[sequence], text) << "an answered entry keeps its place";
      ASSERT_EQ(*engine_->records().Get(Table::kRecordings, text), absl::StrCat(sequence));
    }
    std::set<std::string> certain_texts;
    for (const auto& [sequence, text] : certain_log_) certain_texts.insert(text);
    for (size_t i = 0; i < log.size(); ++i) {
      ASSERT_TRUE(certain_texts.contains(log[i]) || possible_texts_.contains(log[i])) << log[i] << ": refused, and in the log all the same";
      ASSERT_EQ(std::count(log.begin(), log.end(), log[i]), 1) << log[i];
    }
    for (const auto& [key, count] : certain_) {
      const int value = Number(*engine_->records().Get(Table::kMeta, key));
      ASSERT_GE(value, count) << key;
      ASSERT_LE(value, count + possible_[key]) << key;
    }
    for (const auto& [object, bytes] : durable_) {
      std::string stored;
      ASSERT_TRUE(engine_->audio().Read(object, 0, bytes, &stored).ok());
      ASSERT_EQ(stored, Contents(object.recording.bytes().back() - 'a', 0, bytes));
    }
  }

  static int Number(const std::optional<std::string>& text) {
    int number = 0;
    EXPECT_TRUE(!text || absl::SimpleAtoi(*text, &number));
    return number;
  }

  AudioObjectId IdOf(uint32_t object) { return ObjectAt(kDay, static_cast<char>('a' + object), parts_[object]); }

  static std::string Contents(uint32_t object, uint64_t offset, uint64_t length) {
    std::string bytes(length, '\0');
    for (uint64_t i = 0; i < length; ++i) bytes[i] = static_cast<char>((offset + i) * 7 + object);
    return bytes;
  }

  std::mt19937 random_;
  std::mutex fault_mutex_;
  std::mt19937 fault_random_;
  std::atomic<bool> faults_on_ = false;
  const std::unique_ptr<MemoryEngine> engine_ = MemoryEngine::Create();
  LogForTest log_{&engine_->records()};
  std::unique_ptr<Committer> committer_;

  std::deque<Increment> increments_;  // of this step
  int entries_ = 0;
  std::deque<Piece> pieces_;
  std::map<uint32_t, uint32_t> parts_;
  std::map<uint32_t, uint64_t> sizes_;

  std::map<std::string, int> certain_;   // increments that were answered OK
  std::map<std::string, int> possible_;  // whose fate is unknown
  std::map<uint64_t, std::string> certain_log_;
  std::set<std::string> possible_texts_;
  std::map<AudioObjectId, uint64_t> durable_;
};

TEST(CommitterModel, I4_I3_WhatWasAnsweredIsWhatIsThere) {
  for (int run = 0; run < kRuns && !HasFailure(); ++run) {
    const unsigned seed = std::random_device()();
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Model(seed).Run();
  }
}

}  // namespace
}  // namespace otokura::storage
