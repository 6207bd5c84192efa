#include "server/audit/log.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/audit/commitments.h"
#include "server/audit/index.h"
#include "server/audit/log_rows.h"

namespace otokura::audit {
namespace {

// Slower drift is NTP at work; a jump beyond this is somebody setting the clock.
constexpr absl::Duration kClockStepMin = absl::Seconds(2);

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

struct Log::Pending {
  // Where the next entry goes. Copied before each commit, so that one that fails leaves nothing behind.
  struct Edge {
    crypto::MerkleFrontier frontier;
    int64_t last_time_unix_us = 0;
    absl::Duration wall_ahead;  // of Clock::Now, as last noted by a CLOCK_STEP
  };
  Edge edge;
  absl::Duration durable_wall_ahead;
  absl::flat_hash_map<std::string, v1::AccessCount> counts;   // of commits that were sequenced and are not durable yet
  absl::flat_hash_map<std::string, v1::AccessCount> touched;  // of the commit being sequenced
};

Log::Log(storage::RecordStore* records, const keys::SiteKeys* keys, runtime::Clock* clock)
    : records_(records), keys_(keys), clock_(clock), pending_(std::make_unique<Pending>()) {}

Log::~Log() = default;

absl::StatusOr<std::unique_ptr<Log>> Log::Open(storage::RecordStore* records, const keys::SiteKeys* keys, runtime::Clock* clock) {
  std::unique_ptr<Log> log(new Log(records, keys, clock));
  if (absl::Status status = log->Reload(); !status.ok()) return status;
  const absl::Time now = clock->Now();
  const absl::Time last = absl::FromUnixMicros(log->pending_->edge.last_time_unix_us);
  absl::Duration& wall_ahead = log->pending_->durable_wall_ahead;
  wall_ahead = clock->RawWall() - now;
  // Set back while the gateway was down: compare with the last entry, so that the step shows.
  if (last > now + kClockStepMin) wall_ahead += last - now;
  log->pending_->edge.wall_ahead = wall_ahead;
  return log;
}

absl::Status Log::Reload() {
  absl::StatusOr<v1::LogHead> head = ReadHead(*records_);
  if (!head.ok()) return head.status();
  absl::StatusOr<crypto::MerkleFrontier> frontier = FrontierOf(*head);
  if (!frontier.ok()) return frontier.status();
  if (absl::Status status = CheckFitsNeighbours(*records_, *head); !status.ok()) return status;
  pending_->edge = {*std::move(frontier), head->last_time_unix_us(), pending_->durable_wall_ahead};
  pending_->counts.clear();
  absl::MutexLock lock(&mutex_);
  durable_ = HeadOf(pending_->edge.frontier);
  return absl::OkStatus();
}

void Log::Committed() {
  pending_->durable_wall_ahead = pending_->edge.wall_ahead;
  pending_->counts.clear();
  absl::MutexLock lock(&mutex_);
  durable_ = HeadOf(pending_->edge.frontier);
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

absl::Status Log::Sequence(absl::Span<const std::unique_ptr<storage::LogDraft>> drafts, storage::Batch* batch,
                           std::vector<uint64_t>* sequences) {
  const Pending::Edge before = pending_->edge;
  const size_t writes_before = batch->writes.size();
  const size_t sequences_before = sequences->size();
  pending_->touched.clear();
  absl::Status status = NoteClockStep(batch);
  for (size_t i = 0; status.ok() && i < drafts.size(); ++i) {
    const auto* draft = dynamic_cast<const Draft*>(drafts[i].get());
    if (draft == nullptr) {
      status = absl::InternalError("log entry: a draft of a foreign kind");
      break;
    }
    uint64_t sequence = 0;
    status = Place(*draft, batch, &sequence);
    sequences->push_back(sequence);
  }
  if (!status.ok()) {
    pending_->edge = before;
    batch->writes.erase(batch->writes.begin() + static_cast<ptrdiff_t>(writes_before), batch->writes.end());
    sequences->resize(sequences_before);
    return status;
  }
  for (auto& [recording, count] : pending_->touched) {
    batch->Put(storage::Table::kAccessCounts, recording, count.SerializeAsString());
    pending_->counts[recording] = count;
  }
  PutHead(batch);
  return absl::OkStatus();
}

absl::Status Log::NoteClockStep(storage::Batch* batch) {
  const absl::Duration wall_ahead = clock_->RawWall() - clock_->Now();
  const absl::Duration step = wall_ahead - pending_->edge.wall_ahead;
  if (absl::AbsDuration(step) <= kClockStepMin) return absl::OkStatus();
  pending_->edge.wall_ahead = wall_ahead;
  Draft draft;
  draft.leaf.set_action(v1::CLOCK_STEP);
  draft.leaf.set_decision(v1::NOTED);
  draft.leaf.set_subject(absl::StrFormat("%+ds", absl::ToInt64Seconds(step)));
  uint64_t sequence = 0;
  return Place(draft, batch, &sequence);
}

absl::StatusOr<v1::AccessCount> Log::CountOf(const std::string& recording_id) {
  for (const auto* counts : {&pending_->touched, &pending_->counts}) {
    if (auto found = counts->find(recording_id); found != counts->end()) return found->second;
  }
  return ReadAccessCount(*records_, recording_id);
}

absl::Status Log::Number(v1::AuditEntry* leaf) {
  const std::string& recording = leaf->recording_id();
  if (recording.empty()) return absl::OkStatus();
  if (recording.size() != storage::RecordingId::kBytes) return absl::InternalError("log entry: recording_id must be 16 bytes");
  absl::StatusOr<v1::AccessCount> count = CountOf(recording);
  if (!count.ok()) return count.status();
  if (count->count() > 0) leaf->set_previous_sequence(count->last_sequence());
  count->set_count(count->count() + 1);
  count->set_last_sequence(leaf->sequence());
  leaf->set_access_number(count->count());
  pending_->touched[recording] = *std::move(count);
  return absl::OkStatus();
}

absl::Status Log::Place(const Draft& draft, storage::Batch* batch, uint64_t* sequence) {
  Pending::Edge& edge = pending_->edge;
  *sequence = edge.frontier.size();
  v1::AuditEntry entry = draft.leaf;
  entry.set_version(kEntryVersion);
  entry.set_sequence(*sequence);
  entry.set_time_unix_us(std::max(absl::ToUnixMicros(clock_->Now()), edge.last_time_unix_us));
  entry.set_wall_time_unix_us(absl::ToUnixMicros(clock_->RawWall()));
  if (absl::Status status = Number(&entry); !status.ok()) return status;
  v1::AuditDetails details;
  CommitTo(draft.particulars, &entry, &details);

  std::string leaf;
  if (!entry.SerializeToString(&leaf) || leaf.size() > kLeafBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("log entry: ", leaf.size(), " bytes, a leaf takes at most ", kLeafBytesMax));
  }
  absl::StatusOr<std::string> sealed = keys_->SealAuditDetails(*sequence, details.SerializeAsString());
  if (!sealed.ok()) return sealed.status();
  edge.frontier.Append(crypto::MerkleLeafHash(leaf));
  edge.last_time_unix_us = entry.time_unix_us();
  batch->Put(storage::Table::kLog, SequenceKey(*sequence), std::move(leaf));
  batch->Put(storage::Table::kLogDetails, SequenceKey(*sequence), *std::move(sealed));
  for (const std::string& row : IndexKeys(entry, details, *keys_)) batch->Put(storage::Table::kLogIndex, row, "");
  return absl::OkStatus();
}

void Log::PutHead(storage::Batch* batch) const {
  const Pending::Edge& edge = pending_->edge;
  v1::LogHead head;
  head.set_version(kHeadVersion);
  head.set_tree_size(edge.frontier.size());
  for (const std::string& root : edge.frontier.roots()) head.add_frontier(root);
  head.set_last_time_unix_us(edge.last_time_unix_us);
  batch->Put(storage::Table::kMeta, kHeadKey, head.SerializeAsString());
}

}  // namespace otokura::audit
