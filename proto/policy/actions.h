// The words of the policy: what can be done, and by whom (policy.proto).
#ifndef OTOKURA_PROTO_POLICY_ACTIONS_H_
#define OTOKURA_PROTO_POLICY_ACTIONS_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "otokura/v1/admin.pb.h"

namespace otokura::policy {

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
  kLoadPolicy,
  kShowPolicy,
  kConfirmAccount,
  kRenewAccount,
  kRestoreAccount,
  kAddContract,
  kConfirmContract,
  kCloseContract,
  kListContracts,
  kRequestGrant,
  kApproveGrant,
  kRevokeGrant,
  kListGrants,
  kOpenCase,
  kCloseCase,
  kListCases,
  kListIncidents,
  kHandleIncident,
  kMarkCanary,
  kRequestExport,
  kApproveExport,
  kRevokeExport,
  kListExports,
  kRehearsePolicy,
};
inline constexpr int kActions = 41;

std::string_view ActionName(Action action);
std::optional<Action> ActionNamed(std::string_view name);

// What tells anybody anything of a recording, and so has a scope below everything.
bool IsOfRecordings(Action action);

std::string_view RoleName(v1::Role role);  // lower case, "" for an unknown one

}  // namespace otokura::policy

#endif  // OTOKURA_PROTO_POLICY_ACTIONS_H_
