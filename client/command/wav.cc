#include "client/command/wav.h"

#include "absl/strings/str_cat.h"
#include "client/convert.h"
#include "proto/audio/wav_header.h"

namespace otokura::client {
namespace {

using audio::kWavALaw;
using audio::kWavMuLaw;
using audio::kWavPcm;

constexpr uint16_t kExtensible = 0xFFFE;
// The rest of a sub-format GUID that means "the format code in the first two bytes".
constexpr std::string_view kSubformatTail("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71", 14);

uint32_t Little(std::string_view bytes, size_t at, int count) {
  uint32_t value = 0;
  for (int i = count - 1; i >= 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[at + static_cast<size_t>(i)]);
  return value;
}

absl::Status Not(std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("WAV: ", absl::string_view(why.data(), why.size()),
                                                 "; needed is mono PCM of 16 bits at 8 or 16 kHz, or G.711 at 8 kHz"));
}

absl::StatusOr<AudioFormat> ParseFormatChunk(std::string_view chunk) {
  if (chunk.size() < 16) return Not("the format chunk is too short");
  uint32_t code = Little(chunk, 0, 2);
  const uint32_t channels = Little(chunk, 2, 2), rate = Little(chunk, 4, 4), block = Little(chunk, 12, 2), bits = Little(chunk, 14, 2);
  if (code == kExtensible) {
    if (chunk.size() < 40 || chunk.substr(26, 14) != kSubformatTail) return Not("the extensible format is of an unknown kind");
    code = Little(chunk, 24, 2);
  }
  if (channels != 1) return Not(absl::StrCat("it has ", channels, " channels; record each leg as a file of its own"));
  AudioFormat format{.sample_rate_hz = rate};
  if (code == kWavPcm && bits == 16) format.encoding = Encoding::kL16;
  if (code == kWavMuLaw && bits == 8) format.encoding = Encoding::kPcmu;
  if (code == kWavALaw && bits == 8) format.encoding = Encoding::kPcma;
  if (format.encoding == Encoding::kUnspecified) return Not(absl::StrCat("format code ", code, " with ", bits, " bits"));
  const bool wide = format.encoding == Encoding::kL16 && rate == 16000;
  if (rate != 8000 && !wide) return Not(absl::StrCat("the sample rate is ", rate, " Hz"));
  if (block != format.bytes_per_sample()) return Not(absl::StrCat("a sample takes ", block, " bytes"));
  return format;
}

}  // namespace

absl::StatusOr<WavHead> ParseWav(std::string_view head) {
  if (head.size() < 12 || !LooksLikeWav(head) || head.substr(8, 4) != "WAVE") return Not("it does not begin as a WAV file does");
  std::optional<AudioFormat> format;
  for (size_t at = 12; head.size() - at >= 8;) {
    const std::string_view name = head.substr(at, 4);
    const uint32_t bytes = Little(head, at + 4, 4);
    const size_t body = at + 8;
    if (name == "data") {
      if (!format.has_value()) return Not("the audio comes before its format");
      WavHead result{.format = *format, .audio_offset = body, .audio_bytes = {}};
      if (bytes != UINT32_MAX) result.audio_bytes = bytes;
      if (bytes != UINT32_MAX && bytes % format->bytes_per_sample() != 0) return Not("the audio ends in the middle of a sample");
      return result;
    }
    const uint64_t next = uint64_t{body} + bytes + bytes % 2;  // chunks are padded to even lengths
    if (next > head.size()) break;
    if (name == "fmt ") {
      if (format.has_value()) return Not("it has two format chunks");
      auto parsed = ParseFormatChunk(head.substr(body, bytes));
      if (!parsed.ok()) return parsed.status();
      format = *parsed;
    }
    at = static_cast<size_t>(next);
  }
  return Not(absl::StrCat("no audio begins within its first ", kWavHeadBytesMax, " bytes"));
}

absl::StatusOr<std::string> WavHeader(const AudioFormat& format, uint64_t audio_bytes) {
  return audio::WavHeader(ToProto(format), audio_bytes);
}

}  // namespace otokura::client
