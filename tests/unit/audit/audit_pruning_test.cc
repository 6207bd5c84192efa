#include "server/audit/index.h"
#include "server/audit/index_rows.h"
#include "server/audit/pruning.h"
#include "tests/unit/audit/log_site.h"

namespace otokura::audit {
namespace {

using storage::Table;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PruningTest : public ::testing::Test {
 protected:
  PruningTest() {
    for (int i = 0; i < 10; ++i) {
      auto draft = DraftForTest(v1::SHOW, RecordingForTest(1));
      draft->particulars.account = "hanako";
      site_.Put(std::move(draft));
      site_.clock.Advance(absl::Hours(1));
    }
  }
  size_t Entries(const std::vector<Condition>& conditions) {
    auto page = site_.queries->List(permit_, {.conditions = conditions}, 100);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? page->entries.size() : 0;
  }
  std::vector<FoundProblem> IndexProblems() const {
    std::vector<FoundProblem> problems;
    EXPECT_TRUE(IndexUpkeep(&site_.engine->records(), &site_.keys)
                    .Check([&](uint64_t sequence, std::string_view problem) {
                      problems.push_back({sequence, std::string(problem)});
                    })
                    .ok());
    return problems;
  }

  LogSite site_;
  DetailsPruning pruning_{&site_.engine->records(), &site_.keys, site_.committer.get(), site_.log.get()};
  keys::ReleasePermit permit_ = AuditPermitForTest();
  const Condition hanako_{IndexField::kAccount, "hanako"};
};

TEST_F(PruningTest, OldDetailsGoTheLeavesStayAndTheLogSaysSo) {
  const std::string leaf = site_.Leaf(3);
  const auto pruned = pruning_.Prune(kTestStart + absl::Hours(4));
  ASSERT_TRUE(pruned.ok()) << pruned.status();
  EXPECT_EQ(*pruned, 4u);
  EXPECT_EQ(site_.Leaf(3), leaf);
  EXPECT_FALSE(site_.queries->Show(permit_, 3)->details.has_value());
  EXPECT_TRUE(site_.queries->Show(permit_, 4)->details.has_value());
  const v1::AuditEntry entry = site_.Entry(10);
  EXPECT_EQ(entry.action(), v1::DETAILS_PRUNED);
  EXPECT_EQ(entry.subject(), "entries 0 to 3");
  EXPECT_EQ(Entries({hanako_}), 6u);
  EXPECT_EQ(Entries({ActionIs(v1::SHOW)}), 10u) << "what the leaf says is still found";
  EXPECT_EQ(Entries({{IndexField::kRecording, std::string(RecordingForTest(1).bytes())}}), 10u);
  EXPECT_THAT(Problems(site_.engine->records()), IsEmpty());
  EXPECT_THAT(IndexProblems(), IsEmpty());
}

TEST_F(PruningTest, OfARunThatIsOldInPartTheRestIsFoundAndTheRestAlone) {
  constexpr int kTogether = 1200;  // in one write, so that the end of a pruning falls into a row
  storage::RecordCommit commit;
  for (int i = 0; i < kTogether; ++i) {
    auto draft = DraftForTest(v1::SHOW);
    draft->particulars.account = "taro";
    commit.entries.push_back(std::move(draft));
  }
  const size_t entries = site_.log->head().tree_size + kTogether;
  site_.committer->Commit(std::move(commit));
  site_.committer->Drain();
  const Condition taro{IndexField::kAccount, "taro"};
  ASSERT_EQ(Entries({taro}), 100u) << "a page of them";
  ASSERT_EQ(*pruning_.Prune(absl::InfiniteFuture()), kPrunedEntriesMax);
  const auto left = site_.queries->List(permit_, {.conditions = {taro}}, Queries::kListedMax);
  ASSERT_TRUE(left.ok()) << left.status();
  EXPECT_EQ(left->entries.size(), entries - kPrunedEntriesMax);
  EXPECT_EQ(left->entries.back().sequence, kPrunedEntriesMax);
  EXPECT_THAT(IndexProblems(), IsEmpty());
}

TEST_F(PruningTest, NothingOldIsNoEntry) {
  EXPECT_EQ(*pruning_.Prune(kTestStart), 0u);
  ASSERT_EQ(*pruning_.Prune(kTestStart + absl::Hours(2)), 2u);
  EXPECT_EQ(*pruning_.Prune(kTestStart + absl::Hours(2)), 0u);
  EXPECT_EQ(site_.log->head().tree_size, 11u);
  EXPECT_EQ(*pruning_.Prune(kTestStart + absl::Hours(3)), 1u);
  EXPECT_EQ(site_.Entry(11).subject(), "entries 2 to 2");
}

TEST_F(PruningTest, I3_WhatCannotBeLoggedIsNotPruned) {
  site_.engine->SetFault([](storage::StorageCall call, const storage::AudioObjectId*) {
    return call == storage::StorageCall::kCommit ? absl::ResourceExhaustedError("full") : absl::OkStatus();
  });
  EXPECT_FALSE(pruning_.Prune(kTestStart + absl::Hours(4)).ok());
  site_.engine->SetFault(nullptr);
  EXPECT_EQ(Entries({hanako_}), 10u);
  EXPECT_EQ(*pruning_.Prune(kTestStart + absl::Hours(4)), 4u);
}

TEST_F(PruningTest, I7_DetailsThatWereTakenAwayAndNotPrunedAreNamed) {
  ASSERT_EQ(*pruning_.Prune(kTestStart + absl::Hours(4)), 4u);
  site_.Tamper(Table::kLogDetails, SequenceKey(7), std::nullopt);
  site_.Tamper(Table::kLogIndex, IndexKey(IndexPrefix(hanako_, site_.keys), 7), std::nullopt);
  const auto problems = IndexProblems();
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].sequence, 7u);
  EXPECT_THAT(problems[0].problem, ::testing::HasSubstr("not pruned"));
}

}  // namespace
}  // namespace otokura::audit
