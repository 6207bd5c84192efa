#include "server/incidents/canaries.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "server/access/sealed_rows.h"
#include "server/storage/recording_id.h"

namespace otokura::incidents {
namespace {

constexpr uint32_t kRecordVersion = 1;
constexpr std::string_view kPrefix = "canary/";
constexpr char kRows[] = "canaries";

// A key in clear would give the recording away.
access::SealedRowName RowOf(std::string_view recording_id, const keys::SiteKeys& keys) {
  return access::HashedRow(kPrefix, recording_id, keys);
}

absl::StatusOr<v1::Canary> OpenCanary(std::string_view row_key, std::string_view row, const keys::SiteKeys& keys) {
  const std::string sealing_key = absl::HexStringToBytes(std::string(row_key.substr(kPrefix.size())));
  absl::StatusOr<std::string> opened = keys.OpenAccount(sealing_key, row);
  if (!opened.ok()) return opened.status();
  absl::StatusOr<v1::CanaryRecord> record = access::ParseVersioned<v1::CanaryRecord>(*opened, kRecordVersion, kRows);
  if (!record.ok()) return record.status();
  if (RowOf(record->canary().recording_id(), keys).row_key == row_key) return std::move(*record->mutable_canary());
  return absl::DataLossError("canaries: a row lies in another's place; run otokurad fsck");
}

}  // namespace

struct Canaries::State {
  explicit State(Parts the_parts) : parts(the_parts) {}
  const Parts parts;
  mutable absl::Mutex mutex;
  std::map<std::string, v1::Canary, std::less<>> by_recording ABSL_GUARDED_BY(mutex);
};

Canaries::Canaries(std::shared_ptr<State> state) : state_(std::move(state)) {}
Canaries::~Canaries() = default;

absl::StatusOr<std::unique_ptr<Canaries>> Canaries::Open(Parts parts) {
  auto state = std::make_shared<State>(parts);
  absl::Status damage;
  absl::MutexLock lock(&state->mutex);
  const storage::ScanRange all = access::RowsOf(kPrefix);
  absl::Status scanned = parts.records->Scan(storage::Table::kMeta, all, [&](std::string_view row_key, std::string_view row) {
    absl::StatusOr<v1::Canary> canary = OpenCanary(row_key, row, *parts.keys);
    if (!canary.ok()) damage = canary.status();
    if (canary.ok()) state->by_recording[canary->recording_id()] = *canary;
    return true;
  });
  if (!scanned.ok()) return scanned;
  if (!damage.ok()) parts.events->Failure("canary-damaged", damage);
  return std::unique_ptr<Canaries>(new Canaries(state));
}

bool Canaries::Has(std::string_view recording_id) const {
  absl::MutexLock lock(&state_->mutex);
  return state_->by_recording.find(recording_id) != state_->by_recording.end();
}

std::vector<v1::Canary> Canaries::List(std::string_view after, size_t limit) const {
  absl::MutexLock lock(&state_->mutex);
  std::vector<v1::Canary> canaries;
  for (auto next = state_->by_recording.upper_bound(after); next != state_->by_recording.end() && canaries.size() < limit; ++next) {
    canaries.push_back(next->second);
  }
  return canaries;
}

void Canaries::Mark(std::string_view recording_id, std::string_view by, std::unique_ptr<audit::Draft> entry, Done done) {
  const auto id = storage::RecordingId::Parse(recording_id);
  if (!id.ok()) return done(id.status());
  const auto recording = state_->parts.records->Get(storage::Table::kRecordings, id->bytes());
  if (!recording.ok()) return done(recording.status());
  if (!recording->has_value()) return done(absl::NotFoundError("recording_id: no such recording; bait must be one that can be asked for"));
  {
    absl::MutexLock lock(&state_->mutex);
    if (state_->by_recording.contains(recording_id)) return done(absl::AlreadyExistsError("recording_id: a canary already"));
    if (state_->by_recording.size() >= kCanariesMax) {
      return done(absl::ResourceExhaustedError(absl::StrCat("canaries: ", kCanariesMax, " are marked, which is the most; clear some")));
    }
  }
  v1::CanaryRecord record;
  record.set_version(kRecordVersion);
  v1::Canary& canary = *record.mutable_canary();
  canary.set_recording_id(id->Text());
  canary.set_marked_by(std::string(by));
  canary.set_marked_unix_ms(absl::ToUnixMillis(state_->parts.clock->Now()));
  storage::RecordCommit commit;
  const keys::SiteKeys& keys = *state_->parts.keys;
  absl::Status put = access::PutSealed(RowOf(id->Text(), keys), record.SerializeAsString(), std::nullopt, keys, &commit.batch);
  if (!put.ok()) return done(put);
  entry->leaf.set_subject("marked");
  entry->particulars.target = id->Text();
  commit.entries.push_back(std::move(entry));
  Commit(std::move(commit), std::move(canary), true, std::move(done));
}

void Canaries::Clear(std::string_view recording_id, std::unique_ptr<audit::Draft> entry, Done done) {
  const keys::SiteKeys& keys = *state_->parts.keys;
  const access::SealedRowName name = RowOf(recording_id, keys);
  auto stored = access::ReadSealed(*state_->parts.records, name, keys);
  if (!stored.ok()) return done(stored.status());
  if (!stored->has_value()) return done(absl::NotFoundError("recording_id: no canary; look at the list of canaries"));
  absl::StatusOr<v1::Canary> canary = OpenCanary(name.row_key, (*stored)->row, keys);
  if (!canary.ok()) return done(canary.status());
  storage::RecordCommit commit;
  commit.batch.preconditions.push_back({storage::Table::kMeta, name.row_key, (*stored)->row});
  commit.batch.Delete(storage::Table::kMeta, name.row_key);
  entry->leaf.set_subject("cleared");
  entry->particulars.target = canary->recording_id();
  commit.entries.push_back(std::move(entry));
  Commit(std::move(commit), *std::move(canary), false, std::move(done));
}

void Canaries::Commit(storage::RecordCommit commit, v1::Canary canary, bool is_marked, Done done) {
  commit.done = [state = state_, canary = std::move(canary), is_marked, done = std::move(done)](const absl::Status& committed,
                                                                                                absl::Span<const uint64_t>) {
    if (absl::IsAborted(committed)) return done(absl::AbortedError("recording_id: marked or cleared meanwhile; look again"));
    if (!committed.ok()) return done(committed);
    {
      absl::MutexLock lock(&state->mutex);
      if (is_marked) {
        state->by_recording[canary.recording_id()] = canary;
      } else {
        state->by_recording.erase(canary.recording_id());
      }
    }
    done(canary);
  };
  state_->parts.committer->Commit(std::move(commit));
}

}  // namespace otokura::incidents
