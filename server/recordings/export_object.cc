#include "server/recordings/export_object.h"

#include <utility>

#include "proto/audio/wav_header.h"
#include "server/recordings/rows.h"

namespace otokura::recordings {

ExportObject::ExportObject(crypto::CmsSealer sealer, v1::ExportedObject described)
    : sealer_(std::move(sealer)), described_(std::move(described)) {}

absl::StatusOr<ExportObject> ExportObject::Create(std::string_view certificate_pem, const v1::RecordingRecord& record) {
  const v1::RecordingSummary summary = Summarise(record);
  absl::StatusOr<std::string> head = audio::WavHeader(summary.format(), summary.audio_bytes());
  if (!head.ok()) return head.status();
  absl::StatusOr<crypto::CmsSealer> sealer = crypto::CmsSealer::Create(certificate_pem);
  if (!sealer.ok()) return sealer.status();
  v1::ExportedObject described;
  described.set_recording_id(summary.recording_id());
  described.set_audio_bytes(summary.audio_bytes());
  described.set_audio_sha256(summary.audio_sha256());
  *described.mutable_format() = summary.format();
  described.set_centre(summary.centre());
  described.set_opened_unix_ms(summary.opened_unix_ms());
  ExportObject object(*std::move(sealer), std::move(described));
  object.head_ = *std::move(head);
  return object;
}

absl::StatusOr<std::string> ExportObject::Counted(absl::StatusOr<std::string> sealed) {
  if (!sealed.ok()) return sealed;
  digest_.Update(*sealed);
  described_.set_bytes(described_.bytes() + sealed->size());
  return sealed;
}

absl::StatusOr<std::string> ExportObject::Add(std::string_view audio) {
  return Counted(sealer_.Seal(std::exchange(head_, "").append(audio)));
}

absl::StatusOr<std::string> ExportObject::Finish() {
  absl::StatusOr<std::string> padding = Add(audio::WavPadding(described_.audio_bytes()));
  if (!padding.ok()) return padding;
  absl::StatusOr<std::string> rest = Counted(std::move(sealer_).Finish());
  if (!rest.ok()) return rest;
  return *padding + *rest;
}

v1::ExportedObject ExportObject::Describe(absl::Time taken) const {
  v1::ExportedObject described = described_;
  described.set_sha256(digest_.Digest());
  described.set_taken_unix_ms(absl::ToUnixMillis(taken));
  return described;
}

}  // namespace otokura::recordings
