// `otokura export run` and `otokura export verify`.
#ifndef OTOKURA_CLIENT_COMMAND_EXPORT_RUN_H_
#define OTOKURA_CLIENT_COMMAND_EXPORT_RUN_H_

#include <CLI/CLI.hpp>

#include "client/command/session.h"

namespace otokura::client {

void AddExportRun(CLI::App* command, Session* session);
void AddExportVerify(CLI::App* command, Session* session);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_EXPORT_RUN_H_
