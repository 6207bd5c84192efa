#include "client/command/text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "absl/time/time.h"
#include "client/command/sidecar.h"
#include "client/utf8.h"

namespace otokura::client {
namespace {

TEST(TextTest, TimesAreRfc3339OrLocalDates) {
  EXPECT_EQ(*ParseTime("", DayEdge::kStart), Time());
  EXPECT_EQ(Rfc3339(*ParseTime("2026-04-01T09:30:00+09:00", DayEdge::kStart)), "2026-04-01T00:30:00.000Z");
  const Time start = *ParseTime("2026-04-30", DayEdge::kStart), end = *ParseTime("2026-04-30", DayEdge::kEnd);
  EXPECT_EQ(LocalTimeText(start), "2026-04-30 00:00:00");
  EXPECT_EQ(LocalTimeText(end), "2026-05-01 00:00:00");
  for (const char* bad : {"yesterday", "2026-04-31", "2026-13-01", "2026/04/01", "2026-04-01T09:30:00"}) {
    EXPECT_EQ(ParseTime(bad, DayEdge::kStart).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
  EXPECT_EQ(DurationText(std::chrono::milliseconds(3'723'999)), "1:02:03");
}

TEST(TextTest, FormatsHaveRates) {
  EXPECT_EQ(*ParseFormat("pcmu"), (AudioFormat{Encoding::kPcmu, 8000}));
  EXPECT_EQ(*ParseFormat("l16:16000"), (AudioFormat{Encoding::kL16, 16000}));
  for (const char* bad : {"", "mp3", "pcmu:16000", "l16:", "l16:44100", "l16:x"}) EXPECT_FALSE(ParseFormat(bad).ok()) << bad;
}

TEST(TextTest, TablesAlignWideCharactersAndShowNoControlCharacters) {
  Table table({"NAME", "CENTRE"});
  table.Add({"東京", "a"});
  table.Add({"x\x1B[31m", "b"});
  EXPECT_EQ(table.Text(), "NAME    CENTRE\n東京    a\nx?[31m  b\n");
}

TEST(SidecarTest, KnownFieldsOnly) {
  const auto sidecar = ParseSidecar(R"({"call_id":"a-1","caller_number":"03","queue":"q","leg":"agent","start_unix_ms":1000})");
  ASSERT_TRUE(sidecar.ok()) << sidecar.status();
  EXPECT_EQ(sidecar->personal.call_id, "a-1");
  EXPECT_EQ(sidecar->queue, "q");
  EXPECT_EQ(sidecar->leg, Leg::kAgent);
  EXPECT_EQ(sidecar->start, Time(std::chrono::seconds(1)));
  EXPECT_TRUE(ParseSidecar("{}").ok());
}

TEST(SidecarTest, AnythingElseIsRefusedWithoutRepeatingValues) {
  for (const std::string& bad : {std::string("secret"), std::string("[]"), std::string(R"({"callid":"secret"})"),
                                 std::string(R"({"call_id":5})"), std::string(R"({"leg":"both"})"), std::string(R"({"start_unix_ms":-1})"),
                                 std::string(R"({"start_unix_ms":"1"})"), std::string(R"({"start_unix_ms":1e300})"), std::string("{\"a\":"),
                                 std::string(100'000, '['), "{\"notes\":\"" + std::string(70'000, 'x') + "\"}"}) {
    const auto sidecar = ParseSidecar(bad);
    EXPECT_EQ(sidecar.status().code(), absl::StatusCode::kInvalidArgument) << bad.substr(0, 40);
    EXPECT_EQ(sidecar.status().message().find("secret"), absl::string_view::npos);
  }
  // Deep nesting within the size limit must not overflow the stack.
  EXPECT_FALSE(ParseSidecar(std::string(60'000, '[')).ok());
  EXPECT_FALSE(ParseSidecar("{\"notes\":" + std::string(30'000, '[') + std::string(30'000, ']') + "}").ok());
}

TEST(Utf8Test, FollowsRfc3629) {
  for (const char* good : {"", "abc", "é", "東京", "😀", "\xF4\x8F\xBF\xBF"}) EXPECT_TRUE(IsUtf8(good)) << good;
  for (const char* bad :
       {"\x80", "\xC0\x80", "\xC3", "\xC3\x28", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xFF"}) {
    EXPECT_FALSE(IsUtf8(bad)) << bad;
  }
}

}  // namespace
}  // namespace otokura::client
