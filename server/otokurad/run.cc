#include "server/otokurad/run.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "crypto/tls13.h"
#include "server/otokurad/check_config.h"
#include "server/otokurad/exit_codes.h"
#include "server/otokurad/gateway.h"
#include "server/rpc/library_messages.h"
#include "server/runtime/event_log.h"

namespace otokura::gateway {
namespace {

sigset_t HandledSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  return signals;
}

// Nothing that follows may leave a key on disk, or speak an older TLS.
absl::Status Harden() {
  umask(S_IRWXG | S_IRWXO);
  if (absl::Status locked = crypto::LockSecretMemory(); !locked.ok()) return locked;
  if (absl::Status forbidden = crypto::ForbidCoreDumps(); !forbidden.ok()) return forbidden;
  if (absl::Status tls = crypto::RequireTls13(); !tls.ok()) return tls;
  rpc::CountLibraryMessages();
  return absl::OkStatus();
}

void ServeUntilToldToStop(Gateway& gateway, const sigset_t& signals) {
  int number = 0;
  while (sigwait(&signals, &number) == 0 && number == SIGHUP) gateway.Reload();
  gateway.Stop();
}

}  // namespace

int Run(const std::string& config_path) {
  runtime::EventLog events(STDERR_FILENO);
  // Blocked before the first thread is made, so that only sigwait ever takes them.
  const sigset_t signals = HandledSignals();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  if (absl::Status hard = Harden(); !hard.ok()) {
    events.Failure("not-started", hard);
    return kExitFailed;
  }
  auto config = CheckedConfiguration(config_path);
  if (!config.ok()) {
    events.Failure("configuration-refused", config.status());
    return kExitConfiguration;
  }
  Gateway::Options options;
  options.events = &events;
  auto gateway = Gateway::Start(*std::move(config), std::move(options));
  if (!gateway.ok()) {
    events.Failure("not-started", gateway.status());
    return kExitFailed;
  }
  ServeUntilToldToStop(**gateway, signals);
  return kExitDone;
}

}  // namespace otokura::gateway
