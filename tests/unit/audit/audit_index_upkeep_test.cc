#include <set>

#include "server/audit/index.h"
#include "server/audit/index_rows.h"
#include "server/audit/index_upkeep.h"
#include "tests/unit/audit/log_site.h"

namespace otokura::audit {
namespace {

using storage::Table;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class IndexUpkeepTest : public ::testing::Test {
 protected:
  IndexUpkeepTest() {
    for (int i = 0; i < 5; ++i) {
      auto draft = DraftForTest(v1::SHOW, RecordingForTest(i));
      draft->particulars.account = "hanako";
      draft->particulars.company = i % 2 == 0 ? "Example Partner KK" : "";
      site_.Put(std::move(draft));
    }
  }
  std::set<std::string> Rows() const {
    std::set<std::string> rows;
    EXPECT_TRUE(
        site_.engine->records()
            .Scan(Table::kLogIndex, {}, [&rows](std::string_view key, std::string_view) { return rows.insert(std::string(key)).second; })
            .ok());
    return rows;
  }
  // As keys of rows of one entry each, whatever rows they lie in.
  std::set<std::string> Named() const {
    std::set<std::string> named;
    EXPECT_TRUE(site_.engine->records()
                    .Scan(Table::kLogIndex, {},
                          [&named](std::string_view key, std::string_view value) {
                            for (const uint64_t entry : IndexedEntries(key, value).value_or(std::vector<uint64_t>()))
                              named.insert(IndexKey(IndexedPrefix(key), entry));
                            return true;
                          })
                    .ok());
    return named;
  }
  std::vector<FoundProblem> Check() const {
    std::vector<FoundProblem> problems;
    const absl::Status status = upkeep_.Check([&](uint64_t sequence, std::string_view problem) {
      problems.push_back({sequence, std::string(problem)});
    });
    EXPECT_TRUE(status.ok()) << status;
    return problems;
  }
  absl::StatusOr<IndexUpkeep::Rebuilt> Rebuild() {
    return upkeep_.Rebuild(&site_.engine->records(), [this](uint64_t sequence, std::string_view) { unreadable_.push_back(sequence); });
  }
  std::string AccountRow(uint64_t sequence) const { return IndexKey(IndexPrefix({IndexField::kAccount, "hanako"}, site_.keys), sequence); }

  LogSite site_;
  const IndexUpkeep upkeep_{&site_.engine->records(), &site_.keys};
  std::vector<uint64_t> unreadable_;
};

MATCHER_P2(ProblemAt, sequence, text, "") {
  return arg.sequence == static_cast<uint64_t>(sequence) && arg.problem.find(text) != std::string::npos;
}

TEST_F(IndexUpkeepTest, AnUntouchedIndexHasNoProblems) { EXPECT_THAT(Check(), IsEmpty()); }

TEST_F(IndexUpkeepTest, TheIndexIsSmallBesideTheEntries) {
  auto draft = DraftForTest(v1::LISTEN, RecordingForTest(1));
  draft->leaf.set_purpose("inquiry");
  draft->particulars = {.account = "hanako",
                        .person = "p-1",
                        .company = "Example KK",
                        .certificate = std::string(64, 'c'),
                        .address = "192.0.2.7",
                        .reference = "CASE-1",
                        .reason = "",
                        .target = "",
                        .contract = "",
                        .approver = ""};
  const std::set<std::string> before = Rows();
  const uint64_t sequence = site_.Put(std::move(draft));
  size_t index = 0;
  for (const std::string& row : Rows()) index += before.count(row) == 0 ? row.size() : 0;
  const size_t entry = site_.Leaf(sequence).size() + (*site_.engine->records().Get(Table::kLogDetails, SequenceKey(sequence)))->size();
  EXPECT_LT(index * 4, entry) << index << " bytes of index beside " << entry;
}

TEST_F(IndexUpkeepTest, I7_AMissingRowIsNamed) {
  site_.Tamper(Table::kLogIndex, AccountRow(3), std::nullopt);
  EXPECT_THAT(Check(), ElementsAre(ProblemAt(3, "does not name it")));
}

TEST_F(IndexUpkeepTest, I7_AForeignRowIsNamedEvenWhereOneIsMissing) {
  site_.Tamper(Table::kLogIndex, IndexKey(IndexPrefix({IndexField::kAccount, "taro"}, site_.keys), 2), "");
  EXPECT_THAT(Check(), ElementsAre(ProblemAt(2, "no entry asks for")));
  site_.Tamper(Table::kLogIndex, AccountRow(4), std::nullopt);
  EXPECT_THAT(Check(), ElementsAre(ProblemAt(4, "does not name it"), ProblemAt(2, "no entry asks for")));
}

TEST_F(IndexUpkeepTest, RebuiltItNamesTheSameInFewerRows) {
  const std::set<std::string> before = Rows();
  const std::set<std::string> named = Named();
  storage::Batch batch;
  for (const std::string& row : before) batch.Delete(Table::kLogIndex, row);
  batch.Put(Table::kLogIndex, IndexKey(IndexPrefix({IndexField::kAccount, "taro"}, site_.keys), 2), "");
  ASSERT_TRUE(site_.engine->records().Commit(batch).ok());
  const auto rebuilt = Rebuild();
  ASSERT_TRUE(rebuilt.ok()) << rebuilt.status();
  EXPECT_EQ(rebuilt->entries, 5u);
  EXPECT_EQ(rebuilt->rows, Rows().size());
  EXPECT_LT(rebuilt->rows, before.size()) << "what was written entry by entry is runs now";
  EXPECT_EQ(Named(), named);
  EXPECT_THAT(Check(), IsEmpty());
}

TEST_F(IndexUpkeepTest, DetailsThatAreGoneAreNamedAndIndexedNoMore) {
  site_.Tamper(Table::kLogDetails, SequenceKey(3), std::nullopt);
  EXPECT_THAT(Check(), ElementsAre(ProblemAt(3, "not pruned"), ProblemAt(3, "no entry asks for")));
  ASSERT_TRUE(Rebuild().ok());
  EXPECT_EQ(Named().count(AccountRow(3)), 0u);
  EXPECT_EQ(Named().count(AccountRow(2)), 1u);
  EXPECT_THAT(Check(), ElementsAre(ProblemAt(3, "not pruned")));
}

TEST_F(IndexUpkeepTest, AnEntryThatCannotBeReadIsNamedAndTheOthersAreIndexed) {
  site_.Tamper(Table::kLogDetails, SequenceKey(1), "damaged");
  EXPECT_THAT(Check(), ElementsAre(ProblemAt(1, "do not open")));
  ASSERT_TRUE(Rebuild().ok());
  EXPECT_THAT(unreadable_, ElementsAre(1));
  EXPECT_EQ(Named().count(AccountRow(4)), 1u);
}

TEST_F(IndexUpkeepTest, InterruptedAtAnyWriteItIsMarkedUntilItIsDoneAgain) {
  const std::set<std::string> before = Named();
  for (int nth = 1;; ++nth) {
    int commits = 0;
    site_.engine->SetFault([&](storage::StorageCall call, const storage::AudioObjectId*) {
      const bool cut = call == storage::StorageCall::kCommit && ++commits >= nth;
      return cut ? absl::UnavailableError("power cut") : absl::OkStatus();
    });
    const auto rebuilt = Rebuild();
    site_.engine->SetFault(nullptr);
    if (rebuilt.ok()) {
      EXPECT_GT(nth, 3);
      break;
    }
    if (nth > 1) {
      EXPECT_EQ(site_.queries->List(AuditPermitForTest(), {}, 1).status().code(), absl::StatusCode::kFailedPrecondition) << nth;
    }
  }
  EXPECT_EQ(Named(), before);
  EXPECT_TRUE(site_.queries->List(AuditPermitForTest(), {}, 1).ok());
}

}  // namespace
}  // namespace otokura::audit
