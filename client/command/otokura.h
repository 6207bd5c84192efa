// The command `otokura`, but for what concerns the whole process.
#ifndef OTOKURA_CLIENT_COMMAND_OTOKURA_H_
#define OTOKURA_CLIENT_COMMAND_OTOKURA_H_

namespace otokura::client {

// Runs the command line and returns the exit code.
int RunOtokura(int argc, const char* const* argv);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_OTOKURA_H_
