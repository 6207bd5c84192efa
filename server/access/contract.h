// A contract as it stands (DESIGN §8): what the accounts under it hold, so that its end, and that of each contract above it, reaches them.
#ifndef OTOKURA_SERVER_ACCESS_CONTRACT_H_
#define OTOKURA_SERVER_ACCESS_CONTRACT_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "otokura/v1/contract.pb.h"
#include "otokura/v1/policy.pb.h"
#include "server/access/policy_in_force.h"

namespace otokura::access {

// Of contracts above one another, the lowest included: maintainer, its sub-contractor, and theirs.
inline constexpr size_t kContractChainMax = 4;

// A contract and what all use under it may take, sub-contracts included.
struct ContractBudgets {
  std::string name;
  std::vector<v1::Budget> budgets;  // each window at most once; what is absent has no limit here
};

// Thread-safe. Which contract it is never changes; its terms and state do.
class Contract {
 public:
  // Its terms passed CheckContract. `parent` is null exactly where they name none. The policy is borrowed: it says now which clauses are
  // demanded and what a contract may take at most.
  Contract(v1::KeptContract kept, std::shared_ptr<const Contract> parent, const PolicyInForce* policy);

  std::shared_ptr<const v1::KeptContract> kept() const;
  const std::shared_ptr<const Contract>& parent() const { return parent_; }
  // Takes it in as it is stored now, unless memory has it newer. Name, company and parent are the same.
  void Adopt(v1::KeptContract kept);

  // FAILED_PRECONDITION with why it, or one above it, is not in force at that time.
  absl::Status InForce(absl::Time now) const;
  // Whether it and all above it permit this.
  bool PermitsPurpose(std::string_view purpose) const;
  bool PermitsCentre(std::string_view centre) const;
  // It, then those above it; at most kContractChainMax.
  std::vector<ContractBudgets> Chain() const;

 private:
  struct Terms;
  std::shared_ptr<const Terms> terms() const;

  const std::shared_ptr<const Contract> parent_;
  const PolicyInForce* const policy_;
  mutable absl::Mutex mutex_;
  std::shared_ptr<const Terms> terms_ ABSL_GUARDED_BY(mutex_);
};

// In each window and each measure the smaller of the two; what one of them leaves out is as in the other.
std::vector<v1::Budget> Smaller(const std::vector<v1::Budget>& own, const std::vector<v1::Budget>& above);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_CONTRACT_H_
