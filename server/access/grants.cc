#include "server/access/grants.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/random.h"
#include "server/access/grant_changes.h"

namespace otokura::access {
namespace {

constexpr size_t kIdRandomBytes = 10;
constexpr char kStateRule[] = "grant-state";

absl::Status NoSuchGrant() { return absl::NotFoundError("id: no such grant; look at the list of grants"); }

absl::Status FateUnknown() {
  return absl::UnavailableError("grant: the store failed and it is not known whether the change was kept; try again, which is safe");
}

// A person's grants are in the order of their ids, whatever a clock says.
GrantId IdAfter(const std::optional<StoredGrant>& newest, absl::Time now) {
  if (newest.has_value()) now = std::max(now, GrantId::Parse(newest->record.grant().id())->time() + absl::Milliseconds(1));
  return GrantId::Make(now, crypto::RandomBytes(kIdRandomBytes));
}

v1::GrantRecord RecordOf(const v1::Grant& grant) {
  v1::GrantRecord record;
  *record.mutable_grant() = grant;
  return record;
}

bool IsOld(const v1::Grant& grant, absl::Time now) {
  return !IsOpen(grant, now) && absl::FromUnixMillis(grant.requested_unix_ms()) + kGrantsKept < now;
}

}  // namespace

// Shared with the callbacks of commits, which may come after the grants are gone.
struct Grants::State {
  State(const storage::RecordReader& records, storage::Committer* the_committer, const keys::SiteKeys* keys, runtime::Clock* the_clock,
        GrantsInForce* the_grants)
      : rows(&records, keys), committer(the_committer), clock(the_clock), in_force(the_grants) {}

  const GrantRows rows;
  storage::Committer* const committer;
  runtime::Clock* const clock;
  GrantsInForce* const in_force;
  std::atomic<size_t> kept{0};
};

Grants::Grants(std::shared_ptr<State> state) : state_(std::move(state)) {}
Grants::~Grants() = default;

absl::StatusOr<std::unique_ptr<Grants>> Grants::Open(const storage::RecordReader& records, storage::Committer* committer,
                                                     const keys::SiteKeys* keys, runtime::Clock* clock, GrantsInForce* in_force) {
  auto state = std::make_shared<State>(records, committer, keys, clock, in_force);
  absl::Status loaded = state->rows.ForEach([&](StoredGrant stored) {
    ++state->kept;
    in_force->Adopt(std::move(*stored.record.mutable_grant()));
    return true;
  });
  if (!loaded.ok()) return loaded;
  return std::unique_ptr<Grants>(new Grants(std::move(state)));
}

// What is stored is taken in: a commit of unknown fate may have been kept after all.
absl::StatusOr<std::optional<v1::Grant>> Grants::Find(const GrantId& id) const {
  absl::StatusOr<std::optional<StoredGrant>> stored = state_->rows.Read(id);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) return std::optional<v1::Grant>();
  state_->in_force->Adopt((*stored)->record.grant());
  return std::optional<v1::Grant>((*stored)->record.grant());
}

absl::Status Grants::DropOldest(Change* change) const {
  const absl::Time now = state_->clock->LogTime();
  return state_->rows.ForEach([&](const StoredGrant& stored) {
    if (change->dropped == kGrantsDroppedAtOnce || !IsOld(stored.record.grant(), now)) return false;
    state_->rows.Drop(stored, &change->batch);
    ++change->dropped;
    return true;
  });
}

absl::StatusOr<Grants::Change> Grants::Request(const v1::RequestGrantRequest& request, const v1::Account& account,
                                               std::string* rule) const {
  const absl::Time now = state_->clock->LogTime();
  std::optional<std::string> newest_row;
  absl::StatusOr<std::optional<StoredGrant>> newest = state_->rows.NewestOf(account.person_id(), &newest_row);
  if (!newest.ok()) return newest.status();
  if (newest->has_value() && IsOpen((*newest)->record.grant(), now)) {
    *rule = "one-grant";
    return absl::FailedPreconditionError(absl::StrCat("grant: ", (*newest)->record.grant().id(),
                                                      " of yours waits or is active, and one person has one at a time; withdraw it first"));
  }
  const GrantId id = IdAfter(*newest, now);
  Change change{Requested(request, account, id.Text(), now), {}};
  absl::Status put = DropOldest(&change);
  if (put.ok() && state_->kept - change.dropped >= kGrantsMax) {
    return absl::ResourceExhaustedError(absl::StrCat("grant: ", kGrantsMax, " are kept, which is the most a gateway holds"));
  }
  if (put.ok()) put = state_->rows.Put(RecordOf(change.grant), std::nullopt, &change.batch);
  if (put.ok()) put = state_->rows.PutNewestOf(account.person_id(), id, std::move(newest_row), &change.batch);
  if (!put.ok()) return put;
  return change;
}

absl::StatusOr<Grants::Change> Grants::ChangeOf(const GrantId& id, Next next, std::string* rule) const {
  absl::StatusOr<std::optional<StoredGrant>> stored = state_->rows.Read(id);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) return NoSuchGrant();
  state_->in_force->Adopt((*stored)->record.grant());
  absl::StatusOr<v1::Grant> changed = next((*stored)->record.grant());
  if (!changed.ok()) {
    *rule = kStateRule;
    return changed.status();
  }
  Change change{*std::move(changed), {}};
  if (absl::Status put = state_->rows.Put(RecordOf(change.grant), std::move((*stored)->row), &change.batch); !put.ok()) return put;
  return change;
}

absl::StatusOr<Grants::Change> Grants::Approve(const GrantId& id, uint64_t revision, const v1::Account& approver, uint32_t approvals_max,
                                               std::string* rule) const {
  const absl::Time now = state_->clock->LogTime();
  const auto approve = [&](v1::Grant stored) { return Approved(std::move(stored), revision, approver, now); };
  absl::StatusOr<Change> change = ChangeOf(id, approve, rule);
  if (!change.ok()) return change;
  std::optional<std::string> row;
  absl::StatusOr<std::vector<absl::Time>> approvals = state_->rows.ApprovalsBy(approver.person_id(), now, &row);
  if (!approvals.ok()) return approvals.status();
  if (approvals->size() >= approvals_max) {
    *rule = "approvals";
    return absl::FailedPreconditionError(
        absl::StrCat("grant: you approved ", approvals->size(), " in the last 24 hours, at most ", approvals_max, "; ask somebody else"));
  }
  approvals->push_back(now);
  absl::Status put = state_->rows.PutApprovalsBy(approver.person_id(), *approvals, std::move(row), &change->batch);
  if (!put.ok()) return put;
  return change;
}

absl::StatusOr<Grants::Change> Grants::Refuse(const GrantId& id, std::string_view reason, const v1::Account& by, std::string* rule) const {
  const auto refuse = [&](v1::Grant stored) { return Refused(std::move(stored), by, reason, state_->clock->LogTime()); };
  return ChangeOf(id, refuse, rule);
}

absl::StatusOr<Grants::Change> Grants::Revoke(const GrantId& id, std::string_view reason, const v1::Account& by, std::string* rule) const {
  const auto revoke = [&](v1::Grant stored) { return Revoked(std::move(stored), by, reason, state_->clock->LogTime()); };
  absl::StatusOr<Change> change = ChangeOf(id, revoke, rule);
  if (change.ok()) change->batch.may_use_reserve = true;
  return change;
}

void Grants::Commit(Change change, std::unique_ptr<audit::Draft> entry, Done done) {
  storage::RecordCommit commit;
  commit.batch = std::move(change.batch);
  commit.entries.push_back(std::move(entry));
  const bool is_new = change.grant.revision() == 1;
  commit.done = [state = state_, grant = std::move(change.grant), dropped = change.dropped, is_new, done = std::move(done)](
                    const absl::Status& committed, absl::Span<const uint64_t>) {
    if (absl::IsAborted(committed))
      return done(absl::AbortedError("grant: it, or another of the same person, was changed meanwhile; try again"));
    if (absl::IsUnavailable(committed)) return done(FateUnknown());
    if (!committed.ok()) return done(committed);
    if (is_new) ++state->kept;
    state->kept -= dropped;
    state->in_force->Adopt(grant);
    done(grant);
  };
  state_->committer->Commit(std::move(commit));
}

absl::StatusOr<Grants::Page> Grants::List(std::optional<GrantId> before, size_t rows, std::string_view person, bool ended) const {
  const absl::Time now = state_->clock->LogTime();
  Page page;
  size_t read = 0;
  absl::Status scanned = state_->rows.ForEachNewestFirst(before, [&](StoredGrant stored) {
    if (page.grants.size() == rows || read == kGrantRowsReadForAPage) {
      page.next_before = before;
      return false;
    }
    ++read;
    v1::Grant& grant = *stored.record.mutable_grant();
    before = *GrantId::Parse(grant.id());
    const bool is_theirs = person.empty() || grant.person_id() == person;
    if (is_theirs && (ended || IsOpen(grant, now))) page.grants.push_back(AsOf(std::move(grant), now));
    return true;
  });
  if (!scanned.ok()) return scanned;
  return page;
}

}  // namespace otokura::access
