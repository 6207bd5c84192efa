// Mutations of a stored log, each of which VerifyStored must find.
#include "tests/unit/audit/log_site.h"

namespace otokura::audit {
namespace {

using storage::Table;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr int kEntries = 11;  // subtrees of 8, 2 and 1 leaves

class VerifyTest : public ::testing::Test {
 protected:
  VerifyTest() {
    for (int i = 0; i < kEntries; ++i) {
      site_.Put(i % 2 == 0 ? DraftForTest(v1::SHOW, RecordingForTest(1)) : DraftForTest(v1::SEARCH));
      site_.clock.Advance(absl::Seconds(1));
    }
  }
  void Change(uint64_t sequence, void (*change)(v1::AuditEntry&)) {
    v1::AuditEntry entry = site_.Entry(sequence);
    change(entry);
    site_.Tamper(Table::kLog, SequenceKey(sequence), entry.SerializeAsString());
  }
  void ChangeHead(void (*change)(v1::LogHead&)) {
    v1::LogHead head = *ReadHead(site_.engine->records());
    change(head);
    site_.Tamper(Table::kMeta, std::string(kHeadKey), head.SerializeAsString());
  }
  std::vector<FoundProblem> Found() const { return Problems(site_.engine->records()); }

  LogSite site_;
};

MATCHER_P2(ProblemAt, sequence, text, "") {
  return arg.sequence == static_cast<uint64_t>(sequence) && arg.problem.find(text) != std::string::npos;
}

TEST_F(VerifyTest, I7_AnUntouchedLogHasNoProblems) { EXPECT_THAT(Found(), IsEmpty()); }

TEST_F(VerifyTest, I7_AnEmptyLogHasNoProblems) { EXPECT_THAT(Problems(storage::MemoryEngine::Create()->records()), IsEmpty()); }

TEST_F(VerifyTest, I7_EveryFlippedBitOfEveryLeafIsFound) {
  for (uint64_t sequence = 0; sequence < kEntries; ++sequence) {
    const std::string leaf = site_.Leaf(sequence);
    for (size_t byte = 0; byte < leaf.size(); ++byte) {
      std::string changed = leaf;
      changed[byte] ^= 1;
      site_.Tamper(Table::kLog, SequenceKey(sequence), changed);
      const std::vector<FoundProblem> found = Found();
      ASSERT_THAT(found, Not(IsEmpty())) << "entry " << sequence << " byte " << byte;
      ASSERT_LE(found.front().sequence, sequence + 2) << "the first problem is not near entry " << sequence;
    }
    site_.Tamper(Table::kLog, SequenceKey(sequence), leaf);
  }
}

TEST_F(VerifyTest, I7_AChangedEntryIsNamedToItsSubtree) {
  Change(5, [](v1::AuditEntry& entry) { entry.set_decision(v1::DENIED); });
  EXPECT_THAT(Found(), ElementsAre(ProblemAt(0, "from here up to 7")));
}

TEST_F(VerifyTest, I7_AChangedLastEntryIsNamedExactly) {
  Change(10, [](v1::AuditEntry& entry) { entry.set_decision(v1::DENIED); });
  EXPECT_THAT(Found(), ElementsAre(ProblemAt(10, "not the leaf")));
}

TEST_F(VerifyTest, I7_SwappedEntriesAreNamed) {
  const std::string third = site_.Leaf(3);
  site_.Tamper(Table::kLog, SequenceKey(3), site_.Leaf(5));
  site_.Tamper(Table::kLog, SequenceKey(5), third);
  EXPECT_THAT(Found(), Contains(ProblemAt(3, "says it is entry 5")));
  EXPECT_THAT(Found(), Contains(ProblemAt(5, "says it is entry 3")));
}

TEST_F(VerifyTest, I7_SwappedAndRenumberedEntriesAreFound) {
  v1::AuditEntry third = site_.Entry(3), fifth = site_.Entry(5);
  third.set_sequence(5);
  fifth.set_sequence(3);
  site_.Tamper(Table::kLog, SequenceKey(3), fifth.SerializeAsString());
  site_.Tamper(Table::kLog, SequenceKey(5), third.SerializeAsString());
  EXPECT_THAT(Found(), Contains(ProblemAt(4, "before that of the entry before")));
}

TEST_F(VerifyTest, I7_ADroppedEntryIsNamedAndItsRecordingsHoleToo) {
  site_.Tamper(Table::kLog, SequenceKey(4), std::nullopt);
  EXPECT_THAT(Found(), ElementsAre(ProblemAt(4, "missing"), ProblemAt(6, "says it is access 4")));
}

TEST_F(VerifyTest, I7_DroppedEntriesAtTheStartAndTheEndAreNamed) {
  site_.Tamper(Table::kLog, SequenceKey(0), std::nullopt);
  site_.Tamper(Table::kLog, SequenceKey(9), std::nullopt);
  site_.Tamper(Table::kLog, SequenceKey(10), std::nullopt);
  EXPECT_THAT(Found(), Contains(ProblemAt(0, "missing")));
  EXPECT_THAT(Found(), Contains(ProblemAt(9, "missing, and all up to the log's head at 11")));
}

TEST_F(VerifyTest, I7_ARepeatedEntryIsNamed) {
  site_.Tamper(Table::kLog, SequenceKey(kEntries), site_.Leaf(kEntries - 1));
  EXPECT_THAT(Found(), Contains(ProblemAt(kEntries, "past the log's head")));
  EXPECT_THAT(Found(), Contains(ProblemAt(kEntries, "says it is entry 10")));
}

TEST_F(VerifyTest, I7_ARepeatedAccessNumberIsNamed) {
  Change(6, [](v1::AuditEntry& entry) { entry.set_access_number(3); });
  EXPECT_THAT(Found(), Contains(ProblemAt(6, "says it is access 3 of its recording, but 3 came before")));
}

TEST_F(VerifyTest, I7_AWrongPredecessorIsNamed) {
  Change(6, [](v1::AuditEntry& entry) { entry.set_previous_sequence(2); });
  EXPECT_THAT(Found(), Contains(ProblemAt(6, "names entry 2")));
}

TEST_F(VerifyTest, I7_AChangedCountIsNamed) {
  const std::string recording(RecordingForTest(1).bytes());
  v1::AccessCount count = *ReadAccessCount(site_.engine->records(), recording);
  count.set_count(count.count() - 1);
  site_.Tamper(Table::kAccessCounts, recording, count.SerializeAsString());
  EXPECT_THAT(Found(), ElementsAre(ProblemAt(10, "access count")));
  site_.Tamper(Table::kAccessCounts, recording, std::nullopt);
  EXPECT_THAT(Found(), ElementsAre(ProblemAt(11, "1 recordings have entries but no access count")));
}

TEST_F(VerifyTest, I7_ACountOfARecordingNobodyTouchedIsNamed) {
  site_.Tamper(Table::kAccessCounts, std::string(RecordingForTest(7).bytes()), v1::AccessCount().SerializeAsString());
  EXPECT_THAT(Found(), SizeIs(1));
}

TEST_F(VerifyTest, I7_AChangedHeadIsFound) {
  ChangeHead([](v1::LogHead& head) { head.mutable_frontier(0)->front() ^= 1; });
  EXPECT_THAT(Found(), ElementsAre(ProblemAt(0, "some leaf")));
}

TEST_F(VerifyTest, I7_AHeadOfAnotherSizeIsFound) {
  ChangeHead([](v1::LogHead& head) {
    head.set_tree_size(10);
    head.mutable_frontier()->RemoveLast();
  });
  EXPECT_THAT(Found(), Contains(ProblemAt(10, "past the log's head")));
  ChangeHead([](v1::LogHead& head) { head.set_tree_size(15); });
  EXPECT_THAT(Found(), Contains(Field(&FoundProblem::problem, HasSubstr("does not fit its size"))));
}

TEST_F(VerifyTest, I7_AHeadOfAnotherTimeIsFound) {
  ChangeHead([](v1::LogHead& head) { head.set_last_time_unix_us(head.last_time_unix_us() - 1); });
  EXPECT_THAT(Found(), ElementsAre(ProblemAt(10, "its time")));
}

TEST_F(VerifyTest, I7_AMissingHeadIsFound) {
  site_.Tamper(Table::kMeta, std::string(kHeadKey), std::nullopt);
  EXPECT_THAT(Found(), Contains(ProblemAt(0, "past the log's head")));
}

TEST_F(VerifyTest, I7_DetailsPastTheHeadAreFound) {
  site_.Tamper(Table::kLogDetails, SequenceKey(kEntries), "left over");
  EXPECT_THAT(Found(), ElementsAre(ProblemAt(kEntries, "details of an entry past")));
}

TEST_F(VerifyTest, I7_AForeignKeyInTheLogIsFound) {
  site_.Tamper(Table::kLog, "zz", "what");
  EXPECT_THAT(Found(), Contains(Field(&FoundProblem::problem, HasSubstr("no sequence number"))));
}

TEST_F(VerifyTest, PrunedDetailsAreNoProblem) {
  site_.Tamper(Table::kLogDetails, SequenceKey(4), std::nullopt);
  EXPECT_THAT(Found(), IsEmpty());
}

}  // namespace
}  // namespace otokura::audit
