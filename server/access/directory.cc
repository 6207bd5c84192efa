#include "server/access/directory.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "crypto/certificate.h"
#include "server/access/account_changes.h"
#include "server/access/account_checks.h"
#include "server/access/account_rows.h"
#include "server/access/directory_state.h"

namespace otokura::access {
namespace {

// Told alike to whoever holds a certificate without an account, another's name or a foreign authority's: which of them it was is for the
// log.
absl::Status NotEnrolled() { return absl::UnauthenticatedError("certificate: not enrolled; ask the administrator to add the account"); }

}  // namespace

Directory::Directory(std::shared_ptr<State> state) : state_(std::move(state)) {}
Directory::~Directory() = default;

absl::StatusOr<std::unique_ptr<Directory>> Directory::Open(const storage::RecordReader& records, storage::Committer* committer,
                                                           const keys::SiteKeys* keys, std::shared_ptr<const Contracts> contracts,
                                                           runtime::Clock* clock, v1::GatewayConfig config) {
  auto state = std::make_shared<State>(records, committer, keys, std::move(contracts), clock, std::move(config));
  if (absl::Status status = state->Load(); !status.ok()) return status;
  // A stale list stops no start: recorders go on (I11), everybody else waits for a fresh one.
  const absl::Status list = state->revocations.Reload(clock->Now());
  if (!list.ok() && !*state->revocations.stale()) return list;
  return std::unique_ptr<Directory>(new Directory(std::move(state)));
}

absl::StatusOr<Caller> Directory::Identify(const Peer& peer, std::string* rule) const {
  const auto refuse = [rule](std::string_view why, absl::Status status) {
    *rule = std::string(why);
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
  Caller::Admission admission = caller.AdmissionAt(now);
  // Whether a contract is in force is for the decision on what is asked, which tells the log whose it is.
  if (admission.status.ok() || admission.rule == kContractRule) return caller;
  return refuse(admission.rule, std::move(admission.status));
}

absl::StatusOr<crypto::Certificate> Directory::ReadCertificate(std::string_view pem) const { return state_->certificates.Read(pem); }

std::vector<v1::Account> Directory::List(std::string_view after, size_t limit) const {
  const absl::Time now = state_->clock->Now();
  absl::MutexLock lock(&state_->mutex);
  std::vector<v1::Account> accounts;
  for (auto next = state_->by_name.upper_bound(after); next != state_->by_name.end() && accounts.size() < limit; ++next) {
    accounts.push_back(AsOf(next->second->account, now));
  }
  return accounts;
}

std::optional<v1::Account> Directory::Find(std::string_view name) const {
  const std::shared_ptr<const Enrolled> found = state_->Find(name);
  if (found == nullptr) return std::nullopt;
  return AsOf(found->account, state_->clock->Now());
}

std::vector<v1::Role> Directory::RolesOf(std::string_view person, std::string_view name) const {
  const absl::Time now = state_->clock->Now();
  absl::MutexLock lock(&state_->mutex);
  std::vector<v1::Role> roles;
  for (const auto& [other, enrolled] : state_->by_name) {
    const v1::Account& account = enrolled->account;
    const bool counts = HasDuties(account, now) || other == name;
    if (counts && account.person_id() == person && !person.empty()) roles.push_back(account.role());
  }
  return roles;
}

absl::Status Directory::CheckDutiesApart(const policy::Rules& rules) const {
  const absl::Time now = state_->clock->Now();
  absl::MutexLock lock(&state_->mutex);
  std::map<std::string_view, std::vector<v1::Role>> roles_of;
  for (const auto& [name, enrolled] : state_->by_name) {
    const v1::Account& account = enrolled->account;
    if (HasDuties(account, now) && !account.person_id().empty()) roles_of[account.person_id()].push_back(account.role());
  }
  for (const auto& [person, roles] : roles_of) {
    const std::optional<policy::Conflict> conflict = rules.ConflictOf(roles);
    if (!conflict.has_value()) continue;
    const auto text = [](std::string_view word) { return absl::string_view(word.data(), word.size()); };
    return absl::FailedPreconditionError(absl::StrCat("policy: by its accounts person '", text(person), "' would have ",
                                                      text(policy::ActionName(conflict->first)), " (", text(conflict->first_duty), ") and ",
                                                      text(policy::ActionName(conflict->second)), " (", text(conflict->second_duty),
                                                      "), duties that must not meet in one person; suspend one of these accounts first"));
  }
  return absl::OkStatus();
}

std::vector<std::string> Directory::PersonsOf(const std::vector<std::string>& companies) const {
  absl::MutexLock lock(&state_->mutex);
  std::vector<std::string> persons;
  for (const auto& [name, enrolled] : state_->by_name) {
    const v1::Account& account = enrolled->account;
    if (std::find(companies.begin(), companies.end(), account.company()) != companies.end()) persons.push_back(account.person_id());
  }
  return persons;
}

size_t Directory::CountActive(absl::FunctionRef<bool(const Enrolled& enrolled)> which) const {
  absl::MutexLock lock(&state_->mutex);
  return static_cast<size_t>(std::count_if(state_->by_name.begin(), state_->by_name.end(), [&](const auto& entry) {
    return entry.second->account.state() == v1::Account::ACTIVE && which(*entry.second);
  }));
}

absl::Status Directory::ReloadRevocations() { return state_->revocations.Reload(state_->clock->Now()); }

absl::Status EnrolAtInit(const v1::AddAccountRequest& request, const v1::GatewayConfig& config, const keys::SiteKeys& keys, absl::Time now,
                         storage::Batch* batch) {
  absl::StatusOr<v1::Account> account = CheckedAccount(request, config, now);
  if (!account.ok()) return account.status();
  return PutNewAccount(*account, keys, batch);
}

}  // namespace otokura::access
