#include "absl/strings/str_cat.h"
#include "proto/policy/signers.h"
#include "server/otokurad/configuration_checks.h"

namespace otokura::gateway {

void CheckPolicySigners(const v1::GatewayConfig& config, ProblemList& problems) {
  if (config.policy_signers().empty()) {
    return problems.AddWarning("policy_signers",
                               "none: on a site that otokurad init makes so, the shipped policy stays in force for good; name two signers");
  }
  const policy::SignerProblem wrong = policy::CheckSigners({config.policy_signers().begin(), config.policy_signers().end()});
  problems.AddUnlessOk(wrong.index < 0 ? "policy_signers" : absl::StrCat("policy_signers[", wrong.index, "]"), wrong.problem);
}

}  // namespace otokura::gateway
