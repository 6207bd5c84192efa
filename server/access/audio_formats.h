// The audio formats the gateway takes (recording.proto).
#ifndef OTOKURA_SERVER_ACCESS_AUDIO_FORMATS_H_
#define OTOKURA_SERVER_ACCESS_AUDIO_FORMATS_H_

#include "absl/status/status.h"
#include "otokura/v1/recording.pb.h"

namespace otokura::access {

// INVALID_ARGUMENT unless it is PCMU or PCMA at 8000 Hz, or L16LE at 8000 or 16000 Hz, mono.
absl::Status CheckAudioFormat(const v1::AudioFormat& format);
bool SameFormat(const v1::AudioFormat& a, const v1::AudioFormat& b);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_AUDIO_FORMATS_H_
