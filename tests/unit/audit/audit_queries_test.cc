// Queries against a model that reads every entry: any AND of conditions, any span of time, any page size, while the log grows.
#include <algorithm>
#include <random>

#include "server/audit/index.h"
#include "server/audit/index_rows.h"
#include "server/audit/queries.h"
#include "tests/unit/audit/log_site.h"

namespace otokura::audit {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<uint64_t> Sequences(const std::vector<Listed>& entries) {
  std::vector<uint64_t> sequences;
  for (const Listed& listed : entries) sequences.push_back(listed.sequence);
  return sequences;
}

const std::vector<std::string> kAccounts = {"hanako", "taro", "jiro", "Ｈａｎａｋｏ"};
const std::vector<std::string> kCompanies = {"", "Example Partner KK", "Other KK"};
const std::vector<std::string> kPurposes = {"", "inquiry", "complaint"};
const std::vector<std::string> kContracts = {"", "maintenance-2025", "maintenance-2026"};
const std::vector<std::string> kReferences = {"", "CASE-1", "CASE-2"};

class QueriesTest : public ::testing::Test {
 protected:
  template <typename List>
  auto Any(const List& list) {
    return list[random_() % std::size(list)];
  }

  uint64_t PutAny() {
    static constexpr v1::AuditAction kActions[] = {v1::SHOW, v1::LISTEN, v1::DELIVERED, v1::SEARCH};
    static constexpr v1::AuditDecision kDecisions[] = {v1::ALLOWED, v1::DENIED, v1::NOTED};
    auto draft = DraftForTest(Any(kActions));
    if (random_() % 3 > 0) draft->leaf.set_recording_id(std::string(RecordingForTest(static_cast<int>(random_() % 4)).bytes()));
    draft->leaf.set_decision(Any(kDecisions));
    draft->leaf.set_purpose(Any(kPurposes));
    draft->particulars.account = Any(kAccounts);
    draft->particulars.company = Any(kCompanies);
    draft->particulars.reference = Any(kReferences);
    draft->particulars.contract = Any(kContracts);
    if (random_() % 2 == 0) site_.clock.Advance(absl::Seconds(1));
    return site_.Put(std::move(draft));
  }

  // Every entry with its details, oldest first.
  struct Known {
    v1::AuditEntry leaf;
    v1::AuditDetails details;
  };
  const std::vector<Known>& All() {
    const auto appended = site_.queries->Since(permit_, {}, all_.size(), 100'000);
    EXPECT_TRUE(appended.ok()) << appended.status();
    for (const Listed& listed : appended->entries) all_.push_back({*ParseLeaf(listed.sequence, listed.leaf), *listed.details});
    return all_;
  }

  std::vector<uint64_t> Model(const Query& query) {
    std::vector<uint64_t> sequences;
    for (const Known& known : All()) {
      const v1::AuditEntry& leaf = known.leaf;
      const bool meets = std::all_of(query.conditions.begin(), query.conditions.end(), [&](const Condition& condition) {
        return IndexValue(condition.field, leaf, known.details) == condition.value;
      });
      const bool in_time = leaf.time_unix_us() >= query.from_unix_us && (query.to_unix_us == 0 || leaf.time_unix_us() < query.to_unix_us);
      if (meets && in_time) sequences.push_back(leaf.sequence());
    }
    std::reverse(sequences.begin(), sequences.end());
    return sequences;
  }

  Condition AnyCondition(IndexField field) {
    const std::vector<Known>& all = All();
    const Known& known = all[random_() % all.size()];
    return {field, IndexValue(field, known.leaf, known.details)};
  }

  Query AnyQuery() {
    Query query;
    for (int field = 1; field <= 8; ++field) {
      if (random_() % 4 > 0) continue;
      Condition condition = AnyCondition(static_cast<IndexField>(field));
      if (!condition.value.empty()) query.conditions.push_back(std::move(condition));
    }
    if (random_() % 3 == 0) query.from_unix_us = absl::ToUnixMicros(kTestStart + absl::Seconds(random_() % 100));
    if (random_() % 3 == 0) query.to_unix_us = query.from_unix_us + absl::ToInt64Microseconds(absl::Seconds(1 + random_() % 100));
    if (query.to_unix_us != 0 && query.from_unix_us == 0) query.to_unix_us += absl::ToUnixMicros(kTestStart);
    return query;
  }

  // All pages, with the log growing after the first.
  std::vector<uint64_t> Paged(Query query, size_t limit) {
    query.tree_size = site_.log->head().tree_size;
    std::vector<uint64_t> sequences;
    do {
      auto page = site_.queries->List(permit_, query, limit);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      EXPECT_LE(page->entries.size(), limit);
      for (const uint64_t sequence : Sequences(page->entries)) sequences.push_back(sequence);
      if (query.before == 0) PutAny();
      query.before = page->next_before;
    } while (query.before != 0);
    return sequences;
  }

  absl::StatusOr<Page> List(const std::vector<Condition>& conditions) {
    return site_.queries->List(permit_, {.conditions = conditions}, 100);
  }

  const unsigned seed_ = std::random_device()();
  std::mt19937 random_{seed_};
  LogSite site_;
  keys::ReleasePermit permit_ = AuditPermitForTest();
  std::vector<Known> all_;
};

TEST_F(QueriesTest, AnyQueryGivesWhatReadingEveryEntryWouldWhileTheLogGrows) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  for (int i = 0; i < 300; ++i) PutAny();
  for (int i = 0; i < 150; ++i) {
    const Query query = AnyQuery();
    const std::vector<uint64_t> expected = Model(query);
    ASSERT_THAT(Paged(query, 1 + random_() % 40), ElementsAreArray(expected)) << "query " << i;
  }
}

TEST_F(QueriesTest, WhereNobodySaidItThereIsNothing) {
  for (int i = 0; i < 20; ++i) PutAny();
  const Page page = *List({{IndexField::kAccount, "nobody"}});
  EXPECT_THAT(page.entries, IsEmpty());
  EXPECT_EQ(page.next_before, 0u);
}

TEST_F(QueriesTest, I1_TheIndexHoldsNoNames) {
  for (int i = 0; i < 20; ++i) PutAny();
  size_t rows = 0;
  ASSERT_TRUE(site_.engine->records()
                  .Scan(storage::Table::kLogIndex, {},
                        [&](std::string_view key, std::string_view value) {
                          ++rows;
                          EXPECT_TRUE(value.empty());
                          EXPECT_LE(key.size(), 25u);
                          for (const auto* names : {&kAccounts, &kCompanies, &kPurposes, &kReferences}) {
                            for (const std::string& name : *names) EXPECT_TRUE(name.empty() || key.find(name) == key.npos);
                          }
                          return true;
                        })
                  .ok());
  EXPECT_GT(rows, 40u);
}

TEST_F(QueriesTest, FieldsAreToldApart) {
  auto draft = DraftForTest(v1::SHOW);
  draft->particulars.account = "same";
  site_.Put(std::move(draft));
  EXPECT_THAT(Sequences(List({{IndexField::kAccount, "same"}})->entries), ElementsAre(0));
  EXPECT_THAT(List({{IndexField::kCompany, "same"}})->entries, IsEmpty());
}

TEST_F(QueriesTest, AnEntryThatWasPrunedSinceTheIndexWasReadIsLeftOut) {
  auto draft = DraftForTest(v1::SHOW);
  draft->particulars.account = "hanako";
  site_.Put(std::move(draft));
  site_.Tamper(storage::Table::kLogDetails, SequenceKey(0), std::nullopt);
  const Condition hanako{IndexField::kAccount, "hanako"};
  EXPECT_EQ(List({hanako}).status().code(), absl::StatusCode::kDataLoss) << "the row is still there";
  site_.Tamper(storage::Table::kLogIndex, IndexKey(IndexPrefix(hanako, site_.keys), 0), std::nullopt);
  EXPECT_THAT(List({hanako})->entries, IsEmpty());
  EXPECT_THAT(Sequences(List({ActionIs(v1::SHOW)})->entries), ElementsAre(0)) << "what the leaf says is still found";
}

TEST_F(QueriesTest, I7_ARowOfAnotherAccountIsDataLoss) {
  for (const char* account : {"hanako", "taro"}) {
    auto draft = DraftForTest(v1::SHOW);
    draft->particulars.account = account;
    site_.Put(std::move(draft));
  }
  site_.Tamper(storage::Table::kLogIndex, IndexKey(IndexPrefix({IndexField::kAccount, "hanako"}, site_.keys), 1), "");
  EXPECT_EQ(List({{IndexField::kAccount, "hanako"}}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(List({{IndexField::kAccount, "taro"}}).ok());
}

TEST_F(QueriesTest, AnInterruptedRebuildingAnswersNothing) {
  PutAny();
  site_.Tamper(storage::Table::kMeta, std::string(kIndexIncompleteKey), "1");
  EXPECT_EQ(List({}).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(QueriesTest, ShowGivesOneEntry) {
  const uint64_t sequence = PutAny();
  const auto shown = site_.queries->Show(permit_, sequence);
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(shown->leaf, site_.Leaf(sequence));
  EXPECT_TRUE(shown->details.has_value());
  EXPECT_EQ(site_.queries->Show(permit_, sequence + 1).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(QueriesTest, SinceGoesOnWhereItStoppedAndWaitsAtTheEnd) {
  for (int i = 0; i < 5; ++i) {
    auto draft = DraftForTest(i % 2 == 0 ? v1::SHOW : v1::SEARCH);
    site_.Put(std::move(draft));
  }
  const std::vector<Condition> shows = {ActionIs(v1::SHOW)};
  auto appended = site_.queries->Since(permit_, shows, 1, 2);
  ASSERT_TRUE(appended.ok());
  EXPECT_THAT(Sequences(appended->entries), ElementsAre(2));
  EXPECT_EQ(appended->next, 3u);
  appended = site_.queries->Since(permit_, shows, 3, 100);
  EXPECT_THAT(Sequences(appended->entries), ElementsAre(4));
  EXPECT_EQ(appended->next, 5u);
  appended = site_.queries->Since(permit_, shows, 5, 100);
  EXPECT_THAT(appended->entries, IsEmpty());
  EXPECT_EQ(appended->next, 5u);
}

// Rows as a log would have: `every` how many entries one lies under the prefix.
void PutRows(storage::MemoryEngine& engine, const std::string& prefix, uint64_t entries, uint64_t every) {
  storage::Batch batch;
  for (uint64_t sequence = 0; sequence < entries; sequence += every) batch.Put(storage::Table::kLogIndex, IndexKey(prefix, sequence), "");
  ASSERT_TRUE(engine.records().Commit(batch).ok());
}

TEST(PostingsTest, LeapsOverWhatTheRareListDoesNotHave) {
  const auto engine = storage::MemoryEngine::Create();
  constexpr uint64_t kEntries = 50'000;
  PutRows(*engine, "common", kEntries, 1);
  PutRows(*engine, "rare", kEntries, 10'000);
  std::vector<PostingList> lists = {PostingList(&engine->records(), "common", 0), PostingList(&engine->records(), "rare", 0)};
  Intersection both(std::move(lists), 0);
  std::vector<uint64_t> found;
  for (uint64_t end = kEntries;;) {
    const auto next = both.NewestBelow(end, 500);
    ASSERT_TRUE(next.ok());
    ASSERT_FALSE(next->gave_up) << "read as though it went entry by entry";
    if (!next->entry.has_value()) break;
    found.push_back(end = *next->entry);
  }
  EXPECT_THAT(found, ElementsAre(40'000, 30'000, 20'000, 10'000, 0));
}

TEST(PostingsTest, I10_GivesUpWhereTwoLongListsHaveNothingInCommonAndGoesOnFromThere) {
  const auto engine = storage::MemoryEngine::Create();
  storage::Batch batch;
  for (uint64_t sequence = 0; sequence < 2000; ++sequence)
    batch.Put(storage::Table::kLogIndex, IndexKey(sequence % 2 == 0 ? "even" : "odd_", sequence), "");
  batch.Put(storage::Table::kLogIndex, IndexKey("odd_", 10), "");
  ASSERT_TRUE(engine->records().Commit(batch).ok());
  uint64_t end = 2000;
  int requests = 0;
  for (;; ++requests) {
    std::vector<PostingList> lists = {PostingList(&engine->records(), "even", 0), PostingList(&engine->records(), "odd_", 0)};
    const auto found = Intersection(std::move(lists), 0).NewestBelow(end, 300);
    ASSERT_TRUE(found.ok());
    if (!found->gave_up) {
      EXPECT_EQ(found->entry, std::optional<uint64_t>(10));
      break;
    }
    ASSERT_LT(found->below, end) << "no request is in vain";
    end = found->below;
  }
  EXPECT_GT(requests, 3);
}

TEST(PostingsTest, NothingBelowTheFirstIsLookedFor) {
  const auto engine = storage::MemoryEngine::Create();
  PutRows(*engine, "all", 100, 1);
  PostingList list(&engine->records(), "all", 95);
  EXPECT_EQ(*list.NewestBelow(97), std::optional<uint64_t>(96));
  EXPECT_EQ(*list.NewestBelow(96), std::optional<uint64_t>(95));
  EXPECT_EQ(*list.NewestBelow(95), std::nullopt);
}

}  // namespace
}  // namespace otokura::audit
