#include "proto/audio/wav_header.h"

#include "absl/strings/str_cat.h"

namespace otokura::audio {
namespace {

constexpr uint64_t kWavBytesMax = UINT32_MAX;

void AppendLittle(uint64_t value, int count, std::string* bytes) {
  for (int i = 0; i < count; ++i) bytes->push_back(static_cast<char>(value >> (8 * i)));
}

uint16_t CodeOf(v1::AudioFormat::Encoding encoding) {
  if (encoding == v1::AudioFormat::L16LE) return kWavPcm;
  return encoding == v1::AudioFormat::PCMU ? kWavMuLaw : kWavALaw;
}

}  // namespace

absl::StatusOr<std::string> WavHeader(const v1::AudioFormat& format, uint64_t audio_bytes) {
  const bool g711 = format.encoding() != v1::AudioFormat::L16LE;
  const uint32_t sample_bytes = g711 ? 1 : 2;
  const size_t header_bytes = g711 ? 58 : 44;
  if (audio_bytes > kWavBytesMax - header_bytes) {
    return absl::OutOfRangeError(
        absl::StrCat(audio_bytes, " bytes of audio do not fit into a WAV file (4 GiB); take them raw, or in ranges, by `otokura get`"));
  }
  std::string header = "RIFF";
  AppendLittle(header_bytes - 8 + audio_bytes + audio_bytes % 2, 4, &header);
  header += "WAVEfmt ";
  AppendLittle(g711 ? 18 : 16, 4, &header);
  AppendLittle(CodeOf(format.encoding()), 2, &header);
  AppendLittle(1, 2, &header);
  AppendLittle(format.sample_rate_hz(), 4, &header);
  AppendLittle(uint64_t{format.sample_rate_hz()} * sample_bytes, 4, &header);
  AppendLittle(sample_bytes, 2, &header);
  AppendLittle(uint64_t{sample_bytes} * 8, 2, &header);
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

}  // namespace otokura::audio
