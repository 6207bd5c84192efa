#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/unit/storage/engine_conformance.h"

namespace otokura::storage {
namespace {

using testing::ElementsAre;

const absl::Time kDay = absl::FromUnixSeconds(1'763'769'600);  // 2025-11-22 00:00 UTC
constexpr size_t kPieceBytes = 16 * 1024 + 16;                 // a sealed chunk, as a live call appends them

std::string Piece(char fill) { return std::string(kPieceBytes, fill); }

std::string Contents(const AudioStore& audio, const AudioObjectId& object) {
  const absl::StatusOr<uint64_t> size = audio.Size(object);
  if (!size.ok()) return absl::StrCat("no size: ", size.status().message());
  std::string bytes = "to be replaced";
  const absl::Status status = audio.Read(object, 0, *size, &bytes);
  return status.ok() ? bytes : absl::StrCat("not read: ", status.message());
}

absl::Status SyncOne(AudioStore& audio, const AudioObjectId& object) { return audio.Sync({&object, 1}).at(0); }

std::vector<std::pair<AudioObjectId, uint64_t>> Listed(const AudioStore& audio) {
  std::vector<std::pair<AudioObjectId, uint64_t>> listed;
  EXPECT_TRUE(audio
                  .List(
                      [&](const AudioObjectId& object, uint64_t size) {
                        listed.emplace_back(object, size);
                        return true;
                      },
                      [](std::string_view name) { ADD_FAILURE() << "foreign: " << name; })
                  .ok());
  return listed;
}

TEST_P(EngineConformance, AppendsFollowOneAnother) {
  const AudioObjectId object = ObjectAt(kDay);
  std::string expected;
  for (int i = 0; i < 40; ++i) {
    const std::string piece = Piece(static_cast<char>('a' + i % 26));
    ASSERT_TRUE(audio().Append(object, expected.size(), piece).ok());
    expected += piece;
  }
  EXPECT_EQ(*audio().Size(object), expected.size()) << "allocated ahead must not show in the size";
  EXPECT_EQ(Contents(audio(), object), expected);
  EXPECT_TRUE(SyncOne(audio(), object).ok());
}

TEST_P(EngineConformance, AppendsElsewhereThanAtTheEndAreRefused) {
  const AudioObjectId object = ObjectAt(kDay);
  EXPECT_EQ(audio().Append(object, 1, "late").code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(audio().Append(object, 0, "12345").ok());
  for (uint64_t offset : {uint64_t{0}, uint64_t{4}, uint64_t{6}, uint64_t{1} << 62}) {
    EXPECT_EQ(audio().Append(object, offset, "x").code(), absl::StatusCode::kFailedPrecondition) << offset;
  }
  EXPECT_EQ(Contents(audio(), object), "12345");
}

TEST_P(EngineConformance, ReadsGiveExactlyWhatWasAskedOrNothing) {
  const AudioObjectId object = ObjectAt(kDay);
  ASSERT_TRUE(audio().Append(object, 0, "0123456789").ok());
  std::string bytes;
  EXPECT_TRUE(audio().Read(object, 3, 4, &bytes).ok());
  EXPECT_EQ(bytes, "3456");
  EXPECT_TRUE(audio().Read(object, 10, 0, &bytes).ok());
  EXPECT_EQ(bytes, "");
  EXPECT_EQ(audio().Read(object, 8, 3, &bytes).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(audio().Read(object, 11, 0, &bytes).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(audio().Read(object, 1, ~uint64_t{0}, &bytes).code(), absl::StatusCode::kOutOfRange) << "no overflow, no giant buffer";
  EXPECT_EQ(audio().Read(ObjectAt(kDay, 'x'), 0, 1, &bytes).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(audio().Size(ObjectAt(kDay, 'x')).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(EngineConformance, SyncsAnswerForEachObjectInOrder) {
  std::vector<AudioObjectId> few, many;
  for (uint32_t part = 0; part < 12; ++part) {
    const AudioObjectId object = ObjectAt(kDay, 'r', part);
    ASSERT_TRUE(audio().Append(object, 0, Piece('s')).ok());
    (part < 2 ? few : many).push_back(object);
  }
  const AudioObjectId absent = ObjectAt(kDay, 'x');
  few.insert(few.begin() + 1, absent);
  many.insert(many.begin() + 3, absent);
  for (const std::vector<AudioObjectId>& objects : {few, many}) {
    const std::vector<absl::Status> statuses = audio().Sync(objects);
    ASSERT_EQ(statuses.size(), objects.size());
    for (size_t i = 0; i < objects.size(); ++i) {
      EXPECT_EQ(statuses[i].code(), objects[i] == absent ? absl::StatusCode::kNotFound : absl::StatusCode::kOk) << i;
    }
  }
  EXPECT_TRUE(audio().Sync({}).empty());
}

TEST_P(EngineConformance, I4_SyncedAudioSurvivesOpeningAgain) {
  const AudioObjectId object = ObjectAt(kDay);
  ASSERT_TRUE(audio().Append(object, 0, Piece('a')).ok());
  ASSERT_TRUE(audio().Append(object, kPieceBytes, Piece('b')).ok());
  ASSERT_TRUE(SyncOne(audio(), object).ok());
  site_->CloseAndOpen();
  EXPECT_EQ(Contents(audio(), object), Piece('a') + Piece('b'));
  EXPECT_TRUE(SyncOne(audio(), object).ok()) << "a length is synced again before it is reported";
  EXPECT_TRUE(audio().Append(object, 2 * kPieceBytes, "more").ok());
}

TEST_P(EngineConformance, TruncateCutsForGood) {
  const AudioObjectId object = ObjectAt(kDay);
  ASSERT_TRUE(audio().Append(object, 0, "0123456789").ok());
  ASSERT_TRUE(SyncOne(audio(), object).ok());
  EXPECT_EQ(audio().Truncate(object, 11).code(), absl::StatusCode::kOutOfRange);
  ASSERT_TRUE(audio().Truncate(object, 4).ok());
  EXPECT_EQ(Contents(audio(), object), "0123");
  EXPECT_EQ(audio().Append(object, 10, "x").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(audio().Append(object, 4, "abc").ok());
  EXPECT_EQ(Contents(audio(), object), "0123abc");
  EXPECT_EQ(audio().Truncate(ObjectAt(kDay, 'x'), 0).code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(audio().Truncate(object, 2).ok());
  site_->CloseAndOpen();
  EXPECT_EQ(Contents(audio(), object), "01") << "durable without a sync";
}

TEST_P(EngineConformance, SealedObjectsTakeNoMore) {
  const AudioObjectId object = ObjectAt(kDay);
  ASSERT_TRUE(audio().Append(object, 0, Piece('a')).ok());
  ASSERT_TRUE(audio().Append(object, kPieceBytes, Piece('b')).ok());
  ASSERT_TRUE(SyncOne(audio(), object).ok());
  ASSERT_TRUE(audio().Seal(object).ok());
  EXPECT_TRUE(audio().Seal(object).ok()) << "sealing again is harmless";
  EXPECT_EQ(audio().Append(object, 2 * kPieceBytes, "x").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(audio().Truncate(object, 1).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Contents(audio(), object), Piece('a') + Piece('b'));
  site_->CloseAndOpen();
  EXPECT_EQ(audio().Append(object, 2 * kPieceBytes, "x").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Contents(audio(), object), Piece('a') + Piece('b'));
  EXPECT_EQ(audio().Seal(ObjectAt(kDay, 'x')).code(), absl::StatusCode::kNotFound);
}

TEST_P(EngineConformance, DeletedObjectsAreGone) {
  const AudioObjectId object = ObjectAt(kDay);
  ASSERT_TRUE(audio().Append(object, 0, "old").ok());
  ASSERT_TRUE(SyncOne(audio(), object).ok());
  ASSERT_TRUE(audio().Seal(object).ok());
  ASSERT_TRUE(audio().Delete(object).ok());
  EXPECT_TRUE(audio().Delete(object).ok());
  EXPECT_TRUE(audio().Delete(ObjectAt(kDay + absl::Hours(24 * 400))).ok()) << "in a folder that never was";
  EXPECT_EQ(audio().Size(object).status().code(), absl::StatusCode::kNotFound);
  site_->CloseAndOpen();
  EXPECT_EQ(audio().Size(object).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Listed(audio()), testing::IsEmpty());
}

TEST_P(EngineConformance, ListsInIdOrderWithSizes) {
  // Written in another order, over a year's end, with part numbers whose text sorts otherwise.
  const AudioObjectId late = ObjectAt(kDay + absl::Hours(24 * 60), 'a');
  const AudioObjectId early = ObjectAt(kDay, 'b');
  const AudioObjectId part2 = ObjectAt(kDay, 'b', 2);
  const AudioObjectId part10 = ObjectAt(kDay, 'b', 10);
  for (const AudioObjectId& object : {late, part10, part2, early}) {
    ASSERT_TRUE(audio().Append(object, 0, std::string(object.part + 1, 'x')).ok());
    ASSERT_TRUE(SyncOne(audio(), object).ok());
  }
  EXPECT_THAT(Listed(audio()), ElementsAre(std::pair(early, 1u), std::pair(part2, 3u), std::pair(part10, 11u), std::pair(late, 1u)));
  int seen = 0;
  ASSERT_TRUE(audio().List([&](const AudioObjectId&, uint64_t) { return ++seen < 2; }, [](std::string_view) {}).ok());
  EXPECT_EQ(seen, 2);
}

TEST_P(EngineConformance, ManyReadWhileOneAppends) {
  const AudioObjectId object = ObjectAt(kDay);
  ASSERT_TRUE(audio().Append(object, 0, Piece('a')).ok());
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        std::string bytes;
        EXPECT_TRUE(audio().Read(object, 100, 1000, &bytes).ok());
        EXPECT_EQ(bytes, std::string(1000, 'a'));
      }
    });
  }
  for (int i = 1; i < 50; ++i) {
    ASSERT_TRUE(audio().Append(object, i * kPieceBytes, Piece('a')).ok());
    if (i % 10 == 0) {
      ASSERT_TRUE(SyncOne(audio(), object).ok());
    }
  }
  for (std::thread& reader : readers) reader.join();
}

TEST_P(EngineConformance, TellsHowMuchSpaceIsLeft) {
  const absl::StatusOr<FreeSpace> space = audio().Free();
  ASSERT_TRUE(space.ok());
  EXPECT_GT(space->total_bytes, 0u);
  EXPECT_LE(space->available_bytes, space->total_bytes);
}

}  // namespace
}  // namespace otokura::storage
