#include "server/access/contracts.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "server/access/account_checks.h"
#include "server/access/contract_changes.h"
#include "server/access/contract_checks.h"
#include "server/access/contract_rows.h"

namespace otokura::access {
namespace {

constexpr size_t kReasonBytesMax = 256;  // contract.proto

absl::Status NoSuchContract() { return absl::NotFoundError("name: no such contract; look at the list of contracts"); }

const Contract* Topmost(const Contract* contract) {
  while (contract->parent() != nullptr) contract = contract->parent().get();
  return contract;
}

// As one would recognise a name that somebody else wrote.
std::string Recognisable(std::string_view company) {
  std::string name(company);
  std::erase_if(name, [](unsigned char c) { return absl::ascii_isspace(c); });
  absl::AsciiStrToLower(&name);
  return name;
}

absl::Status FateUnknown() {
  return absl::UnavailableError("contract: the store failed and it is not known whether the change was kept; try again, which is safe");
}

}  // namespace

// Shared with the callbacks of commits, which may come after the contracts are gone.
struct Contracts::State {
  absl::Status Load();
  // Takes it in as it is stored now, unless memory has it newer. What its parent is called must be known.
  void Adopt(const v1::KeptContract& kept);
  std::shared_ptr<Contract> Find(std::string_view name) const;
  // What is stored under that name, taken in where it is newer than what memory has.
  absl::StatusOr<std::optional<StoredContract>> Refresh(std::string_view name);

  const storage::RecordReader& records;
  storage::Committer* const committer;
  const keys::SiteKeys* const keys;
  const PolicyInForce* const policy;
  runtime::Clock* const clock;
  const v1::GatewayConfig config;

  mutable absl::Mutex mutex;
  std::map<std::string, std::shared_ptr<Contract>, std::less<>> by_name ABSL_GUARDED_BY(mutex);
  std::set<std::string> companies ABSL_GUARDED_BY(mutex);  // of all that were ever taken in, Recognisable
};

absl::Status Contracts::State::Load() {
  std::vector<v1::KeptContract> waiting;
  absl::Status read = ReadContracts(records, *keys, [&](v1::KeptContract contract) { waiting.push_back(std::move(contract)); });
  if (!read.ok()) return read;
  // Parents first: each round takes in one more level.
  for (size_t level = 0; level < kContractChainMax && !waiting.empty(); ++level) {
    std::vector<v1::KeptContract> ready, later;
    for (v1::KeptContract& kept : waiting) {
      const std::string& parent = kept.contract().parent();
      (parent.empty() || Find(parent) != nullptr ? ready : later).push_back(std::move(kept));
    }
    for (const v1::KeptContract& kept : ready) Adopt(kept);
    waiting = std::move(later);
  }
  if (waiting.empty()) return absl::OkStatus();
  return absl::DataLossError("contracts: one stands under a contract that is not stored; run otokurad fsck");
}

void Contracts::State::Adopt(const v1::KeptContract& kept) {
  const std::string& parent = kept.contract().parent();
  std::shared_ptr<const Contract> above = parent.empty() ? nullptr : Find(parent);
  absl::MutexLock lock(&mutex);
  companies.insert(Recognisable(kept.contract().company()));
  std::shared_ptr<Contract>& held = by_name[kept.contract().name()];
  if (held != nullptr && held->parent() == above) return held->Adopt(kept);
  if (held != nullptr && held->kept()->revision() >= kept.revision()) return;
  held = std::make_shared<Contract>(kept, std::move(above), policy);  // new, or a proposal under another parent: nobody holds it
}

std::shared_ptr<Contract> Contracts::State::Find(std::string_view name) const {
  absl::MutexLock lock(&mutex);
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : found->second;
}

absl::StatusOr<std::optional<StoredContract>> Contracts::State::Refresh(std::string_view name) {
  absl::StatusOr<std::optional<StoredContract>> stored = ReadContract(records, name, *keys);
  if (stored.ok() && stored->has_value()) Adopt((*stored)->contract);
  return stored;
}

Contracts::Contracts(std::shared_ptr<State> state) : state_(std::move(state)) {}
Contracts::~Contracts() = default;

absl::StatusOr<std::unique_ptr<Contracts>> Contracts::Open(const storage::RecordReader& records, storage::Committer* committer,
                                                           const keys::SiteKeys* keys, const PolicyInForce* policy, runtime::Clock* clock,
                                                           v1::GatewayConfig config) {
  std::shared_ptr<State> state(new State{records, committer, keys, policy, clock, std::move(config), {}, {}, {}});
  if (absl::Status loaded = state->Load(); !loaded.ok()) return loaded;
  return std::unique_ptr<Contracts>(new Contracts(std::move(state)));
}

void Contracts::Commit(std::string_view name, std::unique_ptr<audit::Draft> entry, Change change, Done done) {
  absl::StatusOr<std::optional<StoredContract>> stored = state_->Refresh(name);
  if (!stored.ok()) return done(stored.status());
  const bool is_new = !stored->has_value();
  absl::StatusOr<v1::KeptContract> changed = change(is_new ? v1::KeptContract() : (*stored)->contract);
  if (!changed.ok()) return done(changed.status());
  storage::RecordCommit commit;
  commit.batch.may_use_reserve = changed->state() == v1::KeptContract::CLOSED;
  std::optional<std::string> expected = is_new ? std::optional<std::string>() : std::move((*stored)->row);
  if (absl::Status put = PutContract(*changed, std::move(expected), *state_->keys, &commit.batch); !put.ok()) return done(put);
  entry->particulars.target = changed->contract().name();
  commit.entries.push_back(std::move(entry));
  commit.done = [state = state_, contract = *std::move(changed), done = std::move(done)](const absl::Status& committed,
                                                                                         absl::Span<const uint64_t>) {
    if (absl::IsAborted(committed)) return done(absl::AbortedError("name: the contract was changed meanwhile; try again"));
    if (absl::IsUnavailable(committed)) return done(FateUnknown());
    if (!committed.ok()) return done(committed);
    state->Adopt(contract);
    done(contract);
  };
  state_->committer->Commit(std::move(commit));
}

void Contracts::Add(const v1::Contract& contract, std::string_view proposer, std::unique_ptr<audit::Draft> entry, Done done) {
  const absl::Time now = state_->clock->LogTime();
  std::shared_ptr<const Contract> parent;
  if (!contract.parent().empty()) {
    parent = state_->Find(contract.parent());
    if (parent == nullptr) return done(absl::InvalidArgumentError("contract.parent: no such contract; look at the list of contracts"));
  }
  if (absl::Status checked = CheckContract(contract, parent.get(), *state_->policy->Get(), state_->config, now); !checked.ok())
    return done(checked);
  {
    absl::MutexLock lock(&state_->mutex);
    if (state_->by_name.count(contract.name()) == 0 && state_->by_name.size() >= kContractsMax) {
      return done(absl::ResourceExhaustedError(absl::StrCat("contract: ", kContractsMax, " are kept, which is the most a gateway holds")));
    }
  }
  Commit(
      contract.name(), std::move(entry), [&](v1::KeptContract stored) { return WithTerms(std::move(stored), contract, proposer, now); },
      std::move(done));
}

void Contracts::Confirm(std::string_view name, uint64_t revision, std::string_view confirmer, std::unique_ptr<audit::Draft> entry,
                        Done done) {
  const auto confirm = [&](v1::KeptContract stored) -> absl::StatusOr<v1::KeptContract> {
    if (!stored.has_contract()) return NoSuchContract();
    return Confirmed(std::move(stored), revision, confirmer, state_->clock->LogTime());
  };
  Commit(name, std::move(entry), confirm, std::move(done));
}

void Contracts::Close(std::string_view name, std::string_view reason, std::string_view closer, std::unique_ptr<audit::Draft> entry,
                      Done done) {
  if (absl::Status status = CheckText("reason", reason, kReasonBytesMax); !status.ok()) return done(status);
  entry->particulars.reason = std::string(reason);
  const auto close = [&](v1::KeptContract stored) -> absl::StatusOr<v1::KeptContract> {
    if (!stored.has_contract()) return NoSuchContract();
    return Closed(std::move(stored), closer);
  };
  Commit(name, std::move(entry), close, std::move(done));
}

std::shared_ptr<const Contract> Contracts::Find(std::string_view name) const { return state_->Find(name); }

std::vector<std::string> Contracts::CompaniesOfTree(std::string_view name) const {
  const std::shared_ptr<const Contract> contract = Find(name);
  if (contract == nullptr) return {};
  const Contract* const topmost = Topmost(contract.get());
  std::set<std::string> companies;
  absl::MutexLock lock(&state_->mutex);
  for (const auto& [other_name, other] : state_->by_name) {
    if (Topmost(other.get()) == topmost) companies.insert(other->kept()->contract().company());
  }
  return {companies.begin(), companies.end()};
}

bool Contracts::IsParty(std::string_view company) const {
  absl::MutexLock lock(&state_->mutex);
  return state_->companies.contains(Recognisable(company));
}

std::vector<v1::KeptContract> Contracts::List(std::string_view after, size_t limit) const {
  std::vector<std::shared_ptr<const Contract>> listed;
  {
    absl::MutexLock lock(&state_->mutex);
    for (auto next = state_->by_name.upper_bound(after); next != state_->by_name.end() && listed.size() < limit; ++next) {
      listed.push_back(next->second);
    }
  }
  std::vector<v1::KeptContract> contracts;
  contracts.reserve(listed.size());
  for (const auto& contract : listed) contracts.push_back(AsOfNow(*contract));
  return contracts;
}

v1::KeptContract Contracts::AsOfNow(const Contract& contract) const {
  const absl::Time now = state_->clock->LogTime();
  v1::KeptContract kept = *contract.kept();
  if (kept.has_proposed() && !Waits(kept, now)) kept.clear_proposed();
  if (const absl::Status in_force = contract.InForce(now); !in_force.ok()) kept.set_not_in_force(std::string(in_force.message()));
  return kept;
}

}  // namespace otokura::access
