#include "server/recordings/formats.h"

namespace otokura::recordings {

uint64_t BytesPerSecond(const v1::AudioFormat& format) {
  const uint64_t sample_bytes = format.encoding() == v1::AudioFormat::L16LE ? 2 : 1;
  return sample_bytes * format.sample_rate_hz() * format.channels();
}

char SilenceByte(const v1::AudioFormat& format) {
  switch (format.encoding()) {
    case v1::AudioFormat::PCMU:
      return static_cast<char>(0xff);
    case v1::AudioFormat::PCMA:
      return static_cast<char>(0xd5);
    default:
      return 0;
  }
}

}  // namespace otokura::recordings
