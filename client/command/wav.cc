#include "client/command/wav.h"

#include "absl/strings/str_cat.h"

namespace otokura::client {
namespace {

constexpr uint16_t kPcm = 1;
constexpr uint16_t kALaw = 6;
constexpr uint16_t kMuLaw = 7;
constexpr uint16_t kExtensible = 0xFFFE;
// The rest of a sub-format GUID that means "the format code in the first two bytes".
constexpr std::string_view kSubformatTail("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71", 14);
constexpr uint64_t kWavBytesMax = UINT32_MAX;

uint32_t Little(std::string_view bytes, size_t at, int count) {
  uint32_t value = 0;
  for (int i = count - 1; i >= 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[at + static_cast<size_t>(i)]);
  return value;
}

void AppendLittle(uint64_t value, int count, std::string* bytes) {
  for (int i = 0; i < count; ++i) bytes->push_back(static_cast<char>(value >> (8 * i)));
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
  if (code == kPcm && bits == 16) format.encoding = Encoding::kL16;
  if (code == kMuLaw && bits == 8) format.encoding = Encoding::kPcmu;
  if (code == kALaw && bits == 8) format.encoding = Encoding::kPcma;
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
  const bool g711 = format.encoding != Encoding::kL16;
  const size_t header_bytes = g711 ? 58 : 44;
  if (audio_bytes > kWavBytesMax - header_bytes) {
    return absl::OutOfRangeError(
        absl::StrCat(audio_bytes, " bytes of audio do not fit into a WAV file (4 GiB); take them with --raw, or in ranges"));
  }
  const uint64_t padding = audio_bytes % 2;
  std::string header = "RIFF";
  AppendLittle(header_bytes - 8 + audio_bytes + padding, 4, &header);
  header += "WAVEfmt ";
  AppendLittle(g711 ? 18 : 16, 4, &header);
  AppendLittle(format.encoding == Encoding::kL16 ? kPcm : format.encoding == Encoding::kPcmu ? kMuLaw : kALaw, 2, &header);
  AppendLittle(1, 2, &header);
  AppendLittle(format.sample_rate_hz, 4, &header);
  AppendLittle(format.bytes_per_second(), 4, &header);
  AppendLittle(format.bytes_per_sample(), 2, &header);
  AppendLittle(format.bytes_per_sample() * 8, 2, &header);
  if (g711) {
    AppendLittle(0, 2, &header);
    header += "fact";
    AppendLittle(4, 4, &header);
    AppendLittle(audio_bytes, 4, &header);
  }
  header += "data";
  AppendLittle(audio_bytes, 4, &header);
  return header;
}

}  // namespace otokura::client
