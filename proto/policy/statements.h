// What a policy says, a line a statement, so that two can be compared.
#ifndef OTOKURA_PROTO_POLICY_STATEMENTS_H_
#define OTOKURA_PROTO_POLICY_STATEMENTS_H_

#include <string>
#include <vector>

#include "otokura/v1/policy.pb.h"

namespace otokura::policy {

// In the order of policy.proto; no two alike.
std::vector<std::string> Statements(const v1::Policy& policy);

// "- " before each that only `before` makes, "+ " before each that only `after` does.
std::vector<std::string> Difference(const v1::Policy& before, const v1::Policy& after);

}  // namespace otokura::policy

#endif  // OTOKURA_PROTO_POLICY_STATEMENTS_H_
