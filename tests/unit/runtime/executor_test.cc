#include "server/runtime/executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"

namespace otokura::runtime {
namespace {

std::vector<int> UpTo(int count) {
  std::vector<int> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

TEST(Executor, RunsAllThatWasPostedBeforeItsDestruction) {
  std::atomic<int> ran = 0;
  {
    const std::unique_ptr<Executor> executor = Executor::Create(4);
    for (int i = 0; i < 10'000; ++i) executor->Post([&] { ++ran; });
  }
  EXPECT_EQ(ran, 10'000);
}

TEST(Executor, RunsWhatTasksPostWhileItEnds) {
  std::atomic<int> ran = 0;
  Executor* pool = nullptr;
  std::function<void(int)> again = [&](int left) {
    ++ran;
    if (left > 0) pool->Post([&again, left] { again(left - 1); });
  };
  {
    const std::unique_ptr<Executor> executor = Executor::Create(2);
    pool = executor.get();
    executor->Post([&] { again(100); });
  }
  EXPECT_EQ(ran, 101);
}

TEST(Executor, OneThreadKeepsTheOrder) {
  std::vector<int> ran;
  {
    const std::unique_ptr<Executor> executor = Executor::Create(1);
    for (int i = 0; i < 1000; ++i) executor->Post([&, i] { ran.push_back(i); });
  }
  EXPECT_EQ(ran, UpTo(1000));
}

TEST(Executor, ThreadsAreNamed) {
  std::string name(16, '\0');
  absl::Notification named;  // the name is given after the thread starts
  {
    const std::unique_ptr<Executor> executor = Executor::Create(1);
    executor->Post([&] {
      named.WaitForNotification();
      pthread_getname_np(pthread_self(), name.data(), name.size());
    });
    named.Notify();
  }
  EXPECT_STREQ(name.c_str(), "pool-0");
}

TEST(Executor, TimersRunWhenDueAndInOrderOfTheirTime) {
  std::vector<int> order;
  absl::Notification last;
  const std::unique_ptr<Executor> executor = Executor::Create(1);
  const auto start = std::chrono::steady_clock::now();
  executor->PostAfter(absl::Milliseconds(60), [&] {
    order.push_back(2);
    last.Notify();
  });
  executor->PostAfter(absl::Milliseconds(20), [&] { order.push_back(0); });
  executor->PostAfter(absl::Milliseconds(40), [&] { order.push_back(1); });
  last.WaitForNotification();
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(60));
  EXPECT_THAT(order, testing::ElementsAre(0, 1, 2));
}

TEST(Executor, NegativeAndEndlessDelaysAreBounded) {
  absl::Notification ran;
  const std::unique_ptr<Executor> executor = Executor::Create(1);
  executor->PostAfter(absl::InfiniteDuration(), [] { FAIL() << "ran before its time"; });
  executor->PostAfter(-absl::InfiniteDuration(), [&] { ran.Notify(); });
  ran.WaitForNotification();
}

// What a timer owns may post when it dies; the pool must still be there to take it.
TEST(Executor, DropsTimersAtDestructionAndRunsWhatTheyPostDying) {
  std::atomic<bool> timer_ran = false;
  std::atomic<bool> last_words = false;
  {
    const std::unique_ptr<Executor> executor = Executor::Create(2);
    Executor* pool = executor.get();
    auto owned = std::shared_ptr<int>(new int(0), [&, pool](int* p) {
      delete p;
      pool->Post([&] { last_words = true; });
    });
    executor->PostAfter(absl::Hours(1), [&, owned = std::move(owned)] { timer_ran = true; });
  }
  EXPECT_FALSE(timer_ran);
  EXPECT_TRUE(last_words);
}

TEST(Strand, KeepsTheOrderOfOnePoster) {
  std::vector<int> ran;
  {
    const std::unique_ptr<Executor> executor = Executor::Create(4);
    const Strand strand(executor.get());
    for (int i = 0; i < 10'000; ++i) strand.Post([&, i] { ran.push_back(i); });
  }
  EXPECT_EQ(ran, UpTo(10'000));
}

TEST(Strand, NeverRunsTwoAtOnce) {
  int unguarded = 0;  // a race here is one for the thread sanitizer too
  std::atomic<int> inside = 0;
  std::atomic<bool> overlapped = false;
  {
    const std::unique_ptr<Executor> executor = Executor::Create(4);
    const Strand strand(executor.get());
    std::vector<std::thread> posters;
    for (int p = 0; p < 4; ++p) {
      posters.emplace_back([&, copy = strand] {
        for (int i = 0; i < 2500; ++i) {
          copy.Post([&] {
            if (++inside != 1) overlapped = true;
            ++unguarded;
            --inside;
          });
        }
      });
    }
    for (std::thread& poster : posters) poster.join();
  }
  EXPECT_EQ(unguarded, 10'000);
  EXPECT_FALSE(overlapped);
}

TEST(Strand, WaitingTasksRunAfterTheLastCopyIsGone) {
  std::atomic<int> ran = 0;
  absl::Notification open;
  {
    const std::unique_ptr<Executor> executor = Executor::Create(1);
    executor->Post([&] { open.WaitForNotification(); });
    {
      const Strand strand(executor.get());
      for (int i = 0; i < 100; ++i) strand.Post([&] { ++ran; });
    }
    open.Notify();
  }
  EXPECT_EQ(ran, 100);
}

TEST(Strand, ABusyOneLetsOthersInBetween) {
  std::atomic<int> busy_ran_before_other = -1;
  absl::Notification open;
  {
    const std::unique_ptr<Executor> executor = Executor::Create(1);
    executor->Post([&] { open.WaitForNotification(); });
    const Strand busy(executor.get());
    const Strand other(executor.get());
    auto busy_ran = std::make_shared<std::atomic<int>>(0);
    for (int i = 0; i < 1000; ++i) busy.Post([busy_ran] { ++*busy_ran; });
    other.Post([&, busy_ran] { busy_ran_before_other = busy_ran->load(); });
    open.Notify();
  }
  EXPECT_GT(busy_ran_before_other, 0);
  EXPECT_LT(busy_ran_before_other, 100);
}

TEST(Strand, TasksMayPostToTheirOwnStrand) {
  std::vector<int> ran;
  const Strand* own = nullptr;
  std::function<void(int)> next = [&](int i) {
    ran.push_back(i);
    if (i < 500) own->Post([&next, i] { next(i + 1); });
  };
  std::optional<Strand> strand;
  {
    const std::unique_ptr<Executor> executor = Executor::Create(3);
    strand.emplace(executor.get());
    own = &*strand;
    own->Post([&] { next(0); });
  }
  EXPECT_EQ(ran, UpTo(501));
}

}  // namespace
}  // namespace otokura::runtime
