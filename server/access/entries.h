// From an entry of the log back to the right behind it.
#ifndef OTOKURA_SERVER_ACCESS_ENTRIES_H_
#define OTOKURA_SERVER_ACCESS_ENTRIES_H_

#include <optional>

#include "otokura/v1/audit.pb.h"
#include "server/access/roles.h"

namespace otokura::access {

// The right by which what the entry says was allowed; nothing where it takes none: facts, what closes a release, what the gateway does.
std::optional<Action> RightBehind(const v1::AuditEntry& leaf);

// The role whose name an entry carries. ROLE_UNSPECIFIED: none of ours.
v1::Role RoleNamed(std::string_view name);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_ENTRIES_H_
