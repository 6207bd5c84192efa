// Ctrl-C and SIGTERM: asked for, so that a run that is broken off leaves nothing half done.
#ifndef OTOKURA_CLIENT_COMMAND_INTERRUPT_H_
#define OTOKURA_CLIENT_COMMAND_INTERRUPT_H_

namespace otokura::client {

// From now on SIGINT and SIGTERM only set a mark; a second one ends the process as usual. SIGPIPE is ignored: writing to a closed pipe is
// an error.
void CatchInterrupts();
bool Interrupted();

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_INTERRUPT_H_
