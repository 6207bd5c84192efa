// The head of a WAV (RIFF) file, as players read it.
#ifndef OTOKURA_PROTO_AUDIO_WAV_HEADER_H_
#define OTOKURA_PROTO_AUDIO_WAV_HEADER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "otokura/v1/recording.pb.h"

namespace otokura::audio {

inline constexpr uint16_t kWavPcm = 1;
inline constexpr uint16_t kWavALaw = 6;
inline constexpr uint16_t kWavMuLaw = 7;

// The header for `audio_bytes` of audio: 44 bytes for L16LE, 58 for G.711 (which needs a fact chunk). OUT_OF_RANGE past what WAV's 32 bits
// can say.
absl::StatusOr<std::string> WavHeader(const v1::AudioFormat& format, uint64_t audio_bytes);
// What follows so much audio: WAV wants it padded to an even length.
inline std::string WavPadding(uint64_t audio_bytes) { return std::string(audio_bytes % 2, '\0'); }

}  // namespace otokura::audio

#endif  // OTOKURA_PROTO_AUDIO_WAV_HEADER_H_
