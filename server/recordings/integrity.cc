#include "server/recordings/integrity.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "crypto/sha256.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/recordings/rows.h"

namespace otokura::recordings {
namespace {

absl::Status Disagrees(const v1::RecordingRecord& record, std::string_view what) {
  return absl::DataLossError(absl::StrCat("recording ", IdOf(record).Text(), ": ", std::string(what),
                                          "; it was changed in the store, restore it from a backup and run fsck"));
}

}  // namespace

absl::Status CheckAgainstManifest(const storage::RecordReader& records, const keys::RecordingVerifier& verifier,
                                  const v1::RecordingRecord& record,
                                  absl::FunctionRef<absl::StatusOr<v1::AuditEntry>(uint64_t sequence)> read_entry) {
  auto sealed = records.Get(storage::Table::kManifests, record.id());
  if (!sealed.ok()) return sealed.status();
  if (!sealed->has_value()) return Disagrees(record, "its manifest is missing");
  if (crypto::Sha256(**sealed) != record.manifest_sha256()) return Disagrees(record, "its manifest is not the one its record names");
  auto entry = read_entry(record.sealed_sequence());
  if (absl::IsUnavailable(entry.status())) return entry.status();
  if (!entry.ok() || entry->recording_id() != record.id() || entry->manifest_sha256() != record.manifest_sha256()) {
    return Disagrees(record, "its manifest is not the one the log names");
  }
  auto manifest = verifier.OpenManifest(**sealed);
  if (absl::IsDataLoss(manifest.status())) return Disagrees(record, "its manifest does not open");
  if (!manifest.ok()) return manifest.status();
  v1::RecordingRecord expected = record;
  expected.clear_sealed_sequence();
  expected.clear_manifest_sha256();
  if (!google::protobuf::util::MessageDifferencer::Equals(expected, manifest->record()))
    return Disagrees(record, "its record differs from its manifest");
  return absl::OkStatus();
}

absl::Status CheckStillLive(const storage::RecordReader& records, const v1::RecordingRecord& record) {
  auto manifest = records.Get(storage::Table::kManifests, record.id());
  if (!manifest.ok()) return manifest.status();
  if (!manifest->has_value()) return absl::OkStatus();
  // Record and manifest are written at once, so a call that was sealed a moment ago is seen as such by now.
  auto now = ReadRecord(records, IdOf(record));
  if (!now.ok()) return now.status();
  return now->record.state() == v1::LIVE ? Disagrees(record, "it was sealed, but its record says that it is live") : absl::OkStatus();
}

}  // namespace otokura::recordings
