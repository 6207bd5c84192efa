// Entries of the audit log as the command prints them.
#ifndef OTOKURA_CLIENT_COMMAND_AUDIT_LOG_TEXT_H_
#define OTOKURA_CLIENT_COMMAND_AUDIT_LOG_TEXT_H_

#include <nlohmann/json.hpp>

#include "otokura/audit_log.h"

namespace otokura::client {

nlohmann::json ToJson(const AuditEntry& entry);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_AUDIT_LOG_TEXT_H_
