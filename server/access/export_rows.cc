#include "server/access/export_rows.h"

#include <utility>

namespace otokura::access {
namespace {

constexpr uint32_t kExportedVersion = 1;
constexpr std::string_view kExportedPrefix = "exported/";
constexpr char kExportedRows[] = "exported recordings";

SealedRowName NameOf(const ExportId& id, std::string_view recording, const keys::SiteKeys& keys) {
  return RowOfId(kExportedPrefix, std::string(id.bytes()).append(recording), keys);
}

storage::ScanRange TakenUnder(const ExportId& id, const keys::SiteKeys& keys) { return RowsOf(NameOf(id, "", keys).row_key); }

}  // namespace

absl::Status ExportRows::PutTaken(const ExportId& id, const v1::ExportedObject& object, storage::Batch* batch) const {
  const auto recording = storage::RecordingId::Parse(object.recording_id());
  if (!recording.ok()) return recording.status();
  v1::ExportedRecord record;
  record.set_version(kExportedVersion);
  record.set_export_id(id.Text());
  *record.mutable_object() = object;
  const SealedRowName name = NameOf(id, recording->bytes(), *keys_);
  absl::StatusOr<std::string> row = keys_->SealAccount(name.sealing_key, record.SerializeAsString());
  if (!row.ok()) return row.status();
  batch->Put(storage::Table::kMeta, name.row_key, *std::move(row));
  return absl::OkStatus();
}

absl::Status ExportRows::ForEachTaken(const ExportId& id, absl::FunctionRef<void(v1::ExportedObject object)> each) const {
  absl::Status problem;
  absl::Status scanned = records_->Scan(storage::Table::kMeta, TakenUnder(id, *keys_), [&](std::string_view row_key, std::string_view row) {
    const std::string ids = absl::HexStringToBytes(std::string(row_key.substr(kExportedPrefix.size())));
    absl::StatusOr<std::string> opened = keys_->OpenAccount(RowOfId(kExportedPrefix, ids, *keys_).sealing_key, row);
    if (problem = opened.status(); !problem.ok()) return false;
    absl::StatusOr<v1::ExportedRecord> record = ParseVersioned<v1::ExportedRecord>(*opened, kExportedVersion, kExportedRows);
    if (problem = record.status(); !problem.ok()) return false;
    const auto recording = storage::RecordingId::Parse(record->object().recording_id());
    if (record->export_id() != id.Text() || !recording.ok() || std::string(id.bytes()).append(recording->bytes()) != ids) {
      problem = InAnothersPlace(kExportedRows);
      return false;
    }
    each(std::move(*record->mutable_object()));
    return true;
  });
  return scanned.ok() ? problem : scanned;
}

absl::Status ExportRows::DropAll(const StoredExport& stored, storage::Batch* batch) const {
  const auto id = ExportId::Parse(stored.record.kept().id());
  if (!id.ok()) return id.status();
  Drop(stored, batch);
  return records_->Scan(storage::Table::kMeta, TakenUnder(*id, *keys_), [&](std::string_view row_key, std::string_view) {
    batch->Delete(storage::Table::kMeta, row_key);
    return true;
  });
}

}  // namespace otokura::access
