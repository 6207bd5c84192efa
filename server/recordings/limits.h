// Limits of recordings that are not configurable, each with its reason (I10). What a site may set is LimitsConfig in config.proto.
#ifndef OTOKURA_SERVER_RECORDINGS_LIMITS_H_
#define OTOKURA_SERVER_RECORDINGS_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "crypto/cobblestone.h"

namespace otokura::recordings {

inline constexpr size_t kAudioMessageBytesMax = 65536;       // larger messages buy no throughput (tests/bench) and cost memory a stream
inline constexpr uint64_t kGapBytesMax = uint64_t{8} << 20;  // a gap becomes stored silence: 17 minutes of G.711 a message
inline constexpr size_t kChunksInFlightMax = 16;             // sealed, not yet durable, a call: also what recovery may find torn
inline constexpr size_t kChunksInFlightCrowded = 1;          // the same while the committer's queue is above its mark
inline constexpr uint64_t kRecoveryTailChunks =
    4 * kChunksInFlightMax;  // verified at resume; everything before was synced before these were sealed
inline constexpr size_t kResumeTokenBytes = 32;
inline constexpr size_t kCallIdBytesMax = 128;
inline constexpr size_t kNotesBytesMax = 1024;
inline constexpr size_t kNameBytesMax = 64;
inline constexpr uint32_t kPageRowsMax = 200;
inline constexpr uint32_t kPageRowsDefault = 50;
inline constexpr size_t kRowsExaminedMax = 10000;     // a search page gives up its worker after this many rows, with a token to go on
inline constexpr size_t kRetrievalMessageChunks = 4;  // 64 KiB of plaintext a message
inline constexpr absl::Duration kPermissionLookedAtEvery = absl::Milliseconds(500);  // by a stream, read or not: cut within a second
inline constexpr size_t kVerifySliceChunks = 64;  // chunks re-read before the worker is handed back: 1 MiB, about a millisecond

static_assert(kRecoveryTailChunks > kChunksInFlightMax);
static_assert(kRetrievalMessageChunks * crypto::kChunkBytes == kAudioMessageBytesMax);

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_LIMITS_H_
