// The words of the policy, as decisions use them (DESIGN §8). What a policy does not name nobody may do (I6).
#ifndef OTOKURA_SERVER_ACCESS_ROLES_H_
#define OTOKURA_SERVER_ACCESS_ROLES_H_

#include "proto/policy/actions.h"
#include "proto/policy/rules.h"

namespace otokura::access {

using policy::Action;
using policy::ActionName;
using policy::IsOfRecordings;
using policy::kActions;
using policy::RoleName;
using policy::Rules;

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_ROLES_H_
