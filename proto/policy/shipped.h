// The policy that a site begins with: proto/policy/shipped.textproto, which the build puts into the programs.
#ifndef OTOKURA_PROTO_POLICY_SHIPPED_H_
#define OTOKURA_PROTO_POLICY_SHIPPED_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proto/policy/rules.h"

namespace otokura::policy {

std::string_view ShippedText();

// Compiled once.
std::shared_ptr<const Rules> ShippedRules();

// The shipped text with these signers, who may be none, of the next one.
std::string FirstText(const std::vector<std::string>& signers);

}  // namespace otokura::policy

#endif  // OTOKURA_PROTO_POLICY_SHIPPED_H_
