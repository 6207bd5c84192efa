// The policy: who may do what. Made and signed by people, loaded into the gateway by security staff.
#ifndef OTOKURA_POLICY_H_
#define OTOKURA_POLICY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "otokura/connection.h"

namespace otokura::client {

struct Policy {
  std::string text{};      // exactly
  std::string document{};  // as it was loaded, a signed note (c2sp.org/signed-note); as it was at the beginning, the text alone
  uint64_t serial = 0;
  std::string sha256{};                  // of the text, 32 bytes, as the log names it
  std::vector<std::string> signed_by{};  // names of the signers
};

// The policy in force. DATA_LOSS where the stored one is damaged, or the text is not of the digest that comes with it. Waits for the
// answer.
absl::StatusOr<Policy> ShowPolicy(const ConnectionOptions& connection);

// Brings a policy into force, which two signers of the one before must have signed. INVALID_ARGUMENT naming what is wrong in it,
// PERMISSION_DENIED where signatures are missing, FAILED_PRECONDITION where its serial is not greater. Waits for the answer, which has no
// text.
absl::StatusOr<Policy> LoadPolicy(const ConnectionOptions& connection, const std::string& note);

}  // namespace otokura::client

#endif  // OTOKURA_POLICY_H_
