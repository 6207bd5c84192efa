#include "server/access/audio_formats.h"

#include "absl/strings/str_cat.h"

namespace otokura::access {

absl::Status CheckAudioFormat(const v1::AudioFormat& format) {
  const bool g711 = format.encoding() == v1::AudioFormat::PCMU || format.encoding() == v1::AudioFormat::PCMA;
  if (!g711 && format.encoding() != v1::AudioFormat::L16LE) {
    return absl::InvalidArgumentError(
        absl::StrCat("format.encoding: ", static_cast<int>(format.encoding()), " is not known; use PCMU, PCMA or L16LE"));
  }
  const bool rate_ok = format.sample_rate_hz() == 8000 || (!g711 && format.sample_rate_hz() == 16000);
  if (!rate_ok) {
    return absl::InvalidArgumentError(
        absl::StrCat("format.sample_rate_hz: ", format.sample_rate_hz(), " is not taken; use 8000", g711 ? "" : " or 16000"));
  }
  if (format.channels() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("format.channels: ", format.channels(), "; must be 1, send each party as a leg of its own"));
  }
  return absl::OkStatus();
}

bool SameFormat(const v1::AudioFormat& a, const v1::AudioFormat& b) {
  return a.encoding() == b.encoding() && a.sample_rate_hz() == b.sample_rate_hz() && a.channels() == b.channels();
}

}  // namespace otokura::access
