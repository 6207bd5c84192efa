#include "proto/policy/duties.h"

#include <algorithm>

namespace otokura::policy {
namespace {

constexpr Action kRecordingActions[] = {Action::kRecord};
constexpr Action kHearingActions[] = {Action::kShowPersonal, Action::kSearchPersonal, Action::kListen,
                                      Action::kDownload,     Action::kRequestGrant,   Action::kRequestExport};
constexpr Action kRequestingActions[] = {Action::kRequestGrant};
constexpr Action kGrantingActions[] = {Action::kApproveGrant, Action::kApproveExport};
constexpr Action kLogActions[] = {Action::kListAudit,   Action::kCountAudit,    Action::kFollowAudit,
                                  Action::kExportAudit, Action::kProveAudit,    Action::kMakeReceipt,
                                  Action::kReopenLog,   Action::kListIncidents, Action::kRehearsePolicy};
constexpr Action kReopeningActions[] = {Action::kReopenLog};
constexpr Action kEnrollingActions[] = {Action::kAddAccount, Action::kRenewAccount, Action::kAddContract};
constexpr Action kConfirmingActions[] = {Action::kConfirmAccount, Action::kConfirmContract, Action::kRestoreAccount,
                                         Action::kSuspendAccount, Action::kHandleIncident,  Action::kMarkCanary};
constexpr Action kPolicyActions[] = {Action::kLoadPolicy};

constexpr Duty kRecording{"recording", kRecordingActions};
constexpr Duty kHearing{"hearing", kHearingActions};
constexpr Duty kRequesting{"requesting", kRequestingActions};
constexpr Duty kGranting{"granting", kGrantingActions};
constexpr Duty kLog{"log", kLogActions};
constexpr Duty kReopening{"reopening", kReopeningActions};
constexpr Duty kEnrolling{"enrolling", kEnrollingActions};
constexpr Duty kConfirming{"confirming", kConfirmingActions};
constexpr Duty kPolicy{"policy", kPolicyActions};

constexpr IncompatibleDuties kPairs[] = {
    // A recorder stands in a machine room and holds its key unattended: it can never read anything back.
    {kRecording, kHearing},
    {kRecording, kLog},
    {kRecording, kEnrolling},
    {kRecording, kConfirming},
    {kRecording, kPolicy},
    // Who hears neither watches over hearing nor decides who may.
    {kHearing, kLog},
    {kHearing, kEnrolling},
    {kHearing, kConfirming},
    {kHearing, kPolicy},
    // Who lets people in neither decides what they may, nor is the second person to it, nor puts out those who watch, nor touches the log
    // of it.
    {kEnrolling, kConfirming},
    {kEnrolling, kPolicy},
    {kEnrolling, kReopening},
    // Who grants is none of those who are granted, and lets nobody in.
    {kGranting, kRequesting},
    {kGranting, kRecording},
    {kGranting, kEnrolling},
    {kGranting, kConfirming},
    {kGranting, kPolicy},
};

// A contractor keeps nothing, looks for nothing, sees nothing personal, and decides about no grant and no export.
constexpr RoleBar kBars[] = {
    {v1::CONTRACTOR, Action::kDownload},      {v1::CONTRACTOR, Action::kSearch},        {v1::CONTRACTOR, Action::kSearchPersonal},
    {v1::CONTRACTOR, Action::kShowPersonal},  {v1::CONTRACTOR, Action::kApproveGrant},  {v1::CONTRACTOR, Action::kRevokeGrant},
    {v1::CONTRACTOR, Action::kRequestExport}, {v1::CONTRACTOR, Action::kApproveExport}, {v1::CONTRACTOR, Action::kRevokeExport},
};

std::optional<Action> FirstOf(const Duty& duty, absl::Span<const Action> rights) {
  const auto found = std::find_first_of(rights.begin(), rights.end(), duty.actions.begin(), duty.actions.end());
  if (found == rights.end()) return std::nullopt;
  return *found;
}

}  // namespace

absl::Span<const IncompatibleDuties> IncompatiblePairs() { return kPairs; }

absl::Span<const RoleBar> RoleBars() { return kBars; }

std::optional<Conflict> FindConflict(absl::Span<const Action> rights) {
  for (const IncompatibleDuties& pair : kPairs) {
    const auto first = FirstOf(pair.first, rights), second = FirstOf(pair.second, rights);
    if (first && second) return Conflict{*first, pair.first.name, *second, pair.second.name};
  }
  return std::nullopt;
}

}  // namespace otokura::policy
