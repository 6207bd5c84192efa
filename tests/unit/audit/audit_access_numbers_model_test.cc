// A model of the log: whatever fails and however commits interleave, what was acknowledged is there in its place, and access numbers have
// no holes.
#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "tests/unit/audit/log_site.h"

namespace otokura::audit {
namespace {

using ::testing::IsEmpty;

constexpr int kThreads = 4;
constexpr int kCommitsEach = 120;
constexpr int kRecordings = 5;

struct Acknowledged {
  absl::Mutex mutex;
  std::map<uint64_t, std::string> mark_at ABSL_GUARDED_BY(mutex);  // sequence → the subject that its entry carries
};

void CommitRandomly(LogSite& site, unsigned seed, int thread, Acknowledged& acknowledged) {
  std::mt19937 random(seed + static_cast<unsigned>(thread));
  for (int i = 0; i < kCommitsEach; ++i) {
    storage::RecordCommit commit;
    std::vector<std::string> marks;
    const int entries = 1 + static_cast<int>(random() % 3);
    for (int e = 0; e < entries; ++e) {
      auto draft = DraftForTest(
          v1::SHOW, random() % 4 == 0 ? std::nullopt : std::optional(RecordingForTest(1 + static_cast<int>(random() % kRecordings))));
      marks.push_back(std::to_string(thread) + "/" + std::to_string(i) + "/" + std::to_string(e));
      draft->leaf.set_subject(marks.back());
      if (random() % 50 == 0) draft->leaf.set_rule(std::string(kLeafBytesMax, 'x'));  // refused, with all of its commit
      commit.entries.push_back(std::move(draft));
    }
    if (random() % 10 == 0) commit.batch.preconditions.push_back({storage::Table::kMeta, "never-there", "expected"});
    commit.done = [marks, &acknowledged](const absl::Status& status, absl::Span<const uint64_t> sequences) {
      if (!status.ok()) return;
      absl::MutexLock lock(&acknowledged.mutex);
      ASSERT_EQ(sequences.size(), marks.size());
      for (size_t e = 0; e < marks.size(); ++e)
        ASSERT_TRUE(acknowledged.mark_at.emplace(sequences[e], marks[e]).second) << "given twice: " << sequences[e];
    };
    site.committer->Commit(std::move(commit));
    if (random() % 16 == 0) site.committer->Drain();
  }
}

// Every fourteenth write is refused, and one is of unknown fate: lost, or kept after all.
void FailSomeCommits(LogSite& site, bool stores_anyway) {
  auto calls = std::make_shared<std::atomic<int>>(0);
  site.engine->SetFault(
      [calls](storage::StorageCall call, const storage::AudioObjectId*) -> absl::Status {
        if (call != storage::StorageCall::kCommit) return absl::OkStatus();
        const int number = ++*calls;
        if (number % 14 == 0) return absl::ResourceExhaustedError("full");
        // Once only: the lane asks the store again a second later at most, and that second is the test's too.
        if (number == 40) return absl::UnavailableError("EIO");
        return absl::OkStatus();
      },
      stores_anyway);
}

class AccessNumbersModelTest : public ::testing::TestWithParam<bool> {};

TEST_P(AccessNumbersModelTest, I7_NoHolesWhateverFails) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  LogSite site;
  FailSomeCommits(site, GetParam());
  Acknowledged acknowledged;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back([&, t] { CommitRandomly(site, seed, t, acknowledged); });
  std::atomic<bool> writing{true};
  std::thread reader([&] {
    uint64_t seen = 0;
    while (writing) {
      const uint64_t size = site.log->head().tree_size;
      EXPECT_GE(size, seen) << "the durable log never shrinks";
      EXPECT_TRUE(size == 0 || site.log->Read(size - 1).ok()) << "what the head covers is there";
      seen = size;
    }
  });
  for (std::thread& thread : threads) thread.join();
  site.committer->Drain();
  writing = false;
  reader.join();
  site.engine->SetFault(nullptr);

  EXPECT_THAT(Problems(site.engine->records()), IsEmpty());
  absl::MutexLock lock(&acknowledged.mutex);
  EXPECT_GT(acknowledged.mark_at.size(), 50u);
  for (const auto& [sequence, mark] : acknowledged.mark_at) EXPECT_EQ(site.Entry(sequence).subject(), mark) << "entry " << sequence;
  EXPECT_GE(site.log->head().tree_size, acknowledged.mark_at.size());
}
INSTANTIATE_TEST_SUITE_P(UnknownFate, AccessNumbersModelTest, ::testing::Bool(),
                         [](const auto& param) { return param.param ? "Kept" : "Lost"; });

}  // namespace
}  // namespace otokura::audit
