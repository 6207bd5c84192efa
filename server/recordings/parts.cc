#include "server/recordings/parts.h"

#include <algorithm>
#include <utility>

#include "crypto/cobblestone.h"
#include "server/recordings/formats.h"
#include "server/recordings/limits.h"
#include "server/recordings/rows.h"

namespace otokura::recordings {
namespace {

using crypto::kChunkBytes;
using crypto::kHeaderBytes;
using crypto::kSealedChunkBytes;

// The first chunk of [first, last) that is not authentic, or `last`.
absl::StatusOr<uint64_t> AuthenticUntil(const storage::AudioStore& audio, const keys::RecordingVerifier::Part& part,
                                        const storage::AudioObjectId& object, uint64_t first, uint64_t last) {
  std::string sealed;
  for (uint64_t chunk = first; chunk < last; chunk += kVerifySliceChunks) {
    const uint64_t count = std::min<uint64_t>(kVerifySliceChunks, last - chunk);
    if (absl::Status read = audio.Read(object, crypto::SealedChunkOffset(chunk), count * kSealedChunkBytes, &sealed); !read.ok())
      return read;
    for (uint64_t i = 0; i < count; ++i) {
      if (!part.Check(chunk + i, std::string_view(sealed).substr(i * kSealedChunkBytes, kSealedChunkBytes), nullptr).ok()) return chunk + i;
    }
  }
  return last;
}

// Drops what the record's gaps say of bytes from `end` on: their silence was not stored, and whoever records on says them again.
void TrimGaps(uint64_t end, v1::RecordingRecord* record) {
  auto& gaps = *record->mutable_gaps();
  gaps.erase(std::remove_if(gaps.begin(), gaps.end(), [end](const v1::AudioGap& gap) { return gap.offset() >= end; }), gaps.end());
  for (v1::AudioGap& gap : gaps) gap.set_length(std::min(gap.length(), end - gap.offset()));
}

}  // namespace

uint64_t ChunkCount(const v1::PartRecord& part) { return part.chunks() + (part.terminated() ? 1 : 0); }

uint64_t ChunkPlaintextBytes(const v1::PartRecord& part, uint64_t chunk) { return chunk < part.chunks() ? kChunkBytes : part.tail_bytes(); }

uint64_t PlaintextBytes(const v1::PartRecord& part) { return part.chunks() * kChunkBytes + (part.terminated() ? part.tail_bytes() : 0); }

absl::StatusOr<SettledPart> SettlePart(storage::AudioStore& audio, const keys::RecordingVerifier& verifier,
                                       const storage::AudioObjectId& object) {
  SettledPart settled;
  auto size = audio.Size(object);
  if (absl::IsNotFound(size.status())) return settled;
  if (!size.ok()) return size.status();
  settled.exists = true;
  settled.object_bytes = *size;
  if (*size < kHeaderBytes) return settled;
  if (absl::Status synced = audio.Sync({object})[0]; !synced.ok()) return synced;
  std::string header;
  if (absl::Status read = audio.Read(object, 0, kHeaderBytes, &header); !read.ok()) return read;
  settled.salt = header.substr(0, crypto::kSaltBytes);
  settled.commitment = header.substr(crypto::kSaltBytes);
  auto part = verifier.OpenPart(object.part, header);
  if (!part.ok()) return settled;  // not our header: nothing behind it can be vouched for

  const uint64_t present = (*size - kHeaderBytes) / kSealedChunkBytes;
  const uint64_t tail = present > kRecoveryTailChunks ? present - kRecoveryTailChunks : 0;
  auto authentic = AuthenticUntil(audio, *part, object, tail, present);
  // A bad chunk at the very start of the tail means that the damage may reach further back than an interrupted write can.
  if (authentic.ok() && *authentic == tail && tail > 0) authentic = AuthenticUntil(audio, *part, object, 0, present);
  if (!authentic.ok()) return authentic.status();
  settled.chunks = *authentic;
  return settled;
}

absl::StatusOr<SettledRecord> SettleOpenPart(storage::AudioStore& audio, const keys::RecordingVerifier& verifier,
                                             v1::RecordingRecord* record) {
  SettledRecord result;
  v1::PartRecord& part = *record->mutable_parts(record->parts_size() - 1);
  const storage::AudioObjectId object{IdOf(*record), part.number()};
  auto settled = SettlePart(audio, verifier, object);
  if (!settled.ok()) return absl::UnavailableError("storage: the call's audio cannot be read for now; resume");
  if (settled->chunks == 0 && settled->object_bytes < kHeaderBytes + kSealedChunkBytes) {
    record->mutable_parts()->RemoveLast();
    if (settled->exists) result.leftover = Leftover{object, 0};
  } else {
    part.set_ended(true);
    part.set_chunks(settled->chunks);
    part.set_salt(settled->salt);
    part.set_commitment(settled->commitment);
    const uint64_t vouched = crypto::SealedChunkOffset(settled->chunks);
    // An object without one good chunk is kept whole: it is evidence.
    if (settled->chunks > 0 && settled->object_bytes > vouched) result.leftover = Leftover{object, vouched};
  }
  result.committed = record->start_offset();
  if (!record->parts().empty()) result.committed = record->parts().rbegin()->start_offset() + PlaintextBytes(*record->parts().rbegin());
  TrimGaps(result.committed, record);
  return result;
}

void DropLeftover(storage::AudioStore& audio, const Leftover& leftover) {
  const absl::Status dropped =
      leftover.keep_bytes == 0 ? audio.Delete(leftover.object) : audio.Truncate(leftover.object, leftover.keep_bytes);
  dropped.IgnoreError();
}

DigestPass::DigestPass(storage::AudioStore* audio, const keys::RecordingVerifier* verifier, v1::RecordingRecord record, uint64_t tail_start)
    : audio_(audio), verifier_(verifier), record_(std::move(record)), tail_start_(tail_start), offset_(record_.start_offset()) {}

void DigestPass::Hash(std::string_view plaintext) {
  whole_.Update(plaintext);
  const uint64_t end = offset_ + plaintext.size();
  if (end > tail_start_) tail_.Update(plaintext.substr(tail_start_ > offset_ ? tail_start_ - offset_ : 0));
}

absl::Status DigestPass::OpenCurrentPart() {
  const v1::PartRecord& part = record_.parts(part_index_);
  part_opened_ = true;
  part_.reset();
  std::string header;
  absl::Status read = audio_->Read({IdOf(record_), part.number()}, 0, kHeaderBytes, &header);
  if (absl::IsUnavailable(read)) return read;
  if (!read.ok() || header != part.salt() + part.commitment()) return absl::OkStatus();  // every chunk of it will count as damaged
  if (auto opened = verifier_->OpenPart(part.number(), header); opened.ok()) part_ = *std::move(opened);
  return absl::OkStatus();
}

absl::Status DigestPass::CheckChunk(std::string_view sealed, uint64_t plaintext_bytes) {
  const v1::PartRecord& part = record_.parts(part_index_);
  bool authentic = false;
  if (part_.has_value() && sealed.size() == plaintext_bytes + crypto::kTagBytes) {
    const size_t skip = tail_start_ > offset_ ? std::min<uint64_t>(tail_start_ - offset_, plaintext_bytes) : 0;
    // Two digests of one plaintext that must not come out here: the verifier hashes it, once a digest.
    authentic = part_->Check(chunk_, sealed, &whole_).ok();
    if (authentic && skip < plaintext_bytes && !part_->Check(chunk_, sealed, &tail_, skip).ok())
      return absl::InternalError("verifier: not repeatable");
  }
  if (!authentic) {
    damage_.push_back({part.number(), chunk_, offset_, plaintext_bytes});
    Hash(std::string(plaintext_bytes, SilenceByte(record_.format())));
  }
  offset_ += plaintext_bytes;
  ++chunk_;
  ++chunks_done_;
  return absl::OkStatus();
}

absl::StatusOr<bool> DigestPass::Step() {
  if (part_index_ >= record_.parts_size()) return true;
  if (!part_opened_) {
    if (absl::Status opened = OpenCurrentPart(); !opened.ok()) return opened;
  }
  const v1::PartRecord& part = record_.parts(part_index_);
  const uint64_t last = std::min(ChunkCount(part), chunk_ + kVerifySliceChunks);
  uint64_t sealed_bytes = 0;
  for (uint64_t chunk = chunk_; chunk < last; ++chunk) sealed_bytes += ChunkPlaintextBytes(part, chunk) + crypto::kTagBytes;
  std::string sealed;
  absl::Status read = audio_->Read({IdOf(record_), part.number()}, crypto::SealedChunkOffset(chunk_), sealed_bytes, &sealed);
  if (absl::IsUnavailable(read)) return read;
  if (!read.ok()) sealed.clear();  // missing bytes are damage, chunk by chunk
  std::string_view rest = sealed;
  while (chunk_ < last) {
    const uint64_t plaintext_bytes = ChunkPlaintextBytes(part, chunk_);
    const std::string_view one = rest.substr(0, plaintext_bytes + crypto::kTagBytes);
    rest.remove_prefix(one.size());
    if (absl::Status checked = CheckChunk(one, plaintext_bytes); !checked.ok()) return checked;
  }
  if (chunk_ == ChunkCount(part)) {
    ++part_index_;
    chunk_ = 0;
    part_opened_ = false;
  }
  return part_index_ >= record_.parts_size();
}

}  // namespace otokura::recordings
