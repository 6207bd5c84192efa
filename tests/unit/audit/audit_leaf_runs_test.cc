// Reading the log in order: where runs end, what they hold, and what is wrong with a log that does not give it.
#include "crypto/tlog/entry_bundle.h"
#include "server/audit/leaf_runs.h"
#include "tests/unit/audit/log_site.h"

namespace otokura::audit {
namespace {

using storage::Table;

class LeafRunsTest : public ::testing::Test {
 protected:
  void Fill(uint64_t entries) {
    while (site_.log->head().tree_size < entries) {
      auto draft = DraftForTest(v1::SEARCH);
      draft->particulars.account = "hanako";
      site_.Put(std::move(draft));
    }
  }
  absl::StatusOr<LeafRun> Read(uint64_t first, uint64_t end, bool with_details = false) const {
    return runs_.Read(permit_, first, end, with_details);
  }
  static std::vector<std::string> Leaves(const LeafRun& run) {
    std::vector<std::string> leaves;
    crypto::EntryBundleReader entries(run.message.bundle());
    while (const auto leaf = entries.Next()) leaves.emplace_back(*leaf);
    EXPECT_TRUE(entries.AtEnd());
    EXPECT_EQ(leaves.size(), run.leaves);
    return leaves;
  }

  LogSite site_;
  keys::ReleasePermit permit_ = AuditPermitForTest();
  LeafRuns runs_{&site_.engine->records(), &site_.keys};
};

TEST_F(LeafRunsTest, EndAtATileOrAtTheEnd) {
  Fill(300);
  for (const auto& [first, end, leaves] :
       std::vector<std::array<uint64_t, 3>>{{0, 300, 256}, {256, 300, 44}, {250, 300, 6}, {255, 256, 1}, {10, 20, 10}}) {
    const auto run = Read(first, end);
    ASSERT_TRUE(run.ok()) << run.status();
    EXPECT_EQ(run->leaves, leaves) << first << " to " << end;
    EXPECT_EQ(run->message.first_sequence(), first);
    EXPECT_EQ(Leaves(*run).front(), site_.Leaf(first)) << "the exact bytes";
    EXPECT_EQ(run->message.details_size(), 0);
  }
}

TEST_F(LeafRunsTest, I10_LongLeavesMakeShortRuns) {
  for (uint64_t i = 0; i < 40; ++i) site_.Tamper(Table::kLog, SequenceKey(i), std::string(kLeafBytesMax, 'x'));
  uint64_t next = 0;
  while (next < 40) {
    const auto run = Read(next, 40);
    ASSERT_TRUE(run.ok()) << run.status();
    EXPECT_LE(run->message.ByteSizeLong(), kRunBytesMax + kLeafBytesMax + 1024);
    EXPECT_GE(run->leaves, 1u);
    next += Leaves(*run).size();
  }
  EXPECT_EQ(next, 40u);
}

TEST_F(LeafRunsTest, DetailsAreOpenedWhereTheyAreKept) {
  Fill(5);
  site_.Tamper(Table::kLogDetails, SequenceKey(2), std::nullopt);
  const auto run = Read(0, 5, true);
  ASSERT_TRUE(run.ok()) << run.status();
  ASSERT_EQ(run->message.details_size(), 5);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(run->message.details(i).account().value(), i == 2 ? "" : "hanako");
}

TEST_F(LeafRunsTest, I7_DetailsOfAnotherEntryAreFound) {
  Fill(5);
  site_.Tamper(Table::kLogDetails, SequenceKey(2), **site_.engine->records().Get(Table::kLogDetails, SequenceKey(3)));
  EXPECT_TRUE(absl::IsDataLoss(Read(0, 5, true).status()));
  EXPECT_TRUE(Read(0, 5).ok()) << "the leaves alone are whole";
}

TEST_F(LeafRunsTest, I7_AMissingLeafIsFound) {
  Fill(5);
  site_.Tamper(Table::kLog, SequenceKey(2), std::nullopt);
  EXPECT_TRUE(absl::IsDataLoss(Read(0, 5).status()));
  EXPECT_TRUE(absl::IsDataLoss(Read(2, 5).status()));
  EXPECT_TRUE(Read(3, 5).ok());
}

TEST_F(LeafRunsTest, I2_NothingWithoutAPermitForTheLog) {
  Fill(5);
  const keys::ReleasePermit audio = PermitForTest(access::Action::kListen, v1::OPERATOR);
  EXPECT_TRUE(absl::IsPermissionDenied(runs_.Read(audio, 0, 5, false).status()));
}

}  // namespace
}  // namespace otokura::audit
