#include "client/command/wav.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace otokura::client {
namespace {

using ::testing::HasSubstr;

std::string Little(uint64_t value, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
  return bytes;
}

struct Fmt {
  uint64_t code = 1, channels = 1, rate = 8000, block = 2, bits = 16;
  std::string Chunk() const {
    return "fmt " + Little(16, 4) + Little(code, 2) + Little(channels, 2) + Little(rate, 4) + Little(rate * block, 4) + Little(block, 2) +
           Little(bits, 2);
  }
};

std::string Chunk(const std::string& name, const std::string& body) {
  return name + Little(body.size(), 4) + body + (body.size() % 2 == 1 ? std::string(1, '\0') : "");
}
std::string Wav(const std::string& chunks) { return "RIFF" + Little(4 + chunks.size(), 4) + "WAVE" + chunks; }

void ExpectRefused(const std::string& wav, const std::string& why) {
  const auto parsed = ParseWav(wav);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(why));
}

TEST(WavTest, ReadsWhatRecordersWrite) {
  const struct {
    Fmt fmt;
    AudioFormat format;
  } cases[] = {{{}, {Encoding::kL16, 8000}},
               {{.rate = 16000}, {Encoding::kL16, 16000}},
               {{.code = 7, .block = 1, .bits = 8}, {Encoding::kPcmu, 8000}},
               {{.code = 6, .block = 1, .bits = 8}, {Encoding::kPcma, 8000}}};
  for (const auto& one : cases) {
    const auto parsed = ParseWav(Wav(one.fmt.Chunk() + Chunk("data", "abcdef")));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->format, one.format);
    EXPECT_EQ(parsed->audio_offset, 44u);
    EXPECT_EQ(parsed->audio_bytes, 6u);
  }
}

TEST(WavTest, PassesOverOtherChunksAndTheirPadding) {
  const std::string wav = Wav(Chunk("LIST", "odd") + Fmt().Chunk() + Chunk("bext", std::string(601, 'x')) + Chunk("data", "ab"));
  const auto parsed = ParseWav(wav);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(wav.substr(parsed->audio_offset, 2), "ab");
}

TEST(WavTest, ExtensiblePcmIsPcm) {
  const std::string tail("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71", 14);
  const std::string body = Fmt{.code = 0xFFFE}.Chunk().substr(8) + Little(22, 2) + Little(16, 2) + Little(4, 4) + Little(1, 2) + tail;
  EXPECT_TRUE(ParseWav(Wav(Chunk("fmt ", body) + Chunk("data", "ab"))).ok());
  std::string other = body;
  other.back() ^= 1;
  ExpectRefused(Wav(Chunk("fmt ", other) + Chunk("data", "ab")), "extensible");
  ExpectRefused(Wav(Fmt{.code = 0xFFFE}.Chunk() + Chunk("data", "ab")), "extensible");
}

TEST(WavTest, ALengthLeftOpenMeansToTheEnd) {
  const auto parsed = ParseWav(Wav(Fmt().Chunk() + "data" + Little(0xFFFFFFFF, 4) + "ab"));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_FALSE(parsed->audio_bytes.has_value());
}

TEST(WavTest, RefusalsNameTheReason) {
  const std::string data = Chunk("data", "abcd");
  ExpectRefused("", "does not begin");
  ExpectRefused("RIFX0000WAVE", "does not begin");
  ExpectRefused(Wav(data), "before its format");
  ExpectRefused(Wav(Fmt().Chunk()), "no audio");
  ExpectRefused(Wav(Fmt().Chunk() + Fmt().Chunk() + data), "two format chunks");
  ExpectRefused(Wav(Chunk("fmt ", "short") + data), "too short");
  ExpectRefused(Wav(Fmt{.channels = 2, .block = 4}.Chunk() + data), "2 channels");
  ExpectRefused(Wav(Fmt{.rate = 44100}.Chunk() + data), "44100 Hz");
  ExpectRefused(Wav(Fmt{.block = 1, .bits = 8}.Chunk() + data), "8 bits");
  ExpectRefused(Wav(Fmt{.code = 7, .rate = 16000, .block = 1, .bits = 8}.Chunk() + data), "16000 Hz");
  ExpectRefused(Wav(Fmt{.code = 85}.Chunk() + data), "format code 85");
  ExpectRefused(Wav(Fmt{.block = 4}.Chunk() + data), "sample takes 4");
  ExpectRefused(Wav(Fmt().Chunk() + Chunk("data", "abc")), "middle of a sample");
  ExpectRefused(Wav(Chunk("junk", std::string(kWavHeadBytesMax, 'x'))).substr(0, kWavHeadBytesMax), "no audio");
  ExpectRefused(Wav("junk" + Little(0xFFFFFFFF, 4) + "x"), "no audio");
}

TEST(WavTest, HostileInputIsRefusedOrReadWithinBounds) {
  const std::string good = Wav(Chunk("LIST", "abc") + Fmt().Chunk() + Chunk("data", "abcd"));
  for (size_t cut = 0; cut < good.size(); ++cut) {
    const auto parsed = ParseWav(good.substr(0, cut));
    if (parsed.ok()) {
      EXPECT_LE(parsed->audio_offset, cut);
    }
  }
  std::mt19937 random(7);
  for (int round = 0; round < 100'000; ++round) {
    std::string bad = good;
    for (int i = 0; i < 3; ++i) bad[random() % bad.size()] = static_cast<char>(random());
    const auto parsed = ParseWav(bad);
    if (parsed.ok()) {
      EXPECT_LE(parsed->audio_offset, bad.size());
    }
  }
}

TEST(WavTest, HeadersReadBack) {
  const AudioFormat formats[] = {{Encoding::kL16, 8000}, {Encoding::kL16, 16000}, {Encoding::kPcmu, 8000}, {Encoding::kPcma, 8000}};
  for (const AudioFormat& format : formats) {
    const auto header = WavHeader(format, 1000);
    ASSERT_TRUE(header.ok()) << header.status();
    EXPECT_EQ(header->size(), format.encoding == Encoding::kL16 ? 44u : 58u);
    const auto parsed = ParseWav(*header);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->format, format);
    EXPECT_EQ(parsed->audio_offset, header->size());
    EXPECT_EQ(parsed->audio_bytes, 1000u);
  }
  EXPECT_EQ(WavHeader(formats[0], uint64_t{1} << 32).status().code(), absl::StatusCode::kOutOfRange);
}

}  // namespace
}  // namespace otokura::client
