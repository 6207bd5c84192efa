#include "server/recordings/rows.h"

#include "absl/strings/str_cat.h"
#include "server/recordings/formats.h"

namespace otokura::recordings {
namespace {

std::string TagEntry(crypto::IndexField field, std::string_view tag) {
  std::string entry(1, static_cast<char>(field));
  return entry.append(tag);
}

std::string IdText(const std::string& bytes) {
  auto id = storage::RecordingId::FromBytes(bytes);
  return id.ok() ? id->Text() : std::string();
}

}  // namespace

absl::StatusOr<StoredRecord> ReadRecord(const storage::RecordReader& records, const storage::RecordingId& id) {
  auto bytes = records.Get(storage::Table::kRecordings, id.bytes());
  if (!bytes.ok()) return bytes.status();
  if (!bytes->has_value()) return absl::NotFoundError("recording: not in the store");
  StoredRecord stored;
  stored.bytes = **std::move(bytes);
  if (!stored.record.ParseFromString(stored.bytes) || stored.record.id() != id.bytes()) {
    return absl::DataLossError(absl::StrCat("recording ", id.Text(), ": its record is damaged; run otokurad fsck"));
  }
  if (stored.record.version() > kRecordVersion) {
    return absl::FailedPreconditionError(absl::StrCat("recording ", id.Text(), ": record version ", stored.record.version(),
                                                      " is newer than this otokurad; run the newer one"));
  }
  return stored;
}

storage::RecordingId IdOf(const v1::RecordingRecord& record) {
  auto id = storage::RecordingId::FromBytes(record.id());
  return id.ok() ? *id : storage::RecordingId();
}

v1::RecordingSummary Summarise(const v1::RecordingRecord& record) {
  v1::RecordingSummary summary;
  summary.set_recording_id(IdOf(record).Text());
  summary.set_state(record.state());
  summary.set_opened_unix_ms(record.opened_unix_ms());
  summary.set_sealed_unix_ms(record.sealed_unix_ms());
  summary.set_centre(record.centre());
  summary.set_queue(record.queue());
  summary.set_leg(record.leg());
  *summary.mutable_format() = record.format();
  const uint64_t end =
      record.state() == v1::LIVE && record.parts_size() > 0 ? record.parts().rbegin()->start_offset() : record.end_offset();
  summary.set_audio_bytes(end - std::min(end, record.start_offset()));
  if (const uint64_t rate = BytesPerSecond(record.format()); rate != 0) {
    summary.set_duration_ms(static_cast<int64_t>(summary.audio_bytes() * 1000 / rate));
  }
  summary.set_audio_sha256(record.audio_sha256());
  *summary.mutable_gaps() = record.gaps();
  summary.set_retention_class(record.retention_class());
  summary.set_digest_check(record.digest_check());
  summary.set_supplement_of(record.supplement_of().empty() ? "" : IdText(record.supplement_of()));
  summary.set_recorder_start_unix_ms(record.recorder_start_unix_ms());
  summary.set_parts(static_cast<uint32_t>(record.parts_size()));
  summary.set_recorder(record.recorder());
  return summary;
}

std::string CentrePrefix(std::string_view centre) { return std::string(centre).append(1, '\0'); }

std::string QueuePrefix(std::string_view centre, std::string_view queue) { return CentrePrefix(centre).append(queue).append(1, '\0'); }

std::string TagPrefix(crypto::IndexField field, std::string_view tag) { return TagEntry(field, tag); }

std::string LiveKey(const storage::RecordingId& id) { return std::string(kLivePrefix).append(id.bytes()); }

void PutNew(const v1::RecordingRecord& record, storage::Batch* batch) {
  batch->Put(storage::Table::kRecordings, record.id(), record.SerializeAsString());
  batch->Put(storage::Table::kByCentre, CentrePrefix(record.centre()) + record.id(), "");
  batch->Put(storage::Table::kByQueue, QueuePrefix(record.centre(), record.queue()) + record.id(), "");
  for (const std::string& entry : record.index_tags()) batch->Put(storage::Table::kTags, entry + record.id(), "");
  batch->Put(storage::Table::kCalls, record.call_tag(), record.id());
  batch->Put(storage::Table::kMeta, LiveKey(IdOf(record)), "");
}

bool HasTag(const v1::RecordingRecord& record, crypto::IndexField field, std::string_view tag) {
  const std::string wanted = TagEntry(field, tag);
  for (const std::string& entry : record.index_tags()) {
    if (entry == wanted) return true;
  }
  return false;
}

}  // namespace otokura::recordings
