#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <random>

#include "server/audit/index_rows.h"
#include "server/audit/postings.h"
#include "server/storage/memory_engine.h"

namespace otokura::audit {
namespace {

using storage::Table;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr uint32_t kSeed = 20260401;

std::map<std::string, std::string> RowsOf(const IndexRows& rows) {
  storage::Batch batch;
  rows.PutInto(&batch);
  std::map<std::string, std::string> stored;
  for (const storage::Write& write : batch.writes) {
    EXPECT_EQ(write.table, Table::kLogIndex);
    EXPECT_TRUE(stored.emplace(write.key, *write.value).second) << "two rows of one key";
  }
  EXPECT_EQ(rows.rows(), stored.size());
  return stored;
}

// What some prefix's entries are: gaps of all sizes.
std::vector<uint64_t> AnyEntries(std::mt19937_64& random, size_t count) {
  std::vector<uint64_t> entries;
  uint64_t next = random() % 1000;
  for (; entries.size() < count; next += 1 + (random() >> (40 + random() % 24))) entries.push_back(next);
  return entries;
}

TEST(IndexRows, OneEntryIsARowWithoutAValue) {
  IndexRows rows;
  rows.Add("p", 0x0102);
  EXPECT_THAT(RowsOf(rows), ElementsAre(std::make_pair(std::string("p\0\0\0\0\0\0\1\2", 9), "")));
}

TEST(IndexRows, FurtherEntriesAreTheStepsBetweenThem) {
  IndexRows rows;
  for (const uint64_t entry : {7, 8, 208}) rows.Add("p", entry);
  EXPECT_THAT(RowsOf(rows), ElementsAre(std::make_pair(IndexKey("p", 7), "\x01\xC8\x01")));
}

TEST(IndexRows, ReadBackTheyNameWhatWasAddedAndNoRowIsLong) {
  std::mt19937_64 random(kSeed);
  IndexRows rows;
  std::map<std::string, std::vector<uint64_t>> added, named;
  for (const std::string prefix : {"a", "b", "cc"}) {
    added[prefix] = AnyEntries(random, 1 + random() % 2000);
    for (const uint64_t entry : added[prefix]) rows.Add(prefix, entry);
  }
  for (const auto& [key, value] : RowsOf(rows)) {
    const auto entries = IndexedEntries(key, value);
    ASSERT_TRUE(entries.has_value());
    EXPECT_LE(entries->size(), kRunEntriesMax);
    auto& all = named[std::string(IndexedPrefix(key))];
    all.insert(all.end(), entries->begin(), entries->end());
  }
  EXPECT_EQ(named, added);
}

TEST(IndexRows, DamagedOnesNameNothing) {
  const std::string key = IndexKey("p", 5);
  EXPECT_TRUE(IndexedEntries(key, std::string(kRunEntriesMax - 1, '\x01')).has_value());
  EXPECT_FALSE(IndexedEntries(key, std::string(kRunEntriesMax, '\x01')).has_value()) << "more than a row holds";
  EXPECT_FALSE(IndexedEntries(key, std::string("\x01\x80")).has_value()) << "cut off";
  EXPECT_FALSE(IndexedEntries(key, std::string("\x00", 1)).has_value()) << "the same entry again";
  EXPECT_FALSE(IndexedEntries(key, std::string(9, '\xFF').append("\x01")).has_value()) << "past the last sequence";
  EXPECT_FALSE(IndexedEntries(key, std::string(20, '\x80')).has_value()) << "a number without end";
  EXPECT_FALSE(IndexedEntries(key.substr(1), "").has_value()) << "no prefix";
  EXPECT_FALSE(IndexedEntries("", "").has_value());
}

TEST(IndexRows, I10_ListsOverRunsGiveWhatIsInThemFromAnywhereToAnywhere) {
  std::cout << "seed: " << kSeed << std::endl;
  std::mt19937_64 random(kSeed);
  const auto engine = storage::MemoryEngine::Create();
  const std::vector<uint64_t> entries = AnyEntries(random, 3000);
  // Written a few at a time, as commits come, with another prefix on either side.
  for (size_t at = 0; at < entries.size();) {
    IndexRows rows;
    const size_t end = std::min(entries.size(), at + 1 + random() % 600);
    for (; at < end; ++at) {
      for (const std::string prefix : {"o", "p", "q"}) rows.Add(prefix, entries[at]);
    }
    storage::Batch batch;
    rows.PutInto(&batch);
    ASSERT_TRUE(engine->records().Commit(batch).ok());
  }
  for (int i = 0; i < 300; ++i) {
    const uint64_t first = random() % (entries.back() + 2), from = random() % (entries.back() + 2);
    PostingList list(&engine->records(), "p", first);
    uint64_t end = from;
    auto expected = std::lower_bound(entries.begin(), entries.end(), from);
    for (int step = 0; step < 40; ++step) {
      if (random() % 4 == 0) {
        end -= random() % (end + 1);  // a leap
        expected = std::lower_bound(entries.begin(), entries.end(), end);
      }
      const bool any = expected != entries.begin() && *std::prev(expected) >= first;
      const auto newest = list.NewestBelow(end);
      ASSERT_TRUE(newest.ok());
      ASSERT_EQ(*newest, any ? std::optional<uint64_t>(*std::prev(expected)) : std::nullopt);
      if (!any) break;
      end = *--expected;
    }
  }
}

TEST(IndexRows, ADamagedRowIsDataLossWhereItIsRead) {
  const auto engine = storage::MemoryEngine::Create();
  storage::Batch batch;
  batch.Put(Table::kLogIndex, IndexKey("p", 5), std::string("\x00", 1));
  ASSERT_TRUE(engine->records().Commit(batch).ok());
  EXPECT_EQ(PostingList(&engine->records(), "p", 0).NewestBelow(9).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(*PostingList(&engine->records(), "p", 0).NewestBelow(5), std::nullopt);
}

}  // namespace
}  // namespace otokura::audit
