#include "server/recordings/audio_reader.h"

#include <algorithm>
#include <utility>

#include "server/recordings/errors.h"
#include "server/recordings/integrity.h"
#include "server/recordings/limits.h"
#include "server/recordings/parts.h"
#include "server/recordings/rows.h"

namespace otokura::recordings {

using crypto::kChunkBytes;

AudioReader::AudioReader(const Site* site, v1::RecordingRecord record, keys::RecordingOpener opener)
    : site_(site), id_(IdOf(record)), record_(std::move(record)), opener_(std::move(opener)) {}

absl::StatusOr<AudioReader> AudioReader::Open(const Site& site, v1::RecordingRecord record) {
  if (record.state() == v1::LIVE) {
    if (absl::Status live = CheckStillLive(site.engine->records(), record); !live.ok()) return live;
    return absl::FailedPreconditionError("recording: the call is still live; try again once it is sealed");
  }
  const storage::RecordingId id = IdOf(record);
  auto epoch = site.keys->Find(record.epoch_id());
  if (!epoch.ok()) return absl::DataLossError("recording: its epoch key is gone");
  auto verifier = keys::RecordingVerifier::Create(**epoch, id, record.wrapped_data_key());
  if (!verifier.ok()) return verifier.status();
  absl::Status intact =
      CheckAgainstManifest(site.engine->records(), *verifier, record, [&](uint64_t sequence) { return site.log->Read(sequence); });
  if (!intact.ok()) return intact;
  auto opener = keys::RecordingOpener::Create(**epoch, id, record.wrapped_data_key());
  if (!opener.ok()) return opener.status();
  return AudioReader(&site, std::move(record), *std::move(opener));
}

absl::Status AudioReader::OpenPart(const keys::ReleasePermit& permit, int part_index) {
  if (part_index_ == part_index) return absl::OkStatus();
  const v1::PartRecord& part = record_.parts(part_index);
  part_opener_.reset();
  part_index_ = part_index;
  const uint64_t offset = part.start_offset() - record_.start_offset();
  std::string header;
  absl::Status read = site_->engine->audio().Read({id_, part.number()}, 0, crypto::kHeaderBytes, &header);
  if (absl::IsUnavailable(read)) return read;
  if (!read.ok() || header != part.salt() + part.commitment()) return DamagedChunkError(id_.Text(), part.number(), 0, offset);
  auto opener = opener_.OpenPart(permit, part.number(), header);
  if (absl::IsDataLoss(opener.status())) return DamagedChunkError(id_.Text(), part.number(), 0, offset);
  if (!opener.ok()) return opener.status();
  part_opener_ = *std::move(opener);
  return absl::OkStatus();
}

absl::Status AudioReader::OpenChunks(uint64_t first, uint64_t last, uint64_t skip, uint64_t want, std::string* audio) const {
  const v1::PartRecord& part = record_.parts(part_index_);
  uint64_t sealed_bytes = 0;
  for (uint64_t chunk = first; chunk < last; ++chunk) sealed_bytes += ChunkPlaintextBytes(part, chunk) + crypto::kTagBytes;
  std::string sealed;
  absl::Status read = site_->engine->audio().Read({id_, part.number()}, crypto::SealedChunkOffset(first), sealed_bytes, &sealed);
  if (absl::IsUnavailable(read)) return read;
  std::string_view rest = sealed;
  for (uint64_t chunk = first; chunk < last; ++chunk) {
    const uint64_t one = ChunkPlaintextBytes(part, chunk) + crypto::kTagBytes;
    const uint64_t offset = part.start_offset() - record_.start_offset() + chunk * kChunkBytes;
    if (!read.ok() || rest.size() < one || !part_opener_->OpenChunk(chunk, rest.substr(0, one), audio).ok()) {
      return DamagedChunkError(id_.Text(), part.number(), chunk, offset);
    }
    rest.remove_prefix(one);
  }
  audio->erase(0, skip);
  audio->resize(std::min<uint64_t>(audio->size(), want));
  return absl::OkStatus();
}

absl::StatusOr<std::string> AudioReader::Read(const keys::ReleasePermit& permit, uint64_t position, uint64_t end, uint64_t bytes_max) {
  int index = std::max(part_index_, 0);
  const uint64_t at = position + record_.start_offset();
  while (index + 1 < record_.parts_size() && at >= record_.parts(index + 1).start_offset()) ++index;
  if (absl::Status opened = OpenPart(permit, index); !opened.ok()) return opened;
  const v1::PartRecord& part = record_.parts(index);
  const uint64_t in_part = at - part.start_offset();
  const uint64_t part_end = std::min(PlaintextBytes(part), end + record_.start_offset() - part.start_offset());
  const uint64_t first = in_part / kChunkBytes;
  const uint64_t stop = std::min(std::min((first + kRetrievalMessageChunks) * kChunkBytes, part_end), in_part + bytes_max);
  const uint64_t last = (stop + kChunkBytes - 1) / kChunkBytes;
  std::string audio;
  if (absl::Status opened = OpenChunks(first, last, in_part % kChunkBytes, stop - in_part, &audio); !opened.ok()) return opened;
  return audio;
}

}  // namespace otokura::recordings
