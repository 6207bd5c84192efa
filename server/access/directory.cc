#include "server/access/directory.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "crypto/certificate.h"
#include "server/access/account_checks.h"
#include "server/access/account_rows.h"
#include "server/access/certificate_cache.h"
#include "server/access/revocations.h"

namespace otokura::access {
namespace {

constexpr size_t kReasonBytesMax = 256;  // admin.proto

// Told alike to whoever holds a certificate without an account, another's name or a foreign authority's: which of them it was is for the
// log.
absl::Status NotEnrolled() { return absl::UnauthenticatedError("certificate: not enrolled; ask the administrator to add the account"); }

absl::Status FateUnknown() {
  return absl::UnavailableError("account: the store failed and it is not known whether the change was kept; try again, which is safe");
}

// The queues that a recorder's account has without naming them.
std::vector<v1::CentreConfig> KnownCentres(const v1::Account& account, const v1::GatewayConfig& config) {
  std::vector<v1::CentreConfig> centres;
  if (account.role() != v1::RECORDER) return centres;
  for (const v1::CentreConfig& centre : config.centres()) {
    if (std::find(account.centres().begin(), account.centres().end(), centre.name()) != account.centres().end()) centres.push_back(centre);
  }
  return centres;
}

}  // namespace

// Shared with the callbacks of commits, which may come after the directory is gone.
struct Directory::State {
  State(const storage::RecordReader& store, storage::Committer* the_committer, const keys::SiteKeys* site_keys, runtime::Clock* the_clock,
        v1::GatewayConfig gateway_config)
      : records(store),
        committer(the_committer),
        keys(site_keys),
        clock(the_clock),
        config(std::move(gateway_config)),
        revocations(config.tls().client_crl_file(), config.tls().client_ca_file()) {}

  absl::Status Load();
  // Takes the account in as it is stored now. Whoever holds it from before learns of a suspension.
  void Adopt(const v1::Account& account);
  std::shared_ptr<Enrolled> Find(std::string_view name) const;
  absl::Status CheckIsNew(const v1::Account& account) const;
  // What is stored under that name, taken in if it is not what memory has: a commit of unknown fate may have been kept after all.
  absl::StatusOr<std::optional<StoredAccount>> Refresh(std::string_view name);

  const storage::RecordReader& records;
  storage::Committer* const committer;
  const keys::SiteKeys* const keys;
  runtime::Clock* const clock;
  const v1::GatewayConfig config;
  Revocations revocations;
  CertificateCache certificates;

  mutable absl::Mutex mutex;
  std::map<std::string, std::shared_ptr<Enrolled>, std::less<>> by_name ABSL_GUARDED_BY(mutex);
  std::map<std::string, std::string> name_by_key ABSL_GUARDED_BY(mutex);
};

absl::Status Directory::State::Load() {
  absl::Status problem;
  absl::Status scanned = records.Scan(storage::Table::kAccounts, {}, [&](std::string_view row_key, std::string_view row) {
    absl::StatusOr<v1::Account> account = OpenAccountRow(row_key, row, *keys);
    if (account.ok()) problem = CheckIsNew(*account);
    if (!account.ok()) problem = account.status();
    if (problem.ok()) Adopt(*account);
    return problem.ok();
  });
  if (!scanned.ok()) return scanned;
  if (absl::IsAlreadyExists(problem)) return absl::DataLossError("accounts: two rows pin the same key; run otokurad fsck");
  return problem;
}

void Directory::State::Adopt(const v1::Account& account) {
  auto enrolled = std::make_shared<Enrolled>();
  enrolled->account = account;
  enrolled->centres = KnownCentres(account, config);
  enrolled->suspended = account.state() != v1::Account::ACTIVE;
  absl::MutexLock lock(&mutex);
  std::shared_ptr<Enrolled>& held = by_name[account.name()];
  if (held != nullptr && held->suspended && !enrolled->suspended) return;  // read before it was suspended, taken in after
  if (held != nullptr && enrolled->suspended) held->suspended.store(true, std::memory_order_release);
  held = std::move(enrolled);
  name_by_key[account.spki_sha256()] = account.name();
}

std::shared_ptr<Enrolled> Directory::State::Find(std::string_view name) const {
  absl::MutexLock lock(&mutex);
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : found->second;
}

absl::Status Directory::State::CheckIsNew(const v1::Account& account) const {
  absl::MutexLock lock(&mutex);
  if (by_name.count(account.name()) > 0) return absl::AlreadyExistsError("account.name: enrolled already; choose another name");
  if (name_by_key.count(account.spki_sha256()) > 0) {
    return absl::AlreadyExistsError("certificate_pem: its key is enrolled for another account; make a fresh key for this one");
  }
  if (by_name.size() < kAccountsMax) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("account: ", kAccountsMax, " are enrolled, which is the most a gateway holds"));
}

absl::StatusOr<std::optional<StoredAccount>> Directory::State::Refresh(std::string_view name) {
  absl::StatusOr<std::optional<StoredAccount>> stored = ReadAccount(records, name, *keys);
  if (!stored.ok() || !stored->has_value()) return stored;
  const std::shared_ptr<Enrolled> held = Find(name);
  const v1::Account& account = (*stored)->account;
  if (held == nullptr || held->account.state() != account.state()) Adopt(account);
  return stored;
}

Directory::Directory(std::shared_ptr<State> state) : state_(std::move(state)) {}
Directory::~Directory() = default;

absl::StatusOr<std::unique_ptr<Directory>> Directory::Open(const storage::RecordReader& records, storage::Committer* committer,
                                                           const keys::SiteKeys* keys, runtime::Clock* clock, v1::GatewayConfig config) {
  auto state = std::make_shared<State>(records, committer, keys, clock, std::move(config));
  if (absl::Status status = state->Load(); !status.ok()) return status;
  // A stale list stops no start: recorders go on (I11), everybody else waits for a fresh one.
  const absl::Status list = state->revocations.Reload(clock->Now());
  if (!list.ok() && !*state->revocations.stale()) return list;
  return std::unique_ptr<Directory>(new Directory(std::move(state)));
}

absl::StatusOr<Caller> Directory::Identify(const Peer& peer, std::string* rule) const {
  const auto refuse = [rule](const char* why, absl::Status status) {
    *rule = why;
    return status;
  };
  if (peer.spiffe_ids.size() != 1) return refuse("spiffe-id-count", NotEnrolled());
  absl::StatusOr<crypto::Certificate> certificate = ReadCertificate(peer.certificate_pem);
  if (!certificate.ok()) return refuse("certificate-unreadable", NotEnrolled());
  const std::string& id = peer.spiffe_ids.front();
  if (std::find(certificate->uris.begin(), certificate->uris.end(), id) == certificate->uris.end())
    return refuse("spiffe-id-foreign", NotEnrolled());
  const std::string prefix = AccountUri(state_->config.trust_domain(), "");
  if (id.compare(0, prefix.size(), prefix) != 0 || !IsAccountName(std::string_view(id).substr(prefix.size()))) {
    return refuse("trust-domain", NotEnrolled());
  }
  std::shared_ptr<const Enrolled> enrolled = state_->Find(std::string_view(id).substr(prefix.size()));
  if (enrolled == nullptr) return refuse("unknown-account", NotEnrolled());
  if (certificate->spki_sha256 != enrolled->account.spki_sha256()) return refuse("key-not-enrolled", NotEnrolled());

  const absl::Time now = state_->clock->Now();
  if (now < absl::FromUnixSeconds(certificate->not_before_unix_s)) return refuse("not-yet-valid", NotEnrolled());
  Caller caller{std::move(enrolled),
                absl::BytesToHexString(certificate->sha256),
                certificate->serial,
                absl::FromUnixSeconds(certificate->not_after_unix_s),
                peer.address,
                state_->revocations.Watch(certificate->serial),
                state_->revocations.stale()};
  absl::Status welcome = caller.StillWelcome(now);
  if (welcome.ok()) return caller;
  if (absl::IsPermissionDenied(welcome)) return refuse("suspended", std::move(welcome));
  if (now >= caller.certificate_expiry) return refuse("expired", std::move(welcome));
  return refuse(*caller.certificate_revoked ? "revoked" : "revocation-list-stale", std::move(welcome));
}

absl::StatusOr<crypto::Certificate> Directory::ReadCertificate(std::string_view pem) const { return state_->certificates.Read(pem); }

absl::StatusOr<v1::Account> Directory::Prepare(const v1::AddAccountRequest& request) const {
  absl::StatusOr<v1::Account> account = CheckedAccount(request, state_->config, state_->clock->Now());
  if (!account.ok()) return account.status();
  if (absl::Status status = state_->CheckIsNew(*account); !status.ok()) return status;
  return account;
}

void Directory::Add(v1::Account prepared, std::unique_ptr<audit::Draft> entry, Done done) {
  absl::Status status = state_->Refresh(prepared.name()).status();
  if (status.ok()) status = state_->CheckIsNew(prepared);
  storage::RecordCommit commit;
  if (status.ok()) status = PutNewAccount(prepared, *state_->keys, &commit.batch);
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

void Directory::Suspend(std::string_view name, std::string_view reason, std::unique_ptr<audit::Draft> entry, Done done) {
  if (absl::Status status = CheckText("reason", reason, kReasonBytesMax); !status.ok()) return done(status);
  if (!IsAccountName(name)) return done(absl::NotFoundError("name: no such account; look at the list of accounts"));
  absl::StatusOr<std::optional<StoredAccount>> stored = state_->Refresh(name);
  if (!stored.ok()) return done(stored.status());
  if (!stored->has_value()) return done(absl::NotFoundError("name: no such account; look at the list of accounts"));
  v1::Account account = std::move((*stored)->account);
  if (account.state() != v1::Account::ACTIVE) return done(absl::FailedPreconditionError("name: suspended already"));
  account.set_state(v1::Account::SUSPENDED);
  account.set_suspended_reason(std::string(reason));

  storage::RecordCommit commit;
  commit.batch.may_use_reserve = true;
  if (absl::Status status = ReplaceAccount(account, std::move((*stored)->row), *state_->keys, &commit.batch); !status.ok())
    return done(status);
  entry->particulars.target = account.name();
  entry->particulars.reason = std::string(reason);
  commit.entries.push_back(std::move(entry));
  commit.done = [state = state_, account = std::move(account), done = std::move(done)](const absl::Status& committed,
                                                                                       absl::Span<const uint64_t>) {
    if (absl::IsAborted(committed)) return done(absl::AbortedError("name: the account was changed meanwhile; try again"));
    if (absl::IsUnavailable(committed)) return done(FateUnknown());
    if (!committed.ok()) return done(committed);
    state->Adopt(account);
    done(account);
  };
  state_->committer->Commit(std::move(commit));
}

std::vector<v1::Account> Directory::List(std::string_view after, size_t limit) const {
  absl::MutexLock lock(&state_->mutex);
  std::vector<v1::Account> accounts;
  for (auto next = state_->by_name.upper_bound(after); next != state_->by_name.end() && accounts.size() < limit; ++next) {
    accounts.push_back(next->second->account);
  }
  return accounts;
}

absl::Status Directory::ReloadRevocations() { return state_->revocations.Reload(state_->clock->Now()); }

absl::Status EnrolAtInit(const v1::AddAccountRequest& request, const v1::GatewayConfig& config, const keys::SiteKeys& keys, absl::Time now,
                         storage::Batch* batch) {
  absl::StatusOr<v1::Account> account = CheckedAccount(request, config, now);
  if (!account.ok()) return account.status();
  return PutNewAccount(*account, keys, batch);
}

}  // namespace otokura::access
