#include "server/access/exports.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "crypto/certificate.h"
#include "crypto/random.h"
#include "server/access/account_checks.h"
#include "server/access/approval.h"
#include "server/access/export_rows.h"
#include "server/access/recording_list.h"

namespace otokura::access {
namespace {

constexpr size_t kIdRandomBytes = 10;
constexpr char kStateRule[] = "export-state";

absl::Status NoSuchExport() { return absl::NotFoundError("id: no such export; look at the list of exports"); }

absl::Status FateUnknown() {
  return absl::UnavailableError("export: the store failed and it is not known whether the change was kept; try again, which is safe");
}

bool IsOld(const v1::Export& kept, absl::Time now) {
  return !approval::IsOpen(kept, now) && absl::FromUnixMillis(kept.requested_unix_ms()) + kExportsKept < now;
}

v1::ExportRecord RecordOf(v1::Export kept, std::string certificate) {
  v1::ExportRecord record;
  *record.mutable_kept() = std::move(kept);
  record.set_certificate(std::move(certificate));
  return record;
}

absl::StatusOr<v1::Export> Requested(const v1::RequestExportRequest& request, const v1::Account& account, const v1::Recipient& recipient,
                                     absl::Time now) {
  const auto certificate = crypto::ParseCertificate(recipient.certificate());
  if (!certificate.ok()) return certificate.status();
  v1::Export kept;
  kept.set_id(ExportId::Make(now, crypto::RandomBytes(kIdRandomBytes)).Text());
  kept.set_account(account.name());
  kept.set_person_id(account.person_id());
  kept.set_recipient(recipient.name());
  kept.set_recipient_company(recipient.company());
  kept.set_recipient_sha256(certificate->sha256);
  *kept.mutable_recording_ids() = request.recording_ids();
  *kept.mutable_justification() = request.justification();
  kept.set_reason(request.reason());
  kept.set_hours(request.hours());
  return approval::Requested(std::move(kept), now);
}

}  // namespace

absl::Status CheckExportRequest(const v1::RequestExportRequest& request, const v1::ExportRule& rule) {
  if (absl::Status recordings = CheckRecordingList(request.recording_ids(), rule.recordings_max()); !recordings.ok()) return recordings;
  if (request.hours() > rule.hours_max())
    return absl::InvalidArgumentError(absl::StrCat("hours: ", request.hours(), ", must be at most ", rule.hours_max()));
  return CheckText("reason", request.reason(), approval::kReasonBytesMax);
}

// Shared with the callbacks of commits, which may come after the exports are gone.
struct Exports::State {
  State(const storage::RecordReader& records, storage::Committer* the_committer, const keys::SiteKeys* keys, runtime::Clock* the_clock,
        const Contracts* the_contracts)
      : rows(&records, keys), committer(the_committer), clock(the_clock), contracts(the_contracts) {}

  // Takes it in as it is stored now, and gives it as it stands. What is over stays with those who hold it.
  std::shared_ptr<const ExportStanding> Adopt(const v1::Export& kept, const std::string& certificate) {
    absl::MutexLock lock(&mutex);
    std::shared_ptr<ExportStanding>& held = open[kept.id()];
    if (held == nullptr) held = std::make_shared<ExportStanding>(kept, certificate, contracts);
    held->Adopt(kept);
    const std::shared_ptr<const ExportStanding> standing = held;
    if (!approval::IsOpen(*standing->kept(), clock->LogTime())) open.erase(kept.id());
    return standing;
  }
  // Those that ended by themselves are dropped on the way.
  size_t OpenOf(const std::string& person) {
    absl::MutexLock lock(&mutex);
    absl::erase_if(open, [now = clock->LogTime()](const auto& entry) { return !approval::IsOpen(*entry.second->kept(), now); });
    return static_cast<size_t>(
        std::count_if(open.begin(), open.end(), [&](const auto& entry) { return entry.second->kept()->person_id() == person; }));
  }

  const ExportRows rows;
  storage::Committer* const committer;
  runtime::Clock* const clock;
  const Contracts* const contracts;
  std::atomic<size_t> count{0};
  absl::Mutex mutex;
  absl::flat_hash_map<std::string, std::shared_ptr<ExportStanding>> open ABSL_GUARDED_BY(mutex);  // by id
};

Exports::Exports(std::shared_ptr<State> state) : state_(std::move(state)) {}
Exports::~Exports() = default;

absl::StatusOr<std::unique_ptr<Exports>> Exports::Open(const storage::RecordReader& records, storage::Committer* committer,
                                                       const keys::SiteKeys* keys, runtime::Clock* clock, const Contracts* contracts) {
  auto state = std::make_shared<State>(records, committer, keys, clock, contracts);
  absl::Status loaded = state->rows.ForEach([&](const StoredExport& stored) {
    ++state->count;
    state->Adopt(stored.record.kept(), stored.record.certificate());
    return true;
  });
  if (!loaded.ok()) return loaded;
  return std::unique_ptr<Exports>(new Exports(std::move(state)));
}

// What is stored is taken in: a commit of unknown fate may have been kept after all.
absl::StatusOr<std::shared_ptr<const ExportStanding>> Exports::Find(const ExportId& id) const {
  absl::StatusOr<std::optional<StoredExport>> stored = state_->rows.Read(id);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) return std::shared_ptr<const ExportStanding>();
  return state_->Adopt((*stored)->record.kept(), (*stored)->record.certificate());
}

absl::Status Exports::DropOldest(Change* change) const {
  const absl::Time now = state_->clock->LogTime();
  absl::Status dropped;
  absl::Status scanned = state_->rows.ForEach([&](const StoredExport& stored) {
    if (change->dropped == kExportsDroppedAtOnce || !IsOld(stored.record.kept(), now)) return false;
    dropped = state_->rows.DropAll(stored, &change->batch);
    ++change->dropped;
    return dropped.ok();
  });
  return scanned.ok() ? dropped : scanned;
}

absl::StatusOr<Exports::Change> Exports::Request(const v1::RequestExportRequest& request, const v1::Account& account,
                                                 const v1::Recipient& recipient, std::string* rule) const {
  if (state_->OpenOf(account.person_id()) >= kOpenExportsOfPersonMax) {
    *rule = "open-exports";
    return absl::ResourceExhaustedError(
        absl::StrCat("export: ", kOpenExportsOfPersonMax, " of yours wait or are active, which is the most; withdraw some"));
  }
  absl::StatusOr<v1::Export> requested = Requested(request, account, recipient, state_->clock->LogTime());
  if (!requested.ok()) return requested.status();
  Change change{*std::move(requested), recipient.certificate(), {}};
  absl::Status put = DropOldest(&change);
  if (put.ok() && state_->count - change.dropped >= kExportsMax) {
    return absl::ResourceExhaustedError(absl::StrCat("export: ", kExportsMax, " are kept, which is the most a gateway holds"));
  }
  if (put.ok()) put = state_->rows.Put(RecordOf(change.kept, change.certificate), std::nullopt, &change.batch);
  if (!put.ok()) return put;
  return change;
}

absl::StatusOr<Exports::Change> Exports::ChangeOf(const ExportId& id, Next next, std::string* rule) const {
  absl::StatusOr<std::optional<StoredExport>> stored = state_->rows.Read(id);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) return NoSuchExport();
  const v1::ExportRecord& record = (*stored)->record;
  state_->Adopt(record.kept(), record.certificate());
  absl::StatusOr<v1::Export> changed = next(record.kept());
  if (!changed.ok()) {
    *rule = kStateRule;
    return changed.status();
  }
  Change change{*std::move(changed), record.certificate(), {}};
  absl::Status put = state_->rows.Put(RecordOf(change.kept, change.certificate), std::move((*stored)->row), &change.batch);
  if (!put.ok()) return put;
  return change;
}

absl::StatusOr<Exports::Change> Exports::Approve(const ExportId& id, uint64_t revision, const v1::Account& approver,
                                                 std::string* rule) const {
  const absl::Time now = state_->clock->LogTime();
  return ChangeOf(
      id, [&](v1::Export stored) { return approval::Approved(std::move(stored), revision, approver, now); }, rule);
}

absl::StatusOr<Exports::Change> Exports::Refuse(const ExportId& id, std::string_view reason, const v1::Account& by,
                                                std::string* rule) const {
  const absl::Time now = state_->clock->LogTime();
  return ChangeOf(
      id, [&](v1::Export stored) { return approval::Refused(std::move(stored), by, reason, now); }, rule);
}

absl::StatusOr<Exports::Change> Exports::Revoke(const ExportId& id, std::string_view reason, const v1::Account& by,
                                                std::string* rule) const {
  const absl::Time now = state_->clock->LogTime();
  absl::StatusOr<Change> change = ChangeOf(
      id, [&](v1::Export stored) { return approval::Revoked(std::move(stored), by, reason, now); }, rule);
  if (change.ok()) change->batch.may_use_reserve = true;
  return change;
}

void Exports::Commit(Change change, std::unique_ptr<audit::Draft> entry, Done done) {
  storage::RecordCommit commit;
  commit.batch = std::move(change.batch);
  commit.entries.push_back(std::move(entry));
  const bool is_new = change.kept.revision() == 1;
  commit.done = [state = state_, kept = std::move(change.kept), certificate = std::move(change.certificate), dropped = change.dropped,
                 is_new, done = std::move(done)](const absl::Status& committed, absl::Span<const uint64_t> sequences) {
    if (absl::IsAborted(committed)) return done(absl::AbortedError("export: it was changed meanwhile; try again"), std::nullopt);
    if (absl::IsUnavailable(committed)) return done(FateUnknown(), std::nullopt);
    if (!committed.ok()) return done(committed, std::nullopt);
    if (is_new) ++state->count;
    state->count -= dropped;
    state->Adopt(kept, certificate);
    done(kept, sequences.front());
  };
  state_->committer->Commit(std::move(commit));
}

absl::Status Exports::PutTaken(const ExportId& id, const v1::ExportedObject& object, storage::Batch* batch) const {
  return state_->rows.PutTaken(id, object, batch);
}

absl::Status Exports::AddTaken(v1::Export* kept) const {
  return state_->rows.ForEachTaken(*ExportId::Parse(kept->id()),
                                   [&](v1::ExportedObject object) { *kept->add_taken() = std::move(object); });
}

absl::StatusOr<std::optional<v1::Export>> Exports::Show(const ExportId& id) const {
  absl::StatusOr<std::shared_ptr<const ExportStanding>> standing = Find(id);
  if (!standing.ok()) return standing.status();
  if (*standing == nullptr) return std::optional<v1::Export>();
  v1::Export kept = approval::AsOf(*(*standing)->kept(), state_->clock->LogTime());
  if (absl::Status added = AddTaken(&kept); !added.ok()) return added;
  return std::optional<v1::Export>(std::move(kept));
}

absl::StatusOr<Exports::Page> Exports::List(std::optional<ExportId> before, size_t rows, size_t bytes_max, bool ended) const {
  const absl::Time now = state_->clock->LogTime();
  Page page;
  size_t read = 0, bytes = 0;
  absl::Status taken;
  absl::Status scanned = state_->rows.ForEachNewestFirst(before, [&](StoredExport stored) {
    const ExportId id = *ExportId::Parse(stored.record.kept().id());
    v1::Export kept = approval::AsOf(std::move(*stored.record.mutable_kept()), now);
    const bool wanted = ended || approval::IsOpen(kept, now);
    if (wanted) taken = AddTaken(&kept);
    if (!taken.ok()) return false;
    bytes += wanted ? kept.ByteSizeLong() : 0;
    if (page.exports.size() == rows || ++read > kExportRowsReadForAPage || (wanted && !page.exports.empty() && bytes > bytes_max)) {
      page.next_before = before;
      return false;
    }
    before = id;
    if (wanted) page.exports.push_back(std::move(kept));
    return true;
  });
  if (!scanned.ok()) return scanned;
  if (!taken.ok()) return taken;
  return page;
}

}  // namespace otokura::access
