#include "client/audio_queue.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "client/task_thread.h"

namespace otokura::client {
namespace {

constexpr uint64_t kAll = UINT64_MAX;

TEST(AudioQueueTest, GivesBackWhatItWasGiven) {
  AudioQueue queue;
  queue.Reset(1000);
  queue.Append("abc");
  queue.AppendGap(10, GapReason::kPacketLoss);
  queue.AppendGap(5, GapReason::kPacketLoss);
  queue.AppendGap(5, GapReason::kSpoolFull);
  queue.Append("def");
  EXPECT_EQ(queue.begin(), 1000u);
  EXPECT_EQ(queue.end(), 1026u);
  EXPECT_EQ(queue.Read(1001, 100, kAll).audio, "bc");
  const TimelineRun gap = queue.Read(1003, 100, kAll);
  EXPECT_TRUE(gap.is_gap());
  EXPECT_EQ(gap.length, 15u);
  EXPECT_EQ(queue.Read(1010, 100, 3).length, 3u);
  EXPECT_EQ(queue.Read(1018, 100, kAll).gap_reason, GapReason::kSpoolFull);
  EXPECT_EQ(queue.Read(1023, 2, kAll).audio, "de");
}

TEST(AudioQueueTest, ReleasingFreesMemoryAndKeepsOffsets) {
  AudioQueue queue;
  const std::string audio(100'000, 'x');
  queue.Append(audio);
  const size_t full = queue.memory_bytes();
  EXPECT_GE(full, audio.size());
  queue.ReleaseBelow(50'000);
  EXPECT_EQ(queue.begin(), 50'000u);
  EXPECT_LT(queue.memory_bytes(), 70'000u);
  EXPECT_EQ(queue.Read(50'000, 1 << 20, kAll).length, 50'000u);
  queue.ReleaseBelow(200'000);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.end(), 200'000u);
  EXPECT_EQ(queue.memory_bytes(), 0u);
}

TEST(AudioQueueTest, I10_ManySmallGapsAreNotFree) {
  AudioQueue queue;
  for (int i = 0; i < 1000; ++i) {
    queue.Append("x");
    queue.AppendGap(1, GapReason::kPacketLoss);
  }
  EXPECT_GT(queue.memory_bytes(), 50'000u);
  queue.ReleaseBelow(2000);
  EXPECT_EQ(queue.memory_bytes(), 0u);
}

TEST(AudioQueueTest, AgreesWithAPlainTimeline) {
  std::mt19937 random(3);
  AudioQueue queue;
  std::string timeline;  // '\0' where there is a gap
  for (int round = 0; round < 5000; ++round) {
    const uint64_t kind = random() % 4, length = 1 + random() % 5000;
    if (kind == 0) {
      queue.AppendGap(length, GapReason::kPacketLoss);
      timeline.append(length, '\0');
    } else if (kind == 1) {
      queue.ReleaseBelow(std::min<uint64_t>(queue.begin() + length * 2, timeline.size()));
    } else {
      const std::string audio(length, static_cast<char>('a' + round % 26));
      queue.Append(audio);
      timeline += audio;
    }
    ASSERT_EQ(queue.end(), timeline.size());
    if (queue.empty()) continue;
    const uint64_t at = queue.begin() + random() % (queue.end() - queue.begin());
    const TimelineRun run = queue.Read(at, 3000, 3000);
    ASSERT_GT(run.length, 0u);
    ASSERT_EQ(run.is_gap() ? std::string(run.length, '\0') : run.audio, timeline.substr(at, run.length));
  }
}

TEST(TaskThreadTest, RunsInOrderAndFinishesWhatWasPosted) {
  std::vector<int> ran;
  {
    TaskThread thread;
    for (int i = 0; i < 100; ++i) thread.Post([&ran, i] { ran.push_back(i); });
  }
  ASSERT_EQ(ran.size(), 100u);
  EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
}

TEST(TaskThreadTest, LaterTasksRunByTheirTimeAndAreDroppedAtTheEnd) {
  std::vector<int> ran;
  absl::Mutex mutex;
  absl::CondVar noted;
  bool late_ran = false;
  {
    TaskThread thread;
    const auto note = [&](int value) {
      return [&ran, &mutex, &noted, value] {
        absl::MutexLock lock(&mutex);
        ran.push_back(value);
        noted.Signal();
      };
    };
    thread.PostAfter(absl::Hours(1), [&late_ran] { late_ran = true; });
    thread.PostAfter(absl::Milliseconds(20), note(2));
    thread.PostAfter(absl::Milliseconds(1), note(1));
    absl::MutexLock lock(&mutex);
    while (ran.size() < 2) ASSERT_FALSE(noted.WaitWithTimeout(&mutex, absl::Seconds(60)));
  }
  EXPECT_EQ(ran, (std::vector<int>{1, 2}));
  EXPECT_FALSE(late_ran);
}

}  // namespace
}  // namespace otokura::client
