// Whoever has the disk changes the index as they like: that is found and named, mended from the entries, and nowhere in the log itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <set>

#include "server/audit/index.h"
#include "server/audit/index_rows.h"
#include "server/audit/index_upkeep.h"
#include "tests/unit/audit/log_site.h"

namespace otokura::audit {
namespace {

using storage::Table;
using ::testing::IsEmpty;
using ::testing::Not;
using Rows = std::map<std::string, std::string>;
using Named = std::set<std::pair<std::string, uint64_t>>;  // prefix and entry

constexpr uint32_t kSeed = 20260401;
constexpr int kCommits = 8;
constexpr int kEntriesACommit = 40;  // so that rows are runs
constexpr int kMutations = 6;        // of each kind

class IndexMutationTest : public ::testing::Test {
 protected:
  IndexMutationTest() {
    for (int commit = 0; commit < kCommits; ++commit) Commit();
    rows_ = Stored();
  }

  void Commit() {
    storage::RecordCommit commit;
    for (int i = 0; i < kEntriesACommit; ++i) {
      auto draft = DraftForTest(random_() % 2 == 0 ? v1::SHOW : v1::LISTEN, RecordingForTest(static_cast<int>(random_() % 5)));
      draft->particulars.account = random_() % 3 == 0 ? "hanako" : "taro";
      draft->particulars.reference = "CASE-" + std::to_string(random_() % 100);
      commit.entries.push_back(std::move(draft));
    }
    site_.committer->Commit(std::move(commit));
    site_.committer->Drain();
  }
  Rows Stored() const {
    Rows rows;
    EXPECT_TRUE(
        site_.engine->records()
            .Scan(Table::kLogIndex, {}, [&rows](std::string_view key, std::string_view value) { return rows.emplace(key, value).second; })
            .ok());
    return rows;
  }
  void Store(const Rows& rows) {
    storage::Batch batch;
    for (const auto& [key, value] : Stored()) batch.Delete(Table::kLogIndex, key);
    for (const auto& [key, value] : rows) batch.Put(Table::kLogIndex, key, value);
    ASSERT_TRUE(site_.engine->records().Commit(batch).ok());
  }
  static Named NamedBy(const Rows& rows) {
    Named named;
    for (const auto& [key, value] : rows) {
      const auto entries = IndexedEntries(key, value);
      EXPECT_TRUE(entries.has_value());
      for (const uint64_t entry : entries.value_or(std::vector<uint64_t>())) named.emplace(IndexedPrefix(key), entry);
    }
    return named;
  }
  std::vector<FoundProblem> Check() const {
    std::vector<FoundProblem> problems;
    EXPECT_TRUE(upkeep_.Check([&](uint64_t sequence, std::string_view what) { problems.push_back({sequence, std::string(what)}); }).ok());
    return problems;
  }
  Rows::iterator AnyOf(Rows& rows) { return std::next(rows.begin(), static_cast<ptrdiff_t>(random_() % rows.size())); }
  std::string AnyByteChanged(std::string bytes) {
    bytes[random_() % bytes.size()] ^= static_cast<char>(1u << random_() % 8);
    return bytes;
  }

  // The mutation is found; only in the index; and mended from the entries.
  void ExpectFoundAndMended(const std::function<void(Rows&)>& mutation) {
    for (int i = 0; i < kMutations; ++i) {
      Rows changed = rows_;
      mutation(changed);
      if (changed == rows_) continue;
      Store(changed);
      EXPECT_THAT(Check(), Not(IsEmpty())) << "seed " << kSeed << ", mutation " << i;
      EXPECT_THAT(Problems(site_.engine->records()), IsEmpty()) << "the log itself was not touched";
      // Whatever queries say of it, they come to an end and give no entry that does not meet the condition.
      const auto listed = site_.queries->List(permit_, {.conditions = {{IndexField::kAccount, "hanako"}}}, Queries::kListedMax);
      if (listed.ok()) {
        for (const Listed& entry : listed->entries) EXPECT_EQ(entry.details->account().value(), "hanako");
      }
      ASSERT_TRUE(upkeep_.Rebuild(&site_.engine->records(), [](uint64_t, std::string_view) { FAIL(); }).ok());
      EXPECT_EQ(NamedBy(Stored()), NamedBy(rows_));
      EXPECT_THAT(Check(), IsEmpty());
    }
  }

  std::mt19937 random_{kSeed};
  LogSite site_;
  const IndexUpkeep upkeep_{&site_.engine->records(), &site_.keys};
  const keys::ReleasePermit permit_ = AuditPermitForTest();
  Rows rows_;
};

TEST_F(IndexMutationTest, UntouchedNothingIsFound) {
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_LT(rows_.size(), NamedBy(rows_).size() / 3) << "rows are runs, else this tests little";
}

TEST_F(IndexMutationTest, I7_ADroppedRow) {
  ExpectFoundAndMended([this](Rows& rows) { rows.erase(AnyOf(rows)); });
}

TEST_F(IndexMutationTest, I7_AChangedKey) {
  ExpectFoundAndMended([this](Rows& rows) {
    auto row = rows.extract(AnyOf(rows));
    row.key() = AnyByteChanged(row.key());
    rows.insert(std::move(row));
  });
}

TEST_F(IndexMutationTest, I7_AChangedValue) {
  ExpectFoundAndMended([this](Rows& rows) {
    auto row = AnyOf(rows);
    if (!row->second.empty()) row->second = AnyByteChanged(row->second);
  });
}

TEST_F(IndexMutationTest, I7_ACutRow) {
  ExpectFoundAndMended([this](Rows& rows) {
    auto row = AnyOf(rows);
    if (!row->second.empty()) row->second.resize(random_() % row->second.size());
  });
}

TEST_F(IndexMutationTest, I7_TwoRowsSwapped) {
  ExpectFoundAndMended([this](Rows& rows) { std::swap(AnyOf(rows)->second, AnyOf(rows)->second); });
}

TEST_F(IndexMutationTest, I7_AnEntryAppendedToARow) {
  ExpectFoundAndMended([this](Rows& rows) { AnyOf(rows)->second.push_back(static_cast<char>(1 + random_() % 127)); });
}

TEST_F(IndexMutationTest, I7_ARowOfEntriesThatOthersNameAlready) {
  ExpectFoundAndMended([this](Rows& rows) {
    const auto row = AnyOf(rows);
    const auto entries = IndexedEntries(row->first, row->second);
    rows.emplace(IndexKey(IndexedPrefix(row->first), (*entries)[random_() % entries->size()]), "");
  });
}

TEST_F(IndexMutationTest, I7_ARowOfSomebodyWhoAskedForNothing) {
  ExpectFoundAndMended([this](Rows& rows) {
    rows.emplace(IndexKey(IndexPrefix({IndexField::kAccount, "jiro"}, site_.keys), random_() % (2 * kCommits * kEntriesACommit)), "");
  });
}

}  // namespace
}  // namespace otokura::audit
