#include "server/storage/recording_id.h"

#include <gtest/gtest.h>

#include <string>

namespace otokura::storage {
namespace {

// The example of RFC 9562, appendix A.6.
constexpr char kExample[] = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
constexpr int64_t kExampleMilliseconds = 1645557742000;

TEST(RecordingId, PublishedExampleReadsAndPrints) {
  const absl::StatusOr<RecordingId> id = RecordingId::Parse(kExample);
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(id->Text(), kExample);
  EXPECT_EQ(id->time(), absl::FromUnixMillis(kExampleMilliseconds));
}

TEST(RecordingId, MakeSetsTimeVersionAndVariantOverAnyRandom) {
  const std::string ones(10, '\xff');
  const RecordingId id = RecordingId::Make(absl::FromUnixMillis(kExampleMilliseconds), ones);
  EXPECT_EQ(id.Text(), "017f22e2-79b0-7fff-bfff-ffffffffffff");
  EXPECT_TRUE(RecordingId::FromBytes(id.bytes()).ok());
}

TEST(RecordingId, FirstAtIsTheSmallestOfItsMillisecond) {
  const absl::Time time = absl::FromUnixMillis(kExampleMilliseconds);
  const RecordingId first = RecordingId::FirstAt(time);
  EXPECT_EQ(first, RecordingId::Make(time, std::string(10, '\0')));
  EXPECT_LT(first, RecordingId::Make(time, std::string(9, '\0') + "\x01"));
  EXPECT_GT(first, RecordingId::Make(time - absl::Milliseconds(1), std::string(10, '\xff')));
}

TEST(RecordingId, TimesOutsideTheFieldAreClamped) {
  EXPECT_EQ(RecordingId::FirstAt(absl::InfinitePast()).time(), absl::UnixEpoch());
  EXPECT_EQ(RecordingId::FirstAt(absl::InfiniteFuture()).time(), absl::FromUnixMillis((int64_t{1} << 48) - 1));
}

TEST(RecordingId, EverySpellingButOneIsRefused) {
  for (const std::string& text : {
           std::string(),
           std::string("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"),    // upper case
           std::string("017f22e279b07cc398c4dc0c0c07398f"),        // no hyphens
           std::string("{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}"),  // braces
           std::string("017f22e2-79b0-4cc3-98c4-dc0c0c07398f"),    // version 4
           std::string("017f22e2-79b0-7cc3-c8c4-dc0c0c07398f"),    // another variant
           std::string("017f22e2-79b0-7cc3-98c4-dc0c0c07398"),     // short
           std::string("017f22e2-79b0-7cc3-98c4-dc0c0c07398f0"),   // long
           std::string("017f22e2-79b0-7cc3-98c4-dc0c0c07398g"),    // not a digit
           std::string("017f22e27-9b0-7cc3-98c4-dc0c0c07398f"),    // hyphen elsewhere
           std::string("017f22e2-79b0-7cc3-98c4-dc0c0c0739\0f", 36),
       }) {
    EXPECT_EQ(RecordingId::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(RecordingId, BytesOfTheWrongLengthOrKindAreRefused) {
  const RecordingId id = *RecordingId::Parse(kExample);
  std::string bytes(id.bytes());
  EXPECT_EQ(*RecordingId::FromBytes(bytes), id);
  EXPECT_FALSE(RecordingId::FromBytes(bytes.substr(1)).ok());
  EXPECT_FALSE(RecordingId::FromBytes(bytes + "x").ok());
  bytes[6] = '\x40';
  EXPECT_FALSE(RecordingId::FromBytes(bytes).ok());
}

}  // namespace
}  // namespace otokura::storage
