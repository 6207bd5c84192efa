#include "server/storage/committer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "server/storage/memory_engine.h"
#include "tests/unit/storage/engine_conformance.h"
#include "tests/unit/storage/log_for_test.h"

namespace otokura::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const absl::Time kDay = absl::FromUnixSeconds(1'763'769'600);
const AudioObjectId kA = ObjectAt(kDay, 'a');
const AudioObjectId kB = ObjectAt(kDay, 'b');
const AudioObjectId kC = ObjectAt(kDay, 'c');

// The answer to one submission.
struct Answer {
  absl::Status status = absl::UnknownError("not answered");
  std::vector<uint64_t> sequences;
  int times = 0;
};

class CommitterTest : public testing::Test {
 protected:
  void TearDown() override { LetThrough(); }

  void Start(CommitterLimits limits = {}) { committer_ = Committer::Create(engine_.get(), &log_, limits); }

  // Holds the lane that makes this call at its next one, until LetThrough.
  void Hold(StorageCall held) {
    Fault([this, held](StorageCall call, const AudioObjectId*) {
      if (call == held) {
        if (!arrived_.HasBeenNotified()) arrived_.Notify();
        open_.WaitForNotification();
      }
      return absl::OkStatus();
    });
  }
  void LetThrough() {
    if (!open_.HasBeenNotified()) open_.Notify();
  }
  void Fault(std::function<absl::Status(StorageCall, const AudioObjectId*)> fault, bool stores_anyway = false) {
    engine_->SetFault(std::move(fault), stores_anyway);
  }

  RecordCommit MakeCommit(Answer* answer, const std::string& key, std::vector<std::string> texts = {}) {
    RecordCommit commit;
    commit.batch.Put(Table::kRecordings, key, "value");
    for (std::string& text : texts) commit.entries.push_back(std::make_unique<TextDraft>(std::move(text)));
    commit.done = [answer](const absl::Status& status, absl::Span<const uint64_t> sequences) {
      answer->status = status;
      answer->sequences.assign(sequences.begin(), sequences.end());
      ++answer->times;
    };
    return commit;
  }
  Answer& Commit(const std::string& key, std::vector<std::string> texts = {}) {
    committer_->Commit(MakeCommit(&NewAnswer(), key, std::move(texts)));
    return answers_.back();
  }
  Answer& Append(const AudioObjectId& object, uint64_t offset, std::string bytes) {
    Answer* answer = &NewAnswer();
    committer_->Append({object, offset, std::move(bytes), [answer](const absl::Status& status) {
                          answer->status = status;
                          ++answer->times;
                        }});
    return *answer;
  }
  Answer& Seal(const AudioObjectId& object) {
    Answer* answer = &NewAnswer();
    committer_->Seal(object, [answer](const absl::Status& status) {
      answer->status = status;
      ++answer->times;
    });
    return *answer;
  }
  Answer& NewAnswer() { return answers_.emplace_back(); }

  bool Has(const std::string& key) { return engine_->records().Get(Table::kRecordings, key)->has_value(); }

  const std::unique_ptr<MemoryEngine> engine_ = MemoryEngine::Create();
  LogForTest log_{&engine_->records()};
  absl::Notification arrived_;
  absl::Notification open_;
  std::deque<Answer> answers_;
  std::unique_ptr<Committer> committer_;
};

TEST_F(CommitterTest, I3_ACommitAndItsEntriesAreOneWrite) {
  Start();
  Answer& answer = Commit("x", {"one", "two"});
  committer_->Drain();
  EXPECT_TRUE(answer.status.ok());
  EXPECT_THAT(answer.sequences, ElementsAre(0, 1));
  EXPECT_THAT(LogOf(engine_->records()), ElementsAre("one", "two"));
  EXPECT_TRUE(Has("x"));
  EXPECT_EQ(log_.committed(), 1);
}

TEST_F(CommitterTest, WhatWaitsIsFoldedIntoOneWriteInOrder) {
  Hold(StorageCall::kCommit);
  Start();
  Commit("first", {"0"});
  arrived_.WaitForNotification();
  for (int i = 1; i <= 50; ++i) Commit(absl::StrCat(i), {absl::StrCat(i)});
  LetThrough();
  committer_->Drain();
  for (size_t i = 0; i < answers_.size(); ++i) EXPECT_THAT(answers_[i].sequences, ElementsAre(i)) << answers_[i].status;
  EXPECT_EQ(LogOf(engine_->records()).size(), 51u);
  EXPECT_EQ(log_.committed(), 2) << "two writes for 51 commits";
}

TEST_F(CommitterTest, WritesThatNeedTheSequenceGetIt) {
  Start();
  Commit("before", {"0", "1"});
  Answer& answer = NewAnswer();
  RecordCommit commit = MakeCommit(&answer, "x", {"2"});
  commit.with_sequences = [](absl::Span<const uint64_t> sequences, Batch* batch) {
    batch->Put(Table::kRecordings, "x", absl::StrCat("logged at ", sequences.at(0)));
  };
  committer_->Commit(std::move(commit));
  committer_->Drain();
  EXPECT_EQ(**engine_->records().Get(Table::kRecordings, "x"), "logged at 2");
}

TEST_F(CommitterTest, I5_PreconditionsSeeEarlierCommitsOfTheSameFold) {
  Hold(StorageCall::kCommit);
  Start();
  Commit("first");
  arrived_.WaitForNotification();
  std::vector<Answer*> claims;
  for (int i = 0; i < 5; ++i) {
    Answer* answer = claims.emplace_back(&NewAnswer());
    RecordCommit commit = MakeCommit(answer, absl::StrCat("claimed by ", i), {absl::StrCat("claim ", i)});
    commit.batch.Put(Table::kCalls, "the call", absl::StrCat(i));
    commit.batch.preconditions = {{Table::kCalls, "the call", i == 3 ? std::optional<std::string>("0") : std::nullopt}};
    committer_->Commit(std::move(commit));
  }
  LetThrough();
  committer_->Drain();
  EXPECT_TRUE(claims[0]->status.ok());
  EXPECT_TRUE(claims[3]->status.ok()) << "expected what the first had written";
  for (int i : {1, 2, 4}) {
    EXPECT_TRUE(absl::IsAborted(claims[i]->status)) << i;
    EXPECT_FALSE(Has(absl::StrCat("claimed by ", i))) << i;
    EXPECT_THAT(claims[i]->sequences, IsEmpty());
  }
  EXPECT_THAT(LogOf(engine_->records()), ElementsAre("claim 0", "claim 3")) << "no place in the log for what was refused";
}

// Another gateway wrote between the check here and the write there.
TEST_F(CommitterTest, I5_TheStoreChecksPreconditionsOnceMore) {
  std::atomic<bool> interfered = false;
  Fault([&](StorageCall call, const AudioObjectId*) {
    if (call == StorageCall::kCommit && !interfered.exchange(true)) {
      Batch batch;
      batch.Put(Table::kCalls, "the call", "another's");
      EXPECT_TRUE(engine_->records().Commit(batch).ok());
    }
    return absl::OkStatus();
  });
  Start();
  Answer& answer = NewAnswer();
  RecordCommit commit = MakeCommit(&answer, "x", {"claim"});
  commit.batch.preconditions = {{Table::kCalls, "the call", std::nullopt}};
  committer_->Commit(std::move(commit));
  Answer& next = Commit("y", {"next"});
  committer_->Drain();
  EXPECT_TRUE(absl::IsAborted(answer.status)) << answer.status;
  EXPECT_FALSE(Has("x"));
  EXPECT_TRUE(next.status.ok());
  EXPECT_THAT(LogOf(engine_->records()), ElementsAre("next"));
}

TEST_F(CommitterTest, ARefusedEntryRefusesItsCommitAlone) {
  Hold(StorageCall::kCommit);
  Start();
  Commit("first", {"0"});
  arrived_.WaitForNotification();
  Answer& before = Commit("before", {"1"});
  Answer& refused = Commit("refused", {"text", kRefusedText});
  Answer& after = Commit("after", {"2"});
  LetThrough();
  committer_->Drain();
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status));
  EXPECT_FALSE(Has("refused"));
  EXPECT_THAT(before.sequences, ElementsAre(1));
  EXPECT_THAT(after.sequences, ElementsAre(2));
  EXPECT_THAT(LogOf(engine_->records()), ElementsAre("0", "1", "2"));
}

TEST_F(CommitterTest, I10_ACommitOverItsLimitsLeavesNoHoleInTheLog) {
  Hold(StorageCall::kCommit);
  Start();
  Commit("first", {"0"});
  arrived_.WaitForNotification();
  Answer& before = Commit("before", {"1"});
  Answer& large = NewAnswer();
  RecordCommit commit = MakeCommit(&large, "large", {"never"});
  // Only known to be too large once it has its place.
  commit.with_sequences = [](absl::Span<const uint64_t>, Batch* batch) {
    batch->Put(Table::kManifests, "m", std::string(kValueBytesMax + 1, 'x'));
  };
  committer_->Commit(std::move(commit));
  Answer& after = Commit("after", {"2"});
  LetThrough();
  committer_->Drain();
  EXPECT_EQ(large.status.code(), absl::StatusCode::kInternal);
  EXPECT_FALSE(Has("large"));
  EXPECT_THAT(before.sequences, ElementsAre(1));
  EXPECT_THAT(after.sequences, ElementsAre(2));
  EXPECT_THAT(LogOf(engine_->records()), ElementsAre("0", "1", "2"));
}

TEST_F(CommitterTest, LargeCommitsAreWrittenInTurnsThatFit) {
  Hold(StorageCall::kCommit);
  Start();
  Commit("first");
  arrived_.WaitForNotification();
  for (int i = 0; i < 30; ++i) {
    RecordCommit commit = MakeCommit(&NewAnswer(), absl::StrCat(i), {absl::StrCat(i)});
    commit.batch.Put(Table::kManifests, absl::StrCat(i), std::string(kValueBytesMax, 'm'));
    committer_->Commit(std::move(commit));
  }
  LetThrough();
  committer_->Drain();
  for (const Answer& answer : answers_) EXPECT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_EQ(LogOf(engine_->records()).size(), 30u);
}

TEST_F(CommitterTest, OnAFullDiskEachCommitIsAnsweredForItself) {
  // As a full disk: what may use the reserve goes through. The engine's rule is tested with the engine; here it is told by what is written.
  Hold(StorageCall::kCommit);
  Start();
  Commit("first", {"0"});
  arrived_.WaitForNotification();
  int writes = 0;
  Fault([&](StorageCall call, const AudioObjectId*) {
    // The fold of three, then each alone: the first and the last are refused.
    if (call == StorageCall::kCommit && ++writes != 3) return absl::ResourceExhaustedError("ordered");
    return absl::OkStatus();
  });
  Answer& first = Commit("a", {"refused"});
  Answer& second = Commit("b", {"1"});
  Answer& third = Commit("c", {"refused too"});
  LetThrough();
  committer_->Drain();
  EXPECT_TRUE(absl::IsResourceExhausted(first.status));
  EXPECT_TRUE(second.status.ok());
  EXPECT_THAT(second.sequences, ElementsAre(1));
  EXPECT_TRUE(absl::IsResourceExhausted(third.status));
  EXPECT_THAT(LogOf(engine_->records()), ElementsAre("0", "1"));
  EXPECT_EQ(log_.next(), 2u);
}

TEST_F(CommitterTest, I4_AFailedWriteIsUnavailableForAllThatWereFoldedAndNeverRetried) {
  for (const bool stores_anyway : {false, true}) {
    Start();
    const std::string key = absl::StrCat("x", stores_anyway);
    const uint64_t log_before = LogOf(engine_->records()).size();
    std::atomic<int> writes = 0;
    Fault(
        [&](StorageCall call, const AudioObjectId*) {
          return call == StorageCall::kCommit && ++writes == 1 ? absl::UnavailableError("ordered") : absl::OkStatus();
        },
        stores_anyway);
    Answer& failed = Commit(key, {"fate unknown"});
    committer_->Drain();
    EXPECT_TRUE(absl::IsUnavailable(failed.status));
    EXPECT_THAT(failed.sequences, IsEmpty());
    EXPECT_EQ(writes, 1);
    Answer& after = Commit("after", {"after"});
    committer_->Drain();
    EXPECT_TRUE(after.status.ok()) << after.status;
    EXPECT_THAT(after.sequences, ElementsAre(log_before + (stores_anyway ? 1 : 0))) << "the log goes on from what the store says";
    EXPECT_EQ(Has(key), stores_anyway);
    committer_ = nullptr;
    Fault(nullptr);
  }
}

TEST_F(CommitterTest, I4_WhileTheStoreIsBrokenCommitsFailAtOnce) {
  Start();
  std::atomic<bool> medium_is_bad = true;
  std::atomic<int> reopenings = 0;
  Fault([&](StorageCall call, const AudioObjectId*) {
    if (call == StorageCall::kReopen) ++reopenings;
    return medium_is_bad && call != StorageCall::kAppend && call != StorageCall::kSync ? absl::UnavailableError("ordered")
                                                                                       : absl::OkStatus();
  });
  Answer& first = Commit("a", {"a"});
  committer_->Drain();
  EXPECT_TRUE(absl::IsUnavailable(first.status));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(absl::IsUnavailable((Commit(absl::StrCat(i)), committer_->Drain(), answers_.back().status)));
  EXPECT_GE(reopenings, 1);
  EXPECT_LE(reopenings, 3) << "asked once a second, not once a commit";
  Answer& audio = Append(kA, 0, "goes on");
  committer_->Drain();
  EXPECT_TRUE(audio.status.ok()) << "I11";
  medium_is_bad = false;
  absl::Status status = absl::UnavailableError("");
  for (int i = 0; i < 1'000'000 && absl::IsUnavailable(status); ++i) {
    Answer& answer = Commit("healed", {"healed"});
    committer_->Drain();
    status = answer.status;
  }
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(LogOf(engine_->records()), ElementsAre("healed"));
}

TEST_F(CommitterTest, I10_AFullQueueRefusesAtOnce) {
  Hold(StorageCall::kCommit);
  Start({.queue_commits_max = 3});
  Commit("first");
  arrived_.WaitForNotification();
  for (int i = 0; i < 3; ++i) Commit(absl::StrCat(i));
  Answer& refused = Commit("refused");
  EXPECT_TRUE(absl::IsResourceExhausted(refused.status)) << "before anything else is done";
  LetThrough();
  committer_->Drain();
  EXPECT_FALSE(Has("refused"));
  EXPECT_TRUE(Has("2"));
}

TEST_F(CommitterTest, AudioIsDurableWhenAnswered) {
  Start();
  Answer& first = Append(kA, 0, "12345");
  Answer& second = Append(kA, 5, "67890");
  committer_->Drain();
  EXPECT_TRUE(first.status.ok());
  EXPECT_TRUE(second.status.ok());
  EXPECT_EQ(committer_->durable_bytes(kA), 10u);
  EXPECT_EQ(committer_->durable_bytes(kB), 0u);
  engine_->Crash();
  EXPECT_EQ(*engine_->audio().Size(kA), 10u);
  committer_->Forget(kA);
  EXPECT_EQ(committer_->durable_bytes(kA), 0u);
}

TEST_F(CommitterTest, SealingComesAfterTheAppends) {
  Start();
  Append(kA, 0, "12345");
  Answer& sealed = Seal(kA);
  committer_->Drain();
  EXPECT_TRUE(sealed.status.ok());
  EXPECT_EQ(engine_->audio().Append(kA, 5, "x").code(), absl::StatusCode::kFailedPrecondition);
  engine_->Crash();
  EXPECT_EQ(*engine_->audio().Size(kA), 5u);
}

TEST_F(CommitterTest, I4_OneObjectsWriteErrorFailsItsWaitersOnly) {
  Hold(StorageCall::kAppend);
  Start();
  Append(kC, 0, "first");
  arrived_.WaitForNotification();
  std::atomic<int> appends_to_a = 0;
  Fault([&](StorageCall call, const AudioObjectId* object) {
    return call == StorageCall::kAppend && *object == kA && ++appends_to_a == 2 ? absl::UnavailableError("ordered") : absl::OkStatus();
  });
  Answer& good = Append(kA, 0, "good");
  Answer& bad = Append(kA, 4, "bad");
  Answer& other = Append(kB, 0, "other");
  Answer& later = Append(kA, 4, "later");
  LetThrough();
  committer_->Drain();
  EXPECT_TRUE(good.status.ok()) << "written before the error, and synced";
  EXPECT_TRUE(absl::IsUnavailable(bad.status));
  EXPECT_TRUE(other.status.ok());
  EXPECT_TRUE(absl::IsUnavailable(later.status)) << "nothing follows what failed";
  EXPECT_EQ(committer_->durable_bytes(kA), 4u);
  Answer& much_later = Append(kA, 4, "x");
  Answer& seal = Seal(kA);
  committer_->Drain();
  EXPECT_TRUE(absl::IsUnavailable(much_later.status));
  EXPECT_TRUE(absl::IsUnavailable(seal.status));
  committer_->Forget(kA);
  ASSERT_TRUE(engine_->audio().Truncate(kA, 4).ok());
  Answer& again = Append(kA, 4, "again");
  committer_->Drain();
  EXPECT_TRUE(again.status.ok()) << again.status;
}

TEST_F(CommitterTest, I4_AFailedSyncIsNeverReportedDurableLater) {
  Start();
  Append(kA, 0, "kept");
  committer_->Drain();
  std::atomic<int> syncs = 0;
  Fault([&](StorageCall call, const AudioObjectId* object) {
    return call == StorageCall::kSync && *object == kA && ++syncs == 1 ? absl::UnavailableError("ordered") : absl::OkStatus();
  });
  Answer& lost = Append(kA, 4, "lost");
  Answer& other = Append(kB, 0, "other");
  committer_->Drain();
  EXPECT_TRUE(absl::IsUnavailable(lost.status));
  EXPECT_TRUE(other.status.ok());
  Answer& later = Append(kA, 8, "more");
  committer_->Drain();
  EXPECT_TRUE(absl::IsUnavailable(later.status));
  EXPECT_EQ(committer_->durable_bytes(kA), 4u);
  EXPECT_EQ(syncs, 1) << "not tried again as if it had not happened";
  engine_->Crash();
  EXPECT_EQ(*engine_->audio().Size(kA), 4u);
}

TEST_F(CommitterTest, I2_RecordsGoOnWhileAudioWaitsForTheDisk) {
  Hold(StorageCall::kSync);
  Start();
  Answer& audio = Append(kA, 0, "slow");
  arrived_.WaitForNotification();
  absl::Notification committed;
  RecordCommit commit = MakeCommit(&NewAnswer(), "entry", {"ALLOWED"});
  commit.done = [&](const absl::Status& status, absl::Span<const uint64_t>) {
    EXPECT_TRUE(status.ok());
    committed.Notify();
  };
  committer_->Commit(std::move(commit));
  committed.WaitForNotification();
  EXPECT_EQ(audio.times, 0);
  LetThrough();
  committer_->Drain();
  EXPECT_TRUE(audio.status.ok());
}

TEST_F(CommitterTest, I11_AudioGoesOnWhileRecordsWaitForTheDisk) {
  Hold(StorageCall::kCommit);
  Start();
  Answer& commit = Commit("slow");
  arrived_.WaitForNotification();
  absl::Notification appended;
  committer_->Append({kA, 0, "live", [&](const absl::Status& status) {
                        EXPECT_TRUE(status.ok());
                        appended.Notify();
                      }});
  appended.WaitForNotification();
  EXPECT_EQ(commit.times, 0);
}

TEST_F(CommitterTest, I10_CrowdedAudioIsSaidAndBounded) {
  Hold(StorageCall::kAppend);
  Start({.batch_audio_bytes_max = 100, .queue_audio_bytes_high = 1000, .queue_audio_bytes_max = 2000});
  Append(kA, 0, std::string(1000, 'a'));
  arrived_.WaitForNotification();
  EXPECT_FALSE(committer_->audio_is_crowded()) << "at the mark is not above it";
  Append(kA, 1000, std::string(1000, 'a'));
  EXPECT_TRUE(committer_->audio_is_crowded()) << "what is being written counts: it is in memory";
  Answer& refused = Append(kB, 0, "x");
  EXPECT_TRUE(absl::IsResourceExhausted(refused.status));
  LetThrough();
  committer_->Drain();
  EXPECT_FALSE(committer_->audio_is_crowded());
  EXPECT_EQ(committer_->durable_bytes(kA), 2000u);
  Answer& after = Append(kB, 1, "y");
  committer_->Drain();
  EXPECT_TRUE(absl::IsResourceExhausted(after.status)) << "nothing may follow a hole";
  committer_->Forget(kB);
  Answer& again = Append(kB, 0, "x");
  committer_->Drain();
  EXPECT_TRUE(again.status.ok());
}

TEST_F(CommitterTest, DestructionCompletesWhatWaits) {
  Hold(StorageCall::kCommit);
  Start();
  Commit("first");
  arrived_.WaitForNotification();
  for (int i = 0; i < 10; ++i) Commit(absl::StrCat(i), {absl::StrCat(i)});
  for (int i = 0; i < 10; ++i) Append(kA, i, "x");
  LetThrough();
  committer_ = nullptr;
  for (const Answer& answer : answers_) {
    EXPECT_TRUE(answer.status.ok()) << answer.status;
    EXPECT_EQ(answer.times, 1);
  }
}

TEST_F(CommitterTest, CallbacksMaySubmitMore) {
  Start();
  absl::Notification done;
  committer_->Append({kA, 0, "last", [&](const absl::Status&) {
                        RecordCommit finish = MakeCommit(&NewAnswer(), "finish", {"SEALED"});
                        finish.done = [&](const absl::Status& status, absl::Span<const uint64_t>) {
                          EXPECT_TRUE(status.ok());
                          done.Notify();
                        };
                        committer_->Commit(std::move(finish));
                      }});
  committer_->Drain();
  EXPECT_TRUE(done.HasBeenNotified()) << "Drain waits for records that waited for audio";
}

TEST_F(CommitterTest, ManyThreadsEachGetTheirOwnAnswer) {
  Start();
  constexpr int kThreads = 4;
  constexpr int kEach = 200;
  std::mutex mutex;
  std::vector<uint64_t> sequences;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const AudioObjectId object = ObjectAt(kDay, static_cast<char>('0' + t));
      for (int i = 0; i < kEach; ++i) {
        RecordCommit commit;
        commit.entries.push_back(std::make_unique<TextDraft>(absl::StrCat(t, "/", i)));
        commit.done = [&](const absl::Status& status, absl::Span<const uint64_t> got) {
          EXPECT_TRUE(status.ok());
          std::lock_guard<std::mutex> lock(mutex);
          sequences.insert(sequences.end(), got.begin(), got.end());
        };
        committer_->Commit(std::move(commit));
        committer_->Append({object, static_cast<uint64_t>(i), "x", [](const absl::Status& status) { EXPECT_TRUE(status.ok()); }});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  committer_->Drain();
  ASSERT_EQ(sequences.size(), size_t{kThreads * kEach});
  EXPECT_TRUE(std::is_sorted(sequences.begin(), sequences.end())) << "answered in the order of the log";
  EXPECT_EQ(LogOf(engine_->records()).size(), sequences.size());
}

}  // namespace
}  // namespace otokura::storage
