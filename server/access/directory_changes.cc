// Changes of accounts, each in one write with its entry (I3).
#include <utility>

#include "server/access/account_changes.h"
#include "server/access/account_checks.h"
#include "server/access/account_rows.h"
#include "server/access/directory.h"
#include "server/access/directory_state.h"

namespace otokura::access {
namespace {

constexpr size_t kReasonBytesMax = 256;  // admin.proto

absl::Status NoSuchAccount() { return absl::NotFoundError("name: no such account; look at the list of accounts"); }

absl::Status FateUnknown() {
  return absl::UnavailableError("account: the store failed and it is not known whether the change was kept; try again, which is safe");
}

}  // namespace

absl::StatusOr<v1::Account> Directory::Prepare(const v1::AddAccountRequest& request, std::string_view proposer) const {
  absl::StatusOr<v1::Account> account = CheckedAccount(request, state_->config, state_->clock->Now());
  if (!account.ok()) return account.status();
  if (absl::Status status = state_->CheckContractOf(*account); !status.ok()) return status;
  if (absl::Status status = state_->CheckIsNew(*account); !status.ok()) return status;
  return Proposed(*std::move(account), proposer);
}

std::vector<std::string> Directory::PersonsConcerned(std::string_view name) const {
  std::vector<std::string> persons;
  const std::shared_ptr<const Enrolled> enrolled = state_->Find(name);
  if (enrolled == nullptr) return persons;
  persons.push_back(enrolled->account.person_id());
  const std::shared_ptr<const Enrolled> proposer = state_->Find(ProposerOf(enrolled->account));
  if (proposer != nullptr) persons.push_back(proposer->account.person_id());
  return persons;
}

void Directory::Add(v1::Account prepared, std::unique_ptr<audit::Draft> entry, Done done) {
  absl::StatusOr<std::optional<StoredAccount>> stored = state_->Refresh(prepared.name());
  absl::Status status = stored.status();
  if (status.ok()) status = state_->CheckIsNew(prepared);
  storage::RecordCommit commit;
  if (status.ok() && stored->has_value()) {  // abandoned: its place is taken
    prepared.set_revision((*stored)->account.revision() + 1);
    status = ClaimKey(state_->records, prepared.name(), prepared.spki_sha256(), *state_->keys, &commit.batch);
    if (status.ok()) status = ReplaceAccount(prepared, std::move((*stored)->row), *state_->keys, &commit.batch);
  } else if (status.ok()) {
    status = PutNewAccount(prepared, *state_->keys, &commit.batch);
  }
  if (!status.ok()) return done(status);
  entry->particulars.target = prepared.name();
  commit.entries.push_back(std::move(entry));
  commit.done = [state = state_, account = std::move(prepared), done = std::move(done)](const absl::Status& committed,
                                                                                        absl::Span<const uint64_t>) {
    if (absl::IsAborted(committed))
      return done(absl::AlreadyExistsError("account: its name or its key was enrolled meanwhile; look at the list of accounts"));
    if (absl::IsUnavailable(committed)) return done(FateUnknown());
    if (!committed.ok()) return done(committed);
    state->Adopt(account);
    done(account);
  };
  state_->committer->Commit(std::move(commit));
}

void Directory::Commit(std::string_view name, std::unique_ptr<audit::Draft> entry, Change change, Done done) {
  if (!IsAccountName(name)) return done(NoSuchAccount());
  absl::StatusOr<std::optional<StoredAccount>> stored = state_->Refresh(name);
  if (!stored.ok()) return done(stored.status());
  if (!stored->has_value()) return done(NoSuchAccount());
  storage::RecordCommit commit;
  absl::StatusOr<v1::Account> changed = change((*stored)->account, &commit.batch, entry.get());
  if (!changed.ok()) return done(changed.status());
  if (absl::Status put = ReplaceAccount(*changed, std::move((*stored)->row), *state_->keys, &commit.batch); !put.ok()) return done(put);
  entry->particulars.target = changed->name();
  commit.entries.push_back(std::move(entry));
  commit.done = [state = state_, account = *std::move(changed), done = std::move(done)](const absl::Status& committed,
                                                                                        absl::Span<const uint64_t>) {
    if (absl::IsAborted(committed)) return done(absl::AbortedError("name: this or another account was changed meanwhile; try again"));
    if (absl::IsUnavailable(committed)) return done(FateUnknown());
    if (!committed.ok()) return done(committed);
    state->Adopt(account);
    done(account);
  };
  state_->committer->Commit(std::move(commit));
}

void Directory::Confirm(std::string_view name, uint64_t revision, const v1::Account& confirmer, std::unique_ptr<audit::Draft> entry,
                        Done done) {
  const auto confirm = [&](v1::Account stored, storage::Batch*, audit::Draft* draft) -> absl::StatusOr<v1::Account> {
    if (absl::Status other = state_->CheckConfirmer(stored, confirmer.person_id()); !other.ok()) return other;
    draft->leaf.set_subject(IsProposal(stored) ? "enrolment" : "renewal");
    return Confirmed(std::move(stored), revision, confirmer.name(), state_->clock->Now());
  };
  Commit(name, std::move(entry), confirm, std::move(done));
}

void Directory::Renew(const v1::RenewAccountRequest& request, std::string_view proposer, std::unique_ptr<audit::Draft> entry, Done done) {
  const auto renew = [&](v1::Account stored, storage::Batch* batch, audit::Draft*) -> absl::StatusOr<v1::Account> {
    const absl::Time now = state_->clock->Now();
    absl::StatusOr<std::string> key = KeyToPin(request.certificate_pem(), stored.name(), state_->config, now);
    if (!key.ok()) return key.status();
    absl::Status claimed = ClaimKey(state_->records, stored.name(), *key, *state_->keys, batch);
    if (!claimed.ok()) return claimed;
    return WithRenewal(std::move(stored), *std::move(key), proposer, now);
  };
  Commit(request.name(), std::move(entry), renew, std::move(done));
}

void Directory::Suspend(std::string_view name, std::string_view reason, std::unique_ptr<audit::Draft> entry, Done done) {
  if (absl::Status status = CheckText("reason", reason, kReasonBytesMax); !status.ok()) return done(status);
  const auto suspend = [&](v1::Account stored, storage::Batch* batch, audit::Draft* draft) -> absl::StatusOr<v1::Account> {
    batch->may_use_reserve = true;
    draft->particulars.reason = std::string(reason);
    const bool officer = stored.role() == v1::SECURITY && stored.state() == v1::Account::ACTIVE;
    if (officer) {
      if (absl::Status other = state_->DemandAnotherOfficer(name, batch); !other.ok()) return other;
    }
    return Suspended(std::move(stored), reason);
  };
  Commit(name, std::move(entry), suspend, std::move(done));
}

absl::StatusOr<Directory::Suspension> Directory::PrepareSuspension(std::string_view name, std::string_view reason) const {
  absl::StatusOr<std::optional<StoredAccount>> stored = state_->Refresh(name);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) return NoSuchAccount();
  Suspension suspension;
  absl::StatusOr<v1::Account> suspended = Suspended((*stored)->account, reason);
  if (!suspended.ok()) return suspended.status();
  if (suspended->role() == v1::SECURITY) {
    if (absl::Status other = state_->DemandAnotherOfficer(name, &suspension.batch); !other.ok()) return other;
  }
  suspension.batch.may_use_reserve = true;
  absl::Status put = ReplaceAccount(*suspended, std::move((*stored)->row), *state_->keys, &suspension.batch);
  if (!put.ok()) return put;
  suspension.account = *std::move(suspended);
  return suspension;
}

absl::Status Directory::Reread(std::string_view name) const { return state_->Refresh(name).status(); }

void Directory::Restore(std::string_view name, std::string_view reason, std::unique_ptr<audit::Draft> entry, Done done) {
  if (absl::Status status = CheckText("reason", reason, kReasonBytesMax); !status.ok()) return done(status);
  const auto restore = [&](v1::Account stored, storage::Batch*, audit::Draft* draft) {
    draft->particulars.reason = std::string(reason);
    return Restored(std::move(stored));
  };
  Commit(name, std::move(entry), restore, std::move(done));
}

}  // namespace otokura::access
