// `otokura admin policy rehearse`.
#ifndef OTOKURA_CLIENT_COMMAND_POLICY_REHEARSAL_H_
#define OTOKURA_CLIENT_COMMAND_POLICY_REHEARSAL_H_

#include "client/command/session.h"

namespace otokura::client {

inline constexpr int kExitWouldStop = 6;  // somebody would have been stopped

void AddPolicyRehearsal(CLI::App* policy, Session* session);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_POLICY_REHEARSAL_H_
