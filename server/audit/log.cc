#include "server/audit/log.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/audit/commitments.h"
#include "server/audit/index.h"
#include "server/audit/index_rows.h"
#include "server/audit/log_rows.h"

namespace otokura::audit {
namespace {

// Slower drift is NTP at work; a jump beyond this is somebody setting the clock.
constexpr absl::Duration kClockStepMin = absl::Seconds(2);

using AccessCounts = absl::flat_hash_map<std::string, v1::AccessCount>;  // by recording

Head HeadOf(const crypto::MerkleFrontier& frontier) { return {frontier.size(), frontier.Root()}; }

absl::StatusOr<crypto::MerkleFrontier> FrontierOf(const v1::LogHead& head) {
  absl::StatusOr<crypto::MerkleFrontier> frontier =
      crypto::MerkleFrontier::Restore(head.tree_size(), {head.frontier().begin(), head.frontier().end()});
  if (!frontier.ok()) return absl::DataLossError("log head: its frontier does not fit its size; run otokurad fsck");
  return frontier;
}

absl::Status CheckNothingAt(const storage::RecordReader& records, uint64_t first_sequence) {
  bool found = false;
  absl::Status status =
      records.Scan(storage::Table::kLog, {SequenceKey(first_sequence), "", false}, [&found](std::string_view, std::string_view) {
        found = true;
        return false;
      });
  if (!status.ok() || !found) return status;
  return absl::DataLossError(absl::StrCat("log head: ends at entry ", first_sequence, ", but entries follow; run otokurad fsck"));
}

// A head restored alone, or entries restored without it, must not be built upon.
absl::Status CheckFitsNeighbours(const storage::RecordReader& records, const v1::LogHead& head) {
  if (absl::Status status = CheckNothingAt(records, head.tree_size()); !status.ok() || head.tree_size() == 0) return status;
  const uint64_t last = head.tree_size() - 1;
  absl::StatusOr<std::optional<std::string>> leaf = records.Get(storage::Table::kLog, SequenceKey(last));
  if (!leaf.ok()) return leaf.status();
  if (!leaf->has_value()) return absl::DataLossError(absl::StrCat("log entry ", last, ": missing below the head; run otokurad fsck"));
  absl::StatusOr<v1::AuditEntry> entry = ParseLeaf(last, **leaf);
  if (!entry.ok()) return entry.status();
  // In a tree of odd size the last leaf stands alone at the edge, so its hash is in the head.
  const bool hash_fits = head.tree_size() % 2 == 0 || *head.frontier().rbegin() == crypto::MerkleLeafHash(**leaf);
  if (hash_fits && entry->time_unix_us() == head.last_time_unix_us()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("log entry ", last, ": not the one the head was made over; run otokurad fsck"));
}

}  // namespace

// Entries about one recording come close together: it is asked for, heard, and put down again.
constexpr size_t kRecentCountsMax = 65'536;  // some 100 bytes each; beyond, memory begins anew

struct Log::Pending {
  crypto::MerkleFrontier frontier;
  int64_t last_time_unix_us = 0;
  absl::Duration wall_ahead;  // of Clock::Now, as last noted by a CLOCK_STEP
  absl::Duration durable_wall_ahead;
  AccessCounts counts;
  AccessCounts recent;  // as the store has them
  IndexRows index;

  void Index(const Draft& draft) {
    for (const std::string& prefix : draft.index_prefixes) index.Add(prefix, draft.leaf.sequence());
  }
};

// Kept apart until all entries of a commit have their places, so that one that fails leaves nothing behind.
struct Log::Placed {
  uint64_t next_sequence;
  int64_t last_time_unix_us;
  absl::Duration wall_ahead;
  std::optional<Draft> clock_step{};
  std::vector<std::string> leaf_hashes{};
  AccessCounts counts{};
};

Log::Log(storage::RecordStore* records, const keys::SiteKeys* keys, runtime::Clock* clock)
    : records_(records), keys_(keys), clock_(clock), pending_(std::make_unique<Pending>()) {}

Log::~Log() = default;

absl::StatusOr<std::unique_ptr<Log>> Log::Open(storage::RecordStore* records, const keys::SiteKeys* keys, runtime::Clock* clock) {
  std::unique_ptr<Log> log(new Log(records, keys, clock));
  if (absl::Status status = log->Reload(); !status.ok()) return status;
  const absl::Time now = clock->Now();
  const absl::Time last = absl::FromUnixMicros(log->pending_->last_time_unix_us);
  absl::Duration& wall_ahead = log->pending_->durable_wall_ahead;
  wall_ahead = clock->RawWall() - now;
  // Set back while the gateway was down: compare with the last entry, so that the step shows.
  if (last > now + kClockStepMin) wall_ahead += last - now;
  log->pending_->wall_ahead = wall_ahead;
  clock->BeginLogAt(last);
  return log;
}

absl::Status Log::Reload() {
  absl::StatusOr<v1::LogHead> head = ReadHead(*records_);
  if (!head.ok()) return head.status();
  absl::StatusOr<crypto::MerkleFrontier> frontier = FrontierOf(*head);
  if (!frontier.ok()) return frontier.status();
  if (absl::Status status = CheckFitsNeighbours(*records_, *head); !status.ok()) return status;
  pending_->frontier = *std::move(frontier);
  pending_->last_time_unix_us = head->last_time_unix_us();
  pending_->wall_ahead = pending_->durable_wall_ahead;
  pending_->counts.clear();
  pending_->recent.clear();
  pending_->index.Clear();
  if (tally_ != nullptr) tally_->Forget();
  absl::MutexLock lock(&mutex_);
  durable_ = HeadOf(pending_->frontier);
  return absl::OkStatus();
}

void Log::Committed() {
  if (tally_ != nullptr) tally_->Committed();
  pending_->durable_wall_ahead = pending_->wall_ahead;
  if (pending_->recent.size() + pending_->counts.size() > kRecentCountsMax) pending_->recent.clear();
  for (auto& [recording, count] : pending_->counts) pending_->recent[recording] = std::move(count);
  pending_->counts.clear();
  pending_->index.Clear();
  absl::MutexLock lock(&mutex_);
  durable_ = HeadOf(pending_->frontier);
}

Head Log::head() const {
  absl::MutexLock lock(&mutex_);
  return durable_;
}

absl::StatusOr<v1::AuditEntry> Log::Read(uint64_t sequence) const {
  absl::StatusOr<std::optional<std::string>> leaf = records_->Get(storage::Table::kLog, SequenceKey(sequence));
  if (!leaf.ok()) return leaf.status();
  if (leaf->has_value()) return ParseLeaf(sequence, **leaf);
  if (sequence >= head().tree_size) return absl::NotFoundError(absl::StrCat("log entry ", sequence, ": the log is not that long"));
  return absl::DataLossError(absl::StrCat("log entry ", sequence, ": missing; run otokurad fsck"));
}

void Log::Prepare(storage::LogDraft& draft) const {
  auto* const entry = dynamic_cast<Draft*>(&draft);
  if (entry == nullptr) return;  // Sequence refuses it
  v1::AuditDetails details;
  CommitTo(entry->particulars, &entry->leaf, &details);
  entry->sealed_details = keys_->SealAuditDetails(CommitmentsDigest(entry->leaf), details.SerializeAsString());
  entry->index_prefixes = IndexPrefixes(entry->leaf, details, *keys_);
}

absl::Status Log::Sequence(absl::Span<const std::unique_ptr<storage::LogDraft>> drafts, storage::Batch* batch,
                           std::vector<uint64_t>* sequences) {
  Placed placed{pending_->frontier.size(), pending_->last_time_unix_us, pending_->wall_ahead};
  const size_t writes_before = batch->writes.size();
  const size_t sequences_before = sequences->size();
  absl::Status status = NoteClockStep(&placed, batch);
  for (size_t i = 0; status.ok() && i < drafts.size(); ++i) {
    auto* const draft = dynamic_cast<Draft*>(drafts[i].get());
    sequences->push_back(placed.next_sequence);
    status = draft == nullptr ? absl::InternalError("log entry: a draft of a foreign kind") : Place(*draft, &placed, batch);
  }
  if (status.ok() && tally_ != nullptr) status = tally_->Add(drafts);
  if (!status.ok()) {
    batch->writes.erase(batch->writes.begin() + static_cast<ptrdiff_t>(writes_before), batch->writes.end());
    sequences->resize(sequences_before);
    return status;
  }
  for (const std::string& hash : placed.leaf_hashes) pending_->frontier.Append(hash);
  for (auto& [recording, count] : placed.counts) pending_->counts[recording] = std::move(count);
  if (placed.clock_step.has_value()) pending_->Index(*placed.clock_step);
  for (const auto& draft : drafts) pending_->Index(static_cast<const Draft&>(*draft));
  pending_->last_time_unix_us = placed.last_time_unix_us;
  pending_->wall_ahead = placed.wall_ahead;
  return absl::OkStatus();
}

absl::Status Log::NoteClockStep(Placed* placed, storage::Batch* batch) const {
  const absl::Duration wall_ahead = clock_->RawWall() - clock_->Now();
  const absl::Duration step = wall_ahead - placed->wall_ahead;
  if (absl::AbsDuration(step) <= kClockStepMin) return absl::OkStatus();
  placed->wall_ahead = wall_ahead;
  Draft& draft = placed->clock_step.emplace();
  draft.leaf.set_action(v1::CLOCK_STEP);
  draft.leaf.set_decision(v1::NOTED);
  draft.leaf.set_subject(absl::StrFormat("%+ds", absl::ToInt64Seconds(step)));
  Prepare(draft);
  return Place(draft, placed, batch);
}

absl::StatusOr<v1::AccessCount> Log::CountOf(const Placed& placed, const std::string& recording_id) const {
  for (const AccessCounts* counts : {&placed.counts, &std::as_const(pending_->counts), &std::as_const(pending_->recent)}) {
    if (auto found = counts->find(recording_id); found != counts->end()) return found->second;
  }
  return ReadAccessCount(*records_, recording_id);
}

absl::Status Log::Number(v1::AuditEntry* leaf, Placed* placed) const {
  leaf->clear_previous_sequence();  // set where the entry was placed before, in a write that was refused
  const std::string& recording = leaf->recording_id();
  if (recording.empty()) return absl::OkStatus();
  if (recording.size() != storage::RecordingId::kBytes) return absl::InternalError("log entry: recording_id must be 16 bytes");
  absl::StatusOr<v1::AccessCount> count = CountOf(*placed, recording);
  if (!count.ok()) return count.status();
  if (count->count() > 0) leaf->set_previous_sequence(count->last_sequence());
  count->set_count(count->count() + 1);
  count->set_last_sequence(leaf->sequence());
  leaf->set_access_number(count->count());
  placed->counts[recording] = *std::move(count);
  return absl::OkStatus();
}

absl::Status Log::Place(Draft& draft, Placed* placed, storage::Batch* batch) const {
  const uint64_t sequence = placed->next_sequence++;
  v1::AuditEntry& entry = draft.leaf;
  entry.set_version(kEntryVersion);
  entry.set_sequence(sequence);
  entry.set_time_unix_us(std::max(absl::ToUnixMicros(clock_->Now()), placed->last_time_unix_us));
  entry.set_wall_time_unix_us(absl::ToUnixMicros(clock_->RawWall()));
  if (absl::Status status = Number(&entry, placed); !status.ok()) return status;
  std::string leaf;
  if (!entry.SerializeToString(&leaf) || leaf.size() > kLeafBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("log entry: ", leaf.size(), " bytes, a leaf takes at most ", kLeafBytesMax));
  }
  if (!draft.sealed_details.ok()) return draft.sealed_details.status();
  placed->leaf_hashes.push_back(crypto::MerkleLeafHash(leaf));
  placed->last_time_unix_us = entry.time_unix_us();
  batch->Put(storage::Table::kLog, SequenceKey(sequence), std::move(leaf));
  batch->Put(storage::Table::kLogDetails, SequenceKey(sequence), *draft.sealed_details);
  return absl::OkStatus();
}

void Log::Conclude(storage::Batch* batch) const {
  std::vector<std::pair<std::string_view, const v1::AccessCount*>> counts;
  counts.reserve(pending_->counts.size());
  for (const auto& [recording, count] : pending_->counts) counts.emplace_back(recording, &count);
  std::sort(counts.begin(), counts.end());  // the store takes in what is in order with less of a search
  for (const auto& [recording, count] : counts) batch->Put(storage::Table::kAccessCounts, recording, count->SerializeAsString());
  pending_->index.PutInto(batch);
  if (tally_ != nullptr) tally_->PutInto(batch);
  v1::LogHead head;
  head.set_version(kHeadVersion);
  head.set_tree_size(pending_->frontier.size());
  for (const std::string& root : pending_->frontier.roots()) head.add_frontier(root);
  head.set_last_time_unix_us(pending_->last_time_unix_us);
  batch->Put(storage::Table::kMeta, kHeadKey, head.SerializeAsString());
}

}  // namespace otokura::audit
