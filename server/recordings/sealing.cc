#include "server/recordings/sealing.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/sha256.h"
#include "server/recordings/rows.h"

namespace otokura::recordings {
namespace {

constexpr uint32_t kManifestVersion = 1;

std::string_view SealRule(const v1::RecordingRecord& record) {
  if (record.state() == v1::INCOMPLETE) return "abandoned";
  return record.digest_check() == v1::MISMATCHED ? "digest-mismatched" : "finished";
}

}  // namespace

std::unique_ptr<audit::Draft> RecordingEntry(v1::AuditAction action, const v1::RecordingRecord& record, std::string_view rule,
                                             audit::Particulars particulars) {
  auto draft = std::make_unique<audit::Draft>();
  draft->leaf.set_action(action);
  draft->leaf.set_decision(v1::NOTED);
  draft->leaf.set_rule(std::string(rule));
  if (!particulars.account.empty()) draft->leaf.set_role("recorder");
  draft->leaf.set_recording_id(record.id());
  draft->leaf.set_centre(record.centre());
  if (record.state() != v1::LIVE) {
    draft->leaf.set_audio_bytes(record.end_offset() - record.start_offset());
    draft->leaf.set_manifest_sha256(record.manifest_sha256());
  }
  draft->particulars = std::move(particulars);
  return draft;
}

void MarkDamage(const std::vector<DigestPass::Damage>& damage, uint32_t gaps_max, v1::RecordingRecord* record) {
  for (const DigestPass::Damage& one : damage) {
    if (record->gaps_size() > 0) {
      v1::AudioGap& last = *record->mutable_gaps(record->gaps_size() - 1);
      if (last.reason() == v1::AudioGap::GATEWAY_LOSS && last.offset() + last.length() == one.offset) {
        last.set_length(last.length() + one.length);
        continue;
      }
    }
    if (static_cast<uint32_t>(record->gaps_size()) >= gaps_max) return;
    v1::AudioGap* gap = record->add_gaps();
    gap->set_offset(one.offset);
    gap->set_length(one.length);
    gap->set_reason(v1::AudioGap::GATEWAY_LOSS);
  }
}

void CommitEnding(const Site& site, const RecorderIntake& intake, const keys::RecordingSealer& sealer, Ending ending,
                  std::function<void(absl::StatusOr<v1::RecordingRecord>)> done) {
  v1::RecordingRecord& record = ending.record;
  record.set_sealed_unix_ms(absl::ToUnixMillis(site.clock->Now()));
  v1::Manifest manifest;
  manifest.set_version(kManifestVersion);
  *manifest.mutable_record() = record;
  auto sealed = sealer.SealManifest(manifest);
  if (!sealed.ok()) return done(sealed.status());
  record.set_manifest_sha256(crypto::Sha256(*sealed));

  storage::RecordCommit commit;
  commit.batch.may_use_reserve = true;
  commit.batch.preconditions.push_back({storage::Table::kRecordings, record.id(), std::move(ending.expected_bytes)});
  commit.batch.Put(storage::Table::kManifests, record.id(), *std::move(sealed));
  commit.batch.Delete(storage::Table::kMeta, LiveKey(IdOf(record)));
  commit.batch.Put(storage::Table::kMeta, absl::StrCat(std::string(kIntakePrefix), record.recorder()),
                   intake.Day(record.recorder()).SerializeAsString());
  if (!ending.damage.empty()) {
    commit.entries.push_back(RecordingEntry(v1::RECORDING_DATA_LOSS, record, "damaged-chunk", ending.particulars));
  }
  const auto action = record.state() == v1::SEALED ? v1::RECORDING_SEALED : v1::RECORDING_INCOMPLETE;
  commit.entries.push_back(RecordingEntry(action, record, SealRule(record), std::move(ending.particulars)));

  auto shared = std::make_shared<v1::RecordingRecord>(std::move(record));
  commit.with_sequences = [shared](absl::Span<const uint64_t> sequences, storage::Batch* batch) {
    shared->set_sealed_sequence(sequences.back());
    batch->Put(storage::Table::kRecordings, shared->id(), shared->SerializeAsString());
  };
  commit.done = [shared, done = std::move(done)](const absl::Status& status, absl::Span<const uint64_t>) {
    if (!status.ok()) return done(status);
    done(*shared);
  };
  site.committer->Commit(std::move(commit));
}

}  // namespace otokura::recordings
