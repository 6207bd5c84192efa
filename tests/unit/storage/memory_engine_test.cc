#include "server/storage/memory_engine.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/storage/engine_conformance.h"

namespace otokura::storage {
namespace {

const absl::Time kDay = absl::FromUnixSeconds(1'763'769'600);

class MemorySite : public EngineSite {
 public:
  Engine& engine() override { return *engine_; }
  void CloseAndOpen() override { engine_->Crash(); }

 private:
  const std::unique_ptr<MemoryEngine> engine_ = MemoryEngine::Create();
};

INSTANTIATE_TEST_SUITE_P(Memory, EngineConformance,
                         testing::Values([]() -> std::unique_ptr<EngineSite> { return std::make_unique<MemorySite>(); }));

Batch PutOne(std::string_view key) {
  Batch batch;
  batch.Put(Table::kMeta, key, "value");
  return batch;
}

TEST(MemoryEngine, ACrashLosesWhatWasNotSynced) {
  const std::unique_ptr<MemoryEngine> engine = MemoryEngine::Create();
  AudioStore& audio = engine->audio();
  const AudioObjectId half = ObjectAt(kDay, 'h');
  const AudioObjectId never = ObjectAt(kDay, 'n');
  ASSERT_TRUE(audio.Append(half, 0, "kept").ok());
  ASSERT_TRUE(audio.Sync({&half, 1})[0].ok());
  ASSERT_TRUE(audio.Append(half, 4, "lost").ok());
  ASSERT_TRUE(audio.Append(never, 0, "lost").ok());
  engine->Crash();
  EXPECT_EQ(*audio.Size(half), 4u);
  EXPECT_EQ(audio.Size(never).status().code(), absl::StatusCode::kNotFound);
}

TEST(MemoryEngine, AnUnavailableCommitIsStoredOrNotAsOrdered) {
  const std::unique_ptr<MemoryEngine> engine = MemoryEngine::Create();
  const auto fail = [](StorageCall call, const AudioObjectId*) {
    return call == StorageCall::kCommit ? absl::UnavailableError("ordered") : absl::OkStatus();
  };
  engine->SetFault(fail, /*stores_anyway=*/false);
  EXPECT_TRUE(absl::IsUnavailable(engine->records().Commit(PutOne("dropped"))));
  engine->SetFault(fail, /*stores_anyway=*/true);
  EXPECT_TRUE(absl::IsUnavailable(engine->records().Commit(PutOne("stored"))));
  engine->SetFault(nullptr);
  EXPECT_FALSE(engine->records().Get(Table::kMeta, "dropped")->has_value());
  EXPECT_TRUE(engine->records().Get(Table::kMeta, "stored")->has_value());
}

TEST(MemoryEngine, I4_AfterAFailedAppendTheObjectTakesNoMoreUntilItIsCut) {
  for (const bool stores_anyway : {false, true}) {
    const std::unique_ptr<MemoryEngine> engine = MemoryEngine::Create();
    AudioStore& audio = engine->audio();
    const AudioObjectId object = ObjectAt(kDay);
    ASSERT_TRUE(audio.Append(object, 0, "good").ok());
    engine->SetFault([](StorageCall, const AudioObjectId*) { return absl::UnavailableError("ordered"); }, stores_anyway);
    EXPECT_TRUE(absl::IsUnavailable(audio.Append(object, 4, "fate")));
    engine->SetFault(nullptr);
    EXPECT_EQ(*audio.Size(object), stores_anyway ? 8u : 4u);
    EXPECT_EQ(audio.Append(object, *audio.Size(object), "x").code(), absl::StatusCode::kFailedPrecondition);
    ASSERT_TRUE(audio.Truncate(object, 4).ok());
    EXPECT_TRUE(audio.Append(object, 4, "x").ok());
  }
}

TEST(MemoryEngine, I4_AFailedSyncIsNeverFollowedByAGoodOne) {
  const std::unique_ptr<MemoryEngine> engine = MemoryEngine::Create();
  AudioStore& audio = engine->audio();
  const AudioObjectId object = ObjectAt(kDay);
  ASSERT_TRUE(audio.Append(object, 0, "lost").ok());
  engine->SetFault([](StorageCall call, const AudioObjectId*) {
    return call == StorageCall::kSync ? absl::UnavailableError("ordered") : absl::OkStatus();
  });
  EXPECT_TRUE(absl::IsUnavailable(audio.Sync({&object, 1})[0]));
  engine->SetFault(nullptr);
  EXPECT_TRUE(absl::IsUnavailable(audio.Sync({&object, 1})[0]));
  engine->Crash();
  EXPECT_EQ(audio.Size(object).status().code(), absl::StatusCode::kNotFound);
}

TEST(MemoryEngine, NoSpaceStoresNothing) {
  const std::unique_ptr<MemoryEngine> engine = MemoryEngine::Create();
  const AudioObjectId object = ObjectAt(kDay);
  engine->SetFault([](StorageCall, const AudioObjectId*) { return absl::ResourceExhaustedError("ordered"); }, /*stores_anyway=*/true);
  EXPECT_TRUE(absl::IsResourceExhausted(engine->audio().Append(object, 0, "x")));
  EXPECT_TRUE(absl::IsResourceExhausted(engine->records().Commit(PutOne("x"))));
  engine->SetFault(nullptr);
  EXPECT_EQ(engine->audio().Size(object).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(engine->records().Get(Table::kMeta, "x")->has_value());
}

}  // namespace
}  // namespace otokura::storage
