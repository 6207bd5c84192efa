#include "server/recordings/fsck.h"

#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "server/audit/index_upkeep.h"
#include "server/audit/log_rows.h"
#include "server/recordings/integrity.h"
#include "server/recordings/limits.h"
#include "server/recordings/parts.h"
#include "server/recordings/rows.h"

namespace otokura::recordings {
namespace {

using storage::RecordingId;
using storage::Table;

class Check {
 public:
  Check(storage::Engine& engine, const keys::KeyHierarchy& keys, const FsckOptions& options,
        absl::FunctionRef<void(const FsckFinding&)> finding)
      : records_(engine.records()), audio_(engine.audio()), keys_(keys), options_(options), finding_(finding) {}

  absl::StatusOr<FsckReport> Run();

 private:
  struct Known {
    bool live = false;
    std::set<uint32_t> parts;
    uint32_t newest_part = 0;
  };

  void Report(std::string where, std::string_view problem);
  void ReportRecording(const v1::RecordingRecord& record, std::string_view problem) { Report("recording " + IdOf(record).Text(), problem); }
  absl::Status CheckRecordings();
  absl::Status CheckRecording(const v1::RecordingRecord& record);
  absl::Status CheckSealed(const v1::RecordingRecord& record, const keys::RecordingVerifier& verifier);
  absl::Status CheckDeep(const v1::RecordingRecord& record, const keys::RecordingVerifier& verifier);
  absl::Status CheckParts(const v1::RecordingRecord& record, const keys::RecordingVerifier& verifier);
  absl::Status CheckRows(const v1::RecordingRecord& record);
  absl::Status CheckIndex(Table table);
  absl::Status CheckLiveRows();
  absl::Status CheckObjects();
  void CheckNamed(std::string_view leaf);
  absl::Status CheckLog();

  storage::RecordStore& records_;
  storage::AudioStore& audio_;
  const keys::KeyHierarchy& keys_;
  const FsckOptions options_;
  absl::FunctionRef<void(const FsckFinding&)> finding_;
  FsckReport report_;
  absl::flat_hash_map<RecordingId, Known> known_;
};

void Check::Report(std::string where, std::string_view problem) {
  ++report_.findings;
  finding_({std::move(where), std::string(problem)});
}

absl::Status Check::CheckRecordings() {
  absl::Status failed;
  absl::Status scanned = records_.Scan(Table::kRecordings, {}, [&](std::string_view key, std::string_view) {
    auto id = RecordingId::FromBytes(key);
    if (!id.ok()) {
      Report("recordings", "a row whose key is no recording id");
      return true;
    }
    auto stored = ReadRecord(records_, *id);
    ++report_.recordings;
    if (!stored.ok()) {
      Report("recording " + id->Text(), std::string(stored.status().message()));
      return true;
    }
    failed = CheckRecording(stored->record);
    return failed.ok();
  });
  return scanned.ok() ? failed : scanned;
}

absl::Status Check::CheckRecording(const v1::RecordingRecord& record) {
  Known& known = known_[IdOf(record)];
  known.live = record.state() == v1::LIVE;
  for (const v1::PartRecord& part : record.parts()) {
    known.parts.insert(part.number());
    known.newest_part = std::max(known.newest_part, part.number());
  }
  if (known.live) ++report_.live_recordings;
  if (absl::Status rows = CheckRows(record); !rows.ok()) return rows;
  auto epoch = keys_.Find(record.epoch_id());
  if (!epoch.ok()) {
    ReportRecording(record, "its epoch key is not in the key store");
    return absl::OkStatus();
  }
  auto verifier = keys::RecordingVerifier::Create(**epoch, IdOf(record), record.wrapped_data_key());
  if (!verifier.ok()) {
    ReportRecording(record, "its data key does not unwrap");
    return absl::OkStatus();
  }
  auto metadata = records_.Get(Table::kMetadata, record.id());
  if (!metadata.ok()) return metadata.status();
  if (!metadata->has_value())
    ReportRecording(record, "its metadata is missing");
  else if (!verifier->CheckMetadata(**metadata).ok())
    ReportRecording(record, "its metadata does not open");
  if (absl::Status parts = CheckParts(record, *verifier); !parts.ok()) return parts;
  if (!known.live) return CheckSealed(record, *verifier);
  absl::Status live = CheckStillLive(records_, record);
  if (!absl::IsDataLoss(live)) return live;
  ReportRecording(record, std::string(live.message()));
  return absl::OkStatus();
}

absl::Status Check::CheckSealed(const v1::RecordingRecord& record, const keys::RecordingVerifier& verifier) {
  absl::Status intact = CheckAgainstManifest(records_, verifier, record, [this](uint64_t sequence) -> absl::StatusOr<v1::AuditEntry> {
    auto leaf = records_.Get(Table::kLog, audit::SequenceKey(sequence));
    if (!leaf.ok()) return leaf.status();
    v1::AuditEntry entry;
    if (!leaf->has_value() || !entry.ParseFromString(**leaf)) return absl::DataLossError("log entry: missing or damaged");
    return entry;
  });
  if (absl::IsUnavailable(intact)) return intact;
  if (!intact.ok()) ReportRecording(record, std::string(intact.message()));
  return options_.deep ? CheckDeep(record, verifier) : absl::OkStatus();
}

absl::Status Check::CheckDeep(const v1::RecordingRecord& record, const keys::RecordingVerifier& verifier) {
  DigestPass pass(&audio_, &verifier, record, record.start_offset());
  for (;;) {
    auto finished = pass.Step();
    if (!finished.ok()) return finished.status();
    if (*finished) break;
  }
  report_.chunks_verified += pass.chunks_done();
  for (const DigestPass::Damage& damage : pass.damage()) {
    ReportRecording(record, absl::StrCat("part ", damage.part, ", chunk ", damage.chunk, " is damaged or missing"));
  }
  if (pass.damage().empty() && pass.whole_digest() != record.audio_sha256())
    ReportRecording(record, "its audio has another digest than its record");
  return absl::OkStatus();
}

absl::Status Check::CheckParts(const v1::RecordingRecord& record, const keys::RecordingVerifier& verifier) {
  for (const v1::PartRecord& part : record.parts()) {
    if (!part.ended()) continue;  // still being written to; what is there is settled when the call resumes
    auto size = audio_.Size({IdOf(record), part.number()});
    if (absl::IsUnavailable(size.status())) return size.status();
    const std::string name = absl::StrCat("part ", part.number());
    if (!size.ok()) {
      ReportRecording(record, name + " is missing");
      continue;
    }
    const uint64_t vouched =
        part.terminated() ? crypto::SealedMessageBytes(PlaintextBytes(part)) : crypto::SealedChunkOffset(part.chunks());
    // What an interruption left behind the last chunk that counts is dropped after the resume commits; a crash in between leaves it.
    const uint64_t excess_max = part.terminated() ? 0 : (kChunksInFlightMax + 1) * crypto::kSealedChunkBytes;
    if (*size < vouched) ReportRecording(record, name + " is shorter than its record says");
    if (*size > vouched + excess_max && part.chunks() > 0) ReportRecording(record, name + " is longer than its record says");
    std::string header;
    absl::Status read = audio_.Read({IdOf(record), part.number()}, 0, crypto::kHeaderBytes, &header);
    if (absl::IsUnavailable(read)) return read;
    if (!read.ok() || header != part.salt() + part.commitment() || !verifier.OpenPart(part.number(), header).ok()) {
      ReportRecording(record, name + " has another header than its record says");
    }
  }
  return absl::OkStatus();
}

absl::Status Check::CheckRows(const v1::RecordingRecord& record) {
  std::vector<std::pair<Table, std::string>> rows = {{Table::kByCentre, CentrePrefix(record.centre()) + record.id()},
                                                     {Table::kByQueue, QueuePrefix(record.centre(), record.queue()) + record.id()},
                                                     {Table::kCalls, record.call_tag()}};
  for (const std::string& tag : record.index_tags()) rows.emplace_back(Table::kTags, tag + record.id());
  if (record.state() == v1::LIVE) rows.emplace_back(Table::kMeta, LiveKey(IdOf(record)));
  for (const auto& [table, key] : rows) {
    auto row = records_.Get(table, key);
    if (!row.ok()) return row.status();
    if (!row->has_value()) ReportRecording(record, absl::StrCat("has no row in ", std::string(storage::TableName(table))));
  }
  return absl::OkStatus();
}

absl::Status Check::CheckIndex(Table table) {
  return records_.Scan(table, {}, [&](std::string_view key, std::string_view) {
    auto id = key.size() < RecordingId::kBytes ? absl::InvalidArgumentError("short")
                                               : RecordingId::FromBytes(key.substr(key.size() - RecordingId::kBytes));
    if (!id.ok() || !known_.contains(*id)) Report(absl::StrCat("index ", std::string(storage::TableName(table))), "a row of no recording");
    return true;
  });
}

absl::Status Check::CheckLiveRows() {
  storage::ScanRange range{std::string(kLivePrefix), std::string(kLivePrefix), false};
  range.last.back() = static_cast<char>(range.last.back() + 1);
  return records_.Scan(Table::kMeta, range, [&](std::string_view key, std::string_view) {
    auto id = RecordingId::FromBytes(key.substr(kLivePrefix.size()));
    const auto found = id.ok() ? known_.find(*id) : known_.end();
    if (found == known_.end() || !found->second.live) Report("live rows", "a row of no live recording");
    return true;
  });
}

absl::Status Check::CheckObjects() {
  return audio_.List(
      [&](const storage::AudioObjectId& object, uint64_t size) {
        ++report_.objects;
        const auto found = known_.find(object.recording);
        const std::string name = absl::StrCat("object ", object.recording.Text(), ".", object.part);
        if (found == known_.end()) {
          Report(name, "belongs to no recording");
        } else if (!found->second.parts.contains(object.part)) {
          // A part dropped at a resume holds no whole chunk; a crash may have come before its removal.
          const bool dropped = object.part < found->second.newest_part && size < crypto::SealedChunkOffset(1);
          if (!dropped) Report(name, "is no part of its recording");
        }
        return true;
      },
      [&](std::string_view name) { Report(absl::StrCat("file ", std::string(name)), "is no audio object"); });
}

// What the log says of a recording, against the records: one that was deleted or rolled back with all its rows shows here.
void Check::CheckNamed(std::string_view leaf) {
  v1::AuditEntry entry;
  if (!entry.ParseFromArray(leaf.data(), static_cast<int>(leaf.size()))) return;  // VerifyStored names it
  const bool sealed = entry.action() == v1::RECORDING_SEALED || entry.action() == v1::RECORDING_INCOMPLETE;
  if (!sealed && entry.action() != v1::RECORDING_OPENED) return;
  auto id = RecordingId::FromBytes(entry.recording_id());
  const auto found = id.ok() ? known_.find(*id) : known_.end();
  const std::string where = absl::StrCat("log entry ", entry.sequence());
  if (found == known_.end()) {
    Report(where, "names a recording that is not in the store");
  } else if (sealed && found->second.live) {
    Report(where, "sealed a recording whose record says that it is live");
  }
}

absl::Status Check::CheckLog() {
  absl::Status scanned = records_.Scan(Table::kLog, {}, [&](std::string_view, std::string_view leaf) {
    ++report_.log_entries;
    CheckNamed(leaf);
    return true;
  });
  if (!scanned.ok()) return scanned;
  const auto report = [&](uint64_t sequence, std::string_view problem) { Report(absl::StrCat("log entry ", sequence), problem); };
  if (absl::Status verified = audit::VerifyStored(records_, report); !verified.ok()) return verified;
  return audit::IndexUpkeep(&records_, &keys_.site()).Check(report);
}

absl::StatusOr<FsckReport> Check::Run() {
  if (absl::Status checked = CheckRecordings(); !checked.ok()) return checked;
  for (const Table table : {Table::kByCentre, Table::kByQueue, Table::kTags, Table::kMetadata, Table::kManifests}) {
    if (absl::Status checked = CheckIndex(table); !checked.ok()) return checked;
  }
  if (absl::Status checked = CheckLiveRows(); !checked.ok()) return checked;
  if (absl::Status checked = CheckObjects(); !checked.ok()) return checked;
  if (absl::Status checked = CheckLog(); !checked.ok()) return checked;
  return report_;
}

}  // namespace

absl::StatusOr<FsckReport> Fsck(storage::Engine& engine, const keys::KeyHierarchy& keys, const FsckOptions& options,
                                absl::FunctionRef<void(const FsckFinding&)> finding) {
  return Check(engine, keys, options, finding).Run();
}

}  // namespace otokura::recordings
