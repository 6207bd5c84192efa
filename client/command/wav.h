// WAV (RIFF) headers: reading those that recorders write, writing those that players read. Input is hostile.
#ifndef OTOKURA_CLIENT_COMMAND_WAV_H_
#define OTOKURA_CLIENT_COMMAND_WAV_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "otokura/recording.h"

namespace otokura::client {

// The audio must begin within this much of the file: what comes before it is a format, and perhaps notes.
inline constexpr size_t kWavHeadBytesMax = 64 * 1024;

struct WavHead {
  AudioFormat format;
  size_t audio_offset = 0;
  std::optional<uint64_t> audio_bytes;  // absent where a program that could not seek left it open: to the end
};

inline bool LooksLikeWav(std::string_view head) { return head.substr(0, 4) == "RIFF"; }

// `head` is the first kWavHeadBytesMax bytes of a file, or all of a shorter one. INVALID_ARGUMENT says what is not as it should be, and
// what would be: mono, 8 or 16 kHz 16-bit PCM, or 8 kHz G.711.
absl::StatusOr<WavHead> ParseWav(std::string_view head);

// The header for `audio_bytes` of audio: 44 bytes for L16, 58 for G.711 (which needs a fact chunk). OUT_OF_RANGE past what WAV's 32 bits
// can say.
absl::StatusOr<std::string> WavHeader(const AudioFormat& format, uint64_t audio_bytes);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_WAV_H_
