#include "server/recordings/pseudonyms.h"

#include "server/keys/recording_keys.h"
#include "server/recordings/rows.h"

namespace otokura::recordings {

namespace {

absl::Status NoKeys() { return absl::UnavailableError("pseudonym keys: they could not be read; see the gateway's log"); }

using PseudonymsOf = absl::StatusOr<std::vector<std::string>> (keys::RecordingVerifier::*)(std::string_view sealed,
                                                                                           const keys::PseudonymKeys& keys,
                                                                                           absl::Time now) const;

absl::StatusOr<std::vector<std::string>> Opened(const Site& site, const v1::RecordingRecord& record, PseudonymsOf pseudonyms) {
  if (site.pseudonyms == nullptr) return NoKeys();
  auto epoch = site.keys->Find(record.epoch_id());
  if (!epoch.ok()) return absl::DataLossError("recording: its epoch key is gone");
  auto verifier = keys::RecordingVerifier::Create(**epoch, IdOf(record), record.wrapped_data_key());
  if (!verifier.ok()) return verifier.status();
  auto metadata = site.engine->records().Get(storage::Table::kMetadata, record.id());
  if (!metadata.ok()) return metadata.status();
  if (!metadata->has_value()) return absl::DataLossError("metadata: missing in the store; restore it from a backup and run fsck");
  return ((*verifier).*pseudonyms)(**metadata, *site.pseudonyms, site.clock->Now());
}

}  // namespace

absl::StatusOr<std::vector<std::string>> CallerPseudonymsOf(const Site& site, const v1::RecordingRecord& record) {
  return Opened(site, record, &keys::RecordingVerifier::CallerPseudonyms);
}

absl::StatusOr<std::vector<std::string>> PersonalPseudonymsOf(const Site& site, const v1::RecordingRecord& record) {
  return Opened(site, record, &keys::RecordingVerifier::PersonalPseudonyms);
}

absl::StatusOr<std::vector<std::string>> TermPseudonymsOf(const Site& site, const SearchTerm& term) {
  if (site.pseudonyms == nullptr) return NoKeys();
  return site.pseudonyms->Of(static_cast<uint8_t>(term.field), term.normalised, site.clock->Now());
}

}  // namespace otokura::recordings
