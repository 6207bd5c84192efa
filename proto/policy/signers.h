// Who may sign a policy: Ed25519 keys under names (c2sp.org/signed-note).
#ifndef OTOKURA_PROTO_POLICY_SIGNERS_H_
#define OTOKURA_PROTO_POLICY_SIGNERS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace otokura::policy {

inline constexpr size_t kSignersMin = 2;  // so many signatures a policy needs
inline constexpr size_t kSignersMax = 16;

struct SignerProblem {
  int index = -1;  // of the signer; -1: their number
  absl::Status problem;
};

// The first thing wrong with these verifier keys, or OK: none at all, or 2 to 16 of them with distinct names and distinct keys, so that two
// signatures are two keys'.
SignerProblem CheckSigners(const std::vector<std::string>& signers);

// The name in a verifier key that passed.
std::string SignerName(const std::string& signer);

}  // namespace otokura::policy

#endif  // OTOKURA_PROTO_POLICY_SIGNERS_H_
