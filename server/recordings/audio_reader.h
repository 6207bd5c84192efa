// A sealed recording's audio, opened piece by piece against a permit (DESIGN §3).
#ifndef OTOKURA_SERVER_RECORDINGS_AUDIO_READER_H_
#define OTOKURA_SERVER_RECORDINGS_AUDIO_READER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "crypto/cobblestone.h"
#include "otokura/v1/stored.pb.h"
#include "server/keys/recording_keys.h"
#include "server/keys/release_permit.h"
#include "server/recordings/site.h"
#include "server/storage/recording_id.h"

namespace otokura::recordings {

// Of one recording; one thread at a time.
class AudioReader {
 public:
  // Once the record agrees with its manifest and the log; DATA_LOSS where it does not, or its key is gone. FAILED_PRECONDITION where the
  // call is live still. `site` is borrowed.
  static absl::StatusOr<AudioReader> Open(const Site& site, v1::RecordingRecord record);

  // From `position` on, counted from the recording's first byte: at least one byte, at most `bytes_max` and kAudioMessageBytesMax, none at
  // or behind `end`, which lies in the recording and behind `position`. DATA_LOSS with a DamagedChunk.
  absl::StatusOr<std::string> Read(const keys::ReleasePermit& permit, uint64_t position, uint64_t end, uint64_t bytes_max);

 private:
  AudioReader(const Site* site, v1::RecordingRecord record, keys::RecordingOpener opener);
  absl::Status OpenPart(const keys::ReleasePermit& permit, int part_index);
  absl::Status OpenChunks(uint64_t first, uint64_t last, uint64_t skip, uint64_t want, std::string* audio) const;

  const Site* site_;
  storage::RecordingId id_;
  v1::RecordingRecord record_;
  keys::RecordingOpener opener_;
  std::optional<crypto::CobblestoneOpener> part_opener_;
  int part_index_ = -1;
};

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_AUDIO_READER_H_
