#include "server/access/directory_state.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/access/account_changes.h"

namespace otokura::access {
namespace {

// The queues that a recorder's account has without naming them.
std::vector<v1::CentreConfig> KnownCentres(const v1::Account& account, const v1::GatewayConfig& config) {
  std::vector<v1::CentreConfig> centres;
  if (account.role() != v1::RECORDER) return centres;
  for (const v1::CentreConfig& centre : config.centres()) {
    if (std::find(account.centres().begin(), account.centres().end(), centre.name()) != account.centres().end()) centres.push_back(centre);
  }
  return centres;
}

Standing StandingOf(const v1::Account& account) {
  switch (account.state()) {
    case v1::Account::ACTIVE:
      return Standing::kActive;
    case v1::Account::PENDING:
      return Standing::kPending;
    default:
      return Standing::kSuspended;
  }
}

// Who holds the account as it was learns what became of it. A suspension that is lifted, and another key, are a new beginning: streams that
// were cut off stay it.
void PassOn(const Enrolled& before, Enrolled* after) {
  const Standing standing = after->standing->load(std::memory_order_relaxed);
  if (before.account.spki_sha256() != after->account.spki_sha256()) {
    before.standing->store(Standing::kKeyReplaced, std::memory_order_release);
    return;
  }
  if (standing == Standing::kActive && *before.standing != Standing::kActive) return;
  before.standing->store(standing, std::memory_order_release);
  after->standing = before.standing;
}

bool IsActiveOfficer(const v1::Account& account) { return account.role() == v1::SECURITY && account.state() == v1::Account::ACTIVE; }

}  // namespace

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
  if (account.role() == v1::CONTRACTOR) enrolled->contract = contracts->Find(account.contract());
  enrolled->standing->store(StandingOf(account), std::memory_order_relaxed);
  absl::MutexLock lock(&mutex);
  std::shared_ptr<Enrolled>& held = by_name[account.name()];
  if (held != nullptr && held->account.revision() >= account.revision()) return;  // read before a change that was taken in meanwhile
  if (held != nullptr) PassOn(*held, enrolled.get());
  held = std::move(enrolled);
  name_by_key[account.spki_sha256()] = account.name();
  if (account.has_renewal()) name_by_key[account.renewal().spki_sha256()] = account.name();
}

std::shared_ptr<Enrolled> Directory::State::Find(std::string_view name) const {
  absl::MutexLock lock(&mutex);
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : found->second;
}

absl::Status Directory::State::CheckIsNew(const v1::Account& account) const {
  absl::MutexLock lock(&mutex);
  const auto same_name = by_name.find(account.name());
  if (same_name != by_name.end() && !IsAbandoned(same_name->second->account, clock->Now())) {
    return absl::AlreadyExistsError("account.name: enrolled already; choose another name");
  }
  const auto same_key = name_by_key.find(account.spki_sha256());
  if (same_key != name_by_key.end() && same_key->second != account.name()) {
    return absl::AlreadyExistsError("certificate_pem: its key is enrolled for another account; make a fresh key for this one");
  }
  if (same_name != by_name.end() || by_name.size() < kAccountsMax) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("account: ", kAccountsMax, " are enrolled, which is the most a gateway holds"));
}

absl::Status Directory::State::CheckContractOf(const v1::Account& account) const {
  if (account.role() != v1::CONTRACTOR) return absl::OkStatus();
  const std::shared_ptr<const Contract> contract = contracts->Find(account.contract());
  if (contract == nullptr) return absl::InvalidArgumentError("account.contract: no such contract; look at the list of contracts");
  const std::shared_ptr<const v1::KeptContract> kept = contract->kept();
  if (kept->contract().company() != account.company()) {
    return absl::InvalidArgumentError("account.contract: another company's; name one of account.company");
  }
  if (kept->state() == v1::KeptContract::CONFIRMED) return absl::OkStatus();
  return absl::InvalidArgumentError("account.contract: not confirmed, or closed; have it confirmed first");
}

absl::StatusOr<std::optional<StoredAccount>> Directory::State::Refresh(std::string_view name) {
  absl::StatusOr<std::optional<StoredAccount>> stored = ReadAccount(records, name, *keys);
  if (stored.ok() && stored->has_value()) Adopt((*stored)->account);
  return stored;
}

absl::Status Directory::State::CheckConfirmer(const v1::Account& account, std::string_view person) const {
  const std::string_view proposed_by = ProposerOf(account);
  if (proposed_by.empty()) return absl::OkStatus();  // nothing waits, which is another answer
  const std::shared_ptr<const Enrolled> proposer = Find(proposed_by);
  if (proposer == nullptr || *proposer->standing != Standing::kActive) {
    return absl::FailedPreconditionError("name: whoever proposed it is suspended; suspend it too, and have it proposed again");
  }
  if (person != account.person_id() && person != proposer->account.person_id()) return absl::OkStatus();
  return absl::FailedPreconditionError("name: it is for you, or you proposed it; ask another person of the security role");
}

absl::Status Directory::State::DemandAnotherOfficer(std::string_view name, storage::Batch* batch) const {
  std::vector<std::string> others;
  {
    absl::MutexLock lock(&mutex);
    for (const auto& [other, enrolled] : by_name) {
      if (other != name && IsActiveOfficer(enrolled->account)) others.push_back(other);
    }
  }
  for (const std::string& other : others) {
    absl::StatusOr<std::optional<StoredAccount>> stored = ReadAccount(records, other, *keys);
    if (!stored.ok()) return stored.status();
    if (!stored->has_value() || !IsActiveOfficer((*stored)->account)) continue;
    batch->preconditions.push_back({storage::Table::kAccounts, keys->AccountRowKey(other), (*stored)->row});
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError("name: the last active account of the security role; have another one confirmed first");
}

}  // namespace otokura::access
