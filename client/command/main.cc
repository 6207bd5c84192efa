// `otokura`: calls in, and with the right to it, out again.
#include "client/command/exit_code.h"
#include "client/command/interrupt.h"
#include "client/command/otokura.h"
#include "crypto/secret.h"

int main(int argc, char** argv) {
  // This process holds callers' audio, and with a spool keys: neither belongs into a crash dump.
  if (absl::Status dumps = otokura::crypto::ForbidCoreDumps(); !dumps.ok()) return otokura::client::Fail(dumps);
  otokura::client::CatchInterrupts();
  return otokura::client::RunOtokura(argc, argv);
}
