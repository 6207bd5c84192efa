// The contracts: sealed in the store, whole in memory, changed only together with an entry (I3).
#ifndef OTOKURA_SERVER_ACCESS_CONTRACTS_H_
#define OTOKURA_SERVER_ACCESS_CONTRACTS_H_

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "otokura/v1/config.pb.h"
#include "otokura/v1/contract.pb.h"
#include "server/access/contract.h"
#include "server/access/policy_in_force.h"
#include "server/audit/log.h"
#include "server/keys/site_keys.h"
#include "server/runtime/clock.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::access {

inline constexpr size_t kContractsMax = 10000;  // all are in memory, a few KiB each

// Thread-safe.
class Contracts {
 public:
  // Borrowed, all must outlive this, the committer also its callbacks; `config` gives the centres. DATA_LOSS where a row does not open.
  static absl::StatusOr<std::unique_ptr<Contracts>> Open(const storage::RecordReader& records, storage::Committer* committer,
                                                         const keys::SiteKeys* keys, const PolicyInForce* policy, runtime::Clock* clock,
                                                         v1::GatewayConfig config);
  ~Contracts();

  using Done = std::function<void(absl::StatusOr<v1::KeptContract>)>;
  // In all of these `entry` commits in the same write; its target is set here. NOT_FOUND; FAILED_PRECONDITION where the contract is not in
  // a state for it; ABORTED where it was changed meanwhile; UNAVAILABLE where the fate is unknown: asking again is safe and tells. They
  // read the store: not for a thread that must not wait. `done` runs on the committer's thread, or before the call returns, and must only
  // hand over.

  // Proposes a contract, or other terms for one. INVALID_ARGUMENT naming the field; RESOURCE_EXHAUSTED above kContractsMax.
  void Add(const v1::Contract& contract, std::string_view proposer, std::unique_ptr<audit::Draft> entry, Done done);
  // That the second person is another one is Decide's to see to.
  void Confirm(std::string_view name, uint64_t revision, std::string_view confirmer, std::unique_ptr<audit::Draft> entry, Done done);
  // For good, at once, also for streams in flight. Sets the entry's reason too.
  void Close(std::string_view name, std::string_view reason, std::string_view closer, std::unique_ptr<audit::Draft> entry, Done done);

  // Null where there is none. What is found stays the same contract, whatever becomes of it, once it was confirmed.
  std::shared_ptr<const Contract> Find(std::string_view name) const;
  // Of the contract, of those above it, and of all that stand under the same topmost one. Empty where there is no such contract.
  std::vector<std::string> CompaniesOfTree(std::string_view name) const;
  // Whether a company is of a contract on record, at whatever tier and in whatever state. Spaces and the case of letters make no
  // difference.
  bool IsParty(std::string_view company) const;
  // By name, after `after`, as they are now.
  std::vector<v1::KeptContract> List(std::string_view after, size_t limit) const;
  // As it is now, with why it is not in force.
  v1::KeptContract AsOfNow(const Contract& contract) const;

 private:
  struct State;
  using Change = absl::FunctionRef<absl::StatusOr<v1::KeptContract>(v1::KeptContract stored)>;
  explicit Contracts(std::shared_ptr<State> state);
  void Commit(std::string_view name, std::unique_ptr<audit::Draft> entry, Change change, Done done);

  const std::shared_ptr<State> state_;
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_CONTRACTS_H_
