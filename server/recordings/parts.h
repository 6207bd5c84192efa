// Stored parts, read by those who may not see plaintext: what of an unfinished part counts, and what a whole recording's digest is.
#ifndef OTOKURA_SERVER_RECORDINGS_PARTS_H_
#define OTOKURA_SERVER_RECORDINGS_PARTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/sha256.h"
#include "otokura/v1/stored.pb.h"
#include "server/keys/recording_keys.h"
#include "server/storage/storage.h"

namespace otokura::recordings {

// An unfinished part as found: only full chunks that are authentic and durable count (DESIGN §9).
struct SettledPart {
  bool exists = false;
  uint64_t object_bytes = 0;
  uint64_t chunks = 0;
  std::string salt;
  std::string commitment;
};

// Syncs the object, then verifies its last kRecoveryTailChunks: what lies before was synced before those were sealed. Reads at most about a
// MiB, twice.
absl::StatusOr<SettledPart> SettlePart(storage::AudioStore& audio, const keys::RecordingVerifier& verifier,
                                       const storage::AudioObjectId& object);

// Bytes behind what counts, which nobody vouches for.
struct Leftover {
  storage::AudioObjectId object;
  uint64_t keep_bytes = 0;  // 0: the whole object goes
};

// Ends the part that a LIVE record was written to last, or drops it where nothing acknowledged can be in it. Changes `*record` only; what
// is left over may be dropped once that change is durable.
struct SettledRecord {
  uint64_t committed = 0;  // timeline byte after the last that counts; the record's gaps end there too
  std::optional<Leftover> leftover;
};
absl::StatusOr<SettledRecord> SettleOpenPart(storage::AudioStore& audio, const keys::RecordingVerifier& verifier,
                                             v1::RecordingRecord* record);
// Best effort: what stays is harmless and found by fsck.
void DropLeftover(storage::AudioStore& audio, const Leftover& leftover);

// Reads every vouched-for chunk of a recording in slices, so that no worker is held for long.
class DigestPass {
 public:
  struct Damage {
    uint32_t part;
    uint64_t chunk;
    uint64_t offset;  // timeline
    uint64_t length;
  };

  // `record`'s parts are all ended. `tail_start`: a second digest is taken from there. Damaged chunks count as silence in both.
  DigestPass(storage::AudioStore* audio, const keys::RecordingVerifier* verifier, v1::RecordingRecord record, uint64_t tail_start);

  // Does up to kVerifySliceChunks chunks. True when all is done. UNAVAILABLE where the medium fails for now.
  absl::StatusOr<bool> Step();
  std::string whole_digest() const { return whole_.Digest(); }
  std::string tail_digest() const { return tail_.Digest(); }
  uint64_t chunks_done() const { return chunks_done_; }
  const std::vector<Damage>& damage() const { return damage_; }

 private:
  absl::Status OpenCurrentPart();
  absl::Status CheckChunk(std::string_view sealed, uint64_t plaintext_bytes);
  void Hash(std::string_view plaintext);

  storage::AudioStore* const audio_;
  const keys::RecordingVerifier* const verifier_;
  const v1::RecordingRecord record_;
  const uint64_t tail_start_;
  crypto::Sha256Stream whole_;
  crypto::Sha256Stream tail_;
  int part_index_ = 0;
  uint64_t chunk_ = 0;
  uint64_t offset_;  // timeline byte at which the next chunk begins
  uint64_t chunks_done_ = 0;
  std::optional<keys::RecordingVerifier::Part> part_;
  bool part_opened_ = false;
  std::vector<Damage> damage_;
};

// Chunks of an ended part that hold its plaintext, the terminating one included, and how long one of them is.
uint64_t ChunkCount(const v1::PartRecord& part);
uint64_t ChunkPlaintextBytes(const v1::PartRecord& part, uint64_t chunk);
uint64_t PlaintextBytes(const v1::PartRecord& part);

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_PARTS_H_
