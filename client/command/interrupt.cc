#include "client/command/interrupt.h"

#include <csignal>

namespace otokura::client {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void Mark(int signal) {
  interrupted = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void CatchInterrupts() {
  std::signal(SIGINT, Mark);
  std::signal(SIGTERM, Mark);
  std::signal(SIGPIPE, SIG_IGN);
}

bool Interrupted() { return interrupted != 0; }

}  // namespace otokura::client
