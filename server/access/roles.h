// Who may do what (DESIGN §8): the shipped table. What it does not name nobody may do (I6).
#ifndef OTOKURA_SERVER_ACCESS_ROLES_H_
#define OTOKURA_SERVER_ACCESS_ROLES_H_

#include <cstdint>
#include <string_view>

#include "otokura/v1/admin.pb.h"

namespace otokura::access {

enum class Action : uint8_t {
  kRecord,
  kSearch,
  kSearchPersonal,
  kShow,
  kShowPersonal,
  kListen,
  kDownload,
  kListAudit,
  kAddAccount,
  kListAccounts,
  kSuspendAccount,
  kExportAudit,
  kProveAudit,
  kCountAudit,
  kFollowAudit,
  kReopenLog,
  kMakeReceipt,
};
inline constexpr int kActions = 17;
std::string_view ActionName(Action action);
std::string_view RoleName(v1::Role role);  // lower case, "" for an unknown one

// The widest scope in which the role may do it; SCOPE_UNSPECIFIED: not at all.
v1::Scope ScopeOf(v1::Role role, Action action);
// Whether the role may state this purpose.
bool MayState(v1::Role role, std::string_view purpose);
// Whether any role may.
bool IsPurpose(std::string_view purpose);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_ROLES_H_
