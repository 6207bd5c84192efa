// What the gateway knows of audio formats: size of a second, and what silence is.
#ifndef OTOKURA_SERVER_RECORDINGS_FORMATS_H_
#define OTOKURA_SERVER_RECORDINGS_FORMATS_H_

#include <cstdint>

#include "otokura/v1/recording.pb.h"

namespace otokura::recordings {

uint64_t BytesPerSecond(const v1::AudioFormat& format);
// The byte that is silence: 0xFF in µ-law, 0xD5 in A-law (ITU-T G.711), 0 in linear PCM.
char SilenceByte(const v1::AudioFormat& format);

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_FORMATS_H_
