#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/unit/storage/engine_conformance.h"

namespace otokura::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::optional<std::string> ValueOf(const RecordReader& reader, Table table, std::string_view key) {
  absl::StatusOr<std::optional<std::string>> value = reader.Get(table, key);
  EXPECT_TRUE(value.ok()) << value.status();
  return value.ok() ? *value : std::optional<std::string>("an error");
}

std::vector<std::string> Keys(const RecordReader& reader, Table table, const ScanRange& range, size_t count_max = 1000) {
  std::vector<std::string> keys;
  EXPECT_TRUE(reader
                  .Scan(table, range,
                        [&](std::string_view key, std::string_view) {
                          keys.emplace_back(key);
                          return keys.size() < count_max;
                        })
                  .ok());
  return keys;
}

Batch PutAll(Table table, const std::vector<std::string>& keys) {
  Batch batch;
  for (const std::string& key : keys) batch.Put(table, key, "value of " + key);
  return batch;
}

TEST_P(EngineConformance, GetFindsWhatWasPutAndNothingElse) {
  ASSERT_TRUE(records().Commit(PutAll(Table::kMeta, {"a"})).ok());
  EXPECT_EQ(ValueOf(records(), Table::kMeta, "a"), "value of a");
  EXPECT_EQ(ValueOf(records(), Table::kMeta, "b"), std::nullopt);
  EXPECT_EQ(ValueOf(records(), Table::kLog, "a"), std::nullopt);
}

TEST_P(EngineConformance, EveryTableIsApartFromEveryOther) {
  Batch batch;
  std::vector<Table> tables;
  for (int i = 0; i < kTables; ++i) {
    const auto table = static_cast<Table>(i);
    if (TableName(table).empty()) continue;
    tables.push_back(table);
    batch.Put(table, "key", absl::StrCat(i));
  }
  ASSERT_TRUE(records().Commit(batch).ok());
  for (const Table table : tables) EXPECT_EQ(ValueOf(records(), table, "key"), absl::StrCat(static_cast<int>(table)));
}

TEST_P(EngineConformance, ATableThatThereIsNotIsRefused) {
  Batch batch;
  batch.Put(static_cast<Table>(kTables), "key", "");
  EXPECT_EQ(records().Commit(batch).code(), absl::StatusCode::kInternal);
  EXPECT_EQ(records().Get(static_cast<Table>(kTables), "key").status().code(), absl::StatusCode::kInternal);
}

TEST_P(EngineConformance, LaterWritesOfABatchWin) {
  Batch batch;
  batch.Put(Table::kMeta, "a", "first");
  batch.Delete(Table::kMeta, "a");
  batch.Put(Table::kMeta, "a", "last");
  batch.Put(Table::kMeta, "b", "put");
  batch.Delete(Table::kMeta, "b");
  ASSERT_TRUE(records().Commit(batch).ok());
  EXPECT_EQ(ValueOf(records(), Table::kMeta, "a"), "last");
  EXPECT_EQ(ValueOf(records(), Table::kMeta, "b"), std::nullopt);
}

TEST_P(EngineConformance, EmptyValuesAreNotAbsent) {
  Batch batch;
  batch.Put(Table::kTags, "a", "");
  ASSERT_TRUE(records().Commit(batch).ok());
  EXPECT_EQ(ValueOf(records(), Table::kTags, "a"), "");
}

TEST_P(EngineConformance, KeysAndValuesAreBytes) {
  const std::string key("\0\xff\n", 3);
  const std::string value("\xff\0\0", 3);
  Batch batch;
  batch.Put(Table::kMeta, key, value);
  ASSERT_TRUE(records().Commit(batch).ok());
  EXPECT_EQ(ValueOf(records(), Table::kMeta, key), value);
}

TEST_P(EngineConformance, I3_ABrokenPreconditionKeepsNothingOfTheBatch) {
  ASSERT_TRUE(records().Commit(PutAll(Table::kMeta, {"present"})).ok());
  const std::vector<Precondition> broken = {{Table::kMeta, "present", std::nullopt},
                                            {Table::kMeta, "present", "another value"},
                                            {Table::kMeta, "absent", "a value"},
                                            {Table::kMeta, "absent", ""}};
  for (const Precondition& precondition : broken) {
    Batch batch = PutAll(Table::kMeta, {"x", "y"});
    batch.Delete(Table::kMeta, "present");
    batch.preconditions = {{Table::kMeta, "present", "value of present"}, precondition};
    const absl::Status status = records().Commit(batch);
    EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
    EXPECT_THAT(std::string(status.message()),
                testing::AllOf(testing::HasSubstr("meta"), testing::Not(testing::HasSubstr(precondition.key))));
  }
  EXPECT_THAT(Keys(records(), Table::kMeta, {}), ElementsAre("present"));
}

TEST_P(EngineConformance, PreconditionsThatHoldLetTheBatchThrough) {
  ASSERT_TRUE(records().Commit(PutAll(Table::kMeta, {"a"})).ok());
  Batch batch = PutAll(Table::kMeta, {"b"});
  batch.preconditions = {{Table::kMeta, "a", "value of a"}, {Table::kMeta, "b", std::nullopt}};
  ASSERT_TRUE(records().Commit(batch).ok());
  EXPECT_EQ(records().Commit(batch).code(), absl::StatusCode::kAborted) << "b is there now";
}

TEST_P(EngineConformance, I5_RacingCountersLoseNothing) {
  constexpr int kThreads = 4;
  constexpr int kEach = 50;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int done = 0; done < kEach;) {
        const std::optional<std::string> seen = ValueOf(records(), Table::kMeta, "counter");
        Batch batch;
        batch.Put(Table::kMeta, "counter", absl::StrCat((seen ? std::stoi(*seen) : 0) + 1));
        batch.preconditions = {{Table::kMeta, "counter", seen}};
        const absl::Status status = records().Commit(batch);
        ASSERT_TRUE(status.ok() || absl::IsAborted(status)) << status;
        if (status.ok()) ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ValueOf(records(), Table::kMeta, "counter"), absl::StrCat(kThreads * kEach));
}

TEST_P(EngineConformance, ScansWalkBothWaysWithinTheirBounds) {
  ASSERT_TRUE(records().Commit(PutAll(Table::kByCentre, {"a", "b", "c", "d", std::string("\xff\xff", 2)})).ok());
  ASSERT_TRUE(records().Commit(PutAll(Table::kByQueue, {"bb"})).ok());
  const std::string top("\xff\xff", 2);
  EXPECT_THAT(Keys(records(), Table::kByCentre, {}), ElementsAre("a", "b", "c", "d", top));
  EXPECT_THAT(Keys(records(), Table::kByCentre, {.newest_first = true}), ElementsAre(top, "d", "c", "b", "a"));
  EXPECT_THAT(Keys(records(), Table::kByCentre, {.first = "b", .last = "d"}), ElementsAre("b", "c"));
  EXPECT_THAT(Keys(records(), Table::kByCentre, {.first = "b", .last = "d", .newest_first = true}), ElementsAre("c", "b"));
  EXPECT_THAT(Keys(records(), Table::kByCentre, {.first = "bb", .last = "cc"}), ElementsAre("c"));
  EXPECT_THAT(Keys(records(), Table::kByCentre, {.first = "bb", .last = "cc", .newest_first = true}), ElementsAre("c"));
  EXPECT_THAT(Keys(records(), Table::kByCentre, {.first = "c"}), ElementsAre("c", "d", top));
  EXPECT_THAT(Keys(records(), Table::kByCentre, {.last = "c", .newest_first = true}), ElementsAre("b", "a"));
  EXPECT_THAT(Keys(records(), Table::kByCentre, {.first = "c", .last = "c"}), IsEmpty());
  EXPECT_THAT(Keys(records(), Table::kByCentre, {.first = "d", .last = "a"}), IsEmpty());
  EXPECT_THAT(Keys(records(), Table::kByCentre, {.first = "d", .last = "a", .newest_first = true}), IsEmpty());
}

TEST_P(EngineConformance, ScansStopWhenToldAndShowValues) {
  ASSERT_TRUE(records().Commit(PutAll(Table::kLog, {"a", "b", "c"})).ok());
  EXPECT_THAT(Keys(records(), Table::kLog, {}, 2), ElementsAre("a", "b"));
  EXPECT_THAT(Keys(records(), Table::kLog, {.newest_first = true}, 1), ElementsAre("c"));
  std::string value;
  ASSERT_TRUE(records()
                  .Scan(Table::kLog, {.first = "b"},
                        [&](std::string_view, std::string_view found) {
                          value = std::string(found);
                          return false;
                        })
                  .ok());
  EXPECT_EQ(value, "value of b");
}

TEST_P(EngineConformance, ScansMayReadAndCommitFromTheirRows) {
  ASSERT_TRUE(records().Commit(PutAll(Table::kLog, {"a", "b"})).ok());
  int rows = 0;
  ASSERT_TRUE(records()
                  .Scan(Table::kLog, {},
                        [&](std::string_view key, std::string_view) {
                          EXPECT_NE(ValueOf(records(), Table::kLog, key), std::nullopt);
                          EXPECT_TRUE(records().Commit(PutAll(Table::kLog, {absl::StrCat("z", rows)})).ok());
                          return ++rows < 10;
                        })
                  .ok());
  EXPECT_EQ(rows, 2) << "rows written during a scan are not part of it";
}

TEST_P(EngineConformance, SnapshotsStayAsTheyWere) {
  ASSERT_TRUE(records().Commit(PutAll(Table::kMeta, {"a", "b"})).ok());
  const std::unique_ptr<RecordReader> snapshot = records().Snapshot();
  Batch batch = PutAll(Table::kMeta, {"c"});
  batch.Put(Table::kMeta, "a", "new");
  batch.Delete(Table::kMeta, "b");
  ASSERT_TRUE(records().Commit(batch).ok());
  EXPECT_EQ(ValueOf(*snapshot, Table::kMeta, "a"), "value of a");
  EXPECT_EQ(ValueOf(*snapshot, Table::kMeta, "c"), std::nullopt);
  EXPECT_THAT(Keys(*snapshot, Table::kMeta, {}), ElementsAre("a", "b"));
  EXPECT_THAT(Keys(records(), Table::kMeta, {}), ElementsAre("a", "c"));
}

// A reader sees both records of a pair or neither, however the commits race with it.
TEST_P(EngineConformance, BatchesAreSeenWholeOrNotAtAll) {
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; i < 200; ++i) {
      Batch batch;
      batch.Put(Table::kMeta, "pair", absl::StrCat(i));
      batch.Put(Table::kLog, "pair", absl::StrCat(i));
      EXPECT_TRUE(records().Commit(batch).ok());
    }
    stop = true;
  });
  while (!stop) {
    const std::unique_ptr<RecordReader> snapshot = records().Snapshot();
    EXPECT_EQ(ValueOf(*snapshot, Table::kMeta, "pair"), ValueOf(*snapshot, Table::kLog, "pair"));
  }
  writer.join();
}

TEST_P(EngineConformance, I10_LimitsHoldAtTheirEdges) {
  Batch at_limit;
  at_limit.Put(Table::kManifests, std::string(kKeyBytesMax, 'k'), std::string(kValueBytesMax, 'v'));
  EXPECT_TRUE(records().Commit(at_limit).ok());
  EXPECT_EQ(ValueOf(records(), Table::kManifests, std::string(kKeyBytesMax, 'k'))->size(), kValueBytesMax);

  Batch long_key = PutAll(Table::kManifests, {"beside", std::string(kKeyBytesMax + 1, 'k')});
  EXPECT_EQ(records().Commit(long_key).code(), absl::StatusCode::kInternal);
  Batch no_key = PutAll(Table::kManifests, {"beside", ""});
  EXPECT_EQ(records().Commit(no_key).code(), absl::StatusCode::kInternal);
  Batch large_value = PutAll(Table::kManifests, {"beside"});
  large_value.Put(Table::kManifests, "large", std::string(kValueBytesMax + 1, 'v'));
  EXPECT_EQ(records().Commit(large_value).code(), absl::StatusCode::kInternal);
  Batch large_batch = PutAll(Table::kManifests, {"beside"});
  for (size_t i = 0; i < kBatchBytesMax / kValueBytesMax; ++i)
    large_batch.Put(Table::kManifests, absl::StrCat(i), std::string(kValueBytesMax, 'v'));
  EXPECT_EQ(records().Commit(large_batch).code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ValueOf(records(), Table::kManifests, "beside"), std::nullopt) << "nothing of a refused batch is stored";

  EXPECT_EQ(records().Get(Table::kManifests, std::string(kKeyBytesMax + 1, 'k')).status().code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(records().Commit(Batch()).ok()) << "an empty batch is no error";
}

TEST_P(EngineConformance, I4_RecordsSurviveOpeningAgain) {
  Batch batch = PutAll(Table::kMeta, {"a", "b"});
  ASSERT_TRUE(records().Commit(batch).ok());
  batch = Batch();
  batch.Delete(Table::kMeta, "b");
  batch.Put(Table::kLog, "c", "kept");
  ASSERT_TRUE(records().Commit(batch).ok());
  site_->CloseAndOpen();
  EXPECT_THAT(Keys(records(), Table::kMeta, {}), ElementsAre("a"));
  EXPECT_EQ(ValueOf(records(), Table::kLog, "c"), "kept");
}

TEST_P(EngineConformance, I4_RecordsSurviveReopening) {
  ASSERT_TRUE(records().Commit(PutAll(Table::kMeta, {"a"})).ok());
  ASSERT_TRUE(records().Reopen().ok());
  EXPECT_EQ(ValueOf(records(), Table::kMeta, "a"), "value of a");
  EXPECT_TRUE(records().Commit(PutAll(Table::kMeta, {"b"})).ok());
}

}  // namespace
}  // namespace otokura::storage
