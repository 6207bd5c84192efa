// `otokurad run`: a gateway until SIGTERM or SIGINT (drain, exit 0); SIGHUP reloads certificates and the revocation list.
#ifndef OTOKURA_SERVER_OTOKURAD_RUN_H_
#define OTOKURA_SERVER_OTOKURAD_RUN_H_

#include <string>

namespace otokura::gateway {

// An exit code. Call before the process has any other thread: signals are blocked for all that follow.
int Run(const std::string& config_path);

}  // namespace otokura::gateway

#endif  // OTOKURA_SERVER_OTOKURAD_RUN_H_
