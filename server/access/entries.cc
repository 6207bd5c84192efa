// The audit entry for an ask and its decision, and the way back.
#include "server/access/entries.h"

#include <map>

#include "server/access/export.h"
#include "server/access/gate.h"

namespace otokura::access {
namespace {

v1::AuditAction AuditActionOf(const Ask& ask, bool allowed) {
  switch (ask.action) {
    case Action::kRecord:
      return allowed ? v1::RECORDING_OPENED : v1::INGEST_REFUSED;
    case Action::kSearch:
    case Action::kSearchPersonal:
      return v1::SEARCH;
    case Action::kShow:
    case Action::kShowPersonal:
      return v1::SHOW;
    case Action::kListen:
      return v1::LISTEN;
    case Action::kDownload:
      return v1::DOWNLOAD;
    case Action::kListAudit:
      return v1::AUDIT_LIST;
    case Action::kCountAudit:
      return v1::AUDIT_COUNT;
    case Action::kFollowAudit:
      return v1::AUDIT_FOLLOW;
    case Action::kAddAccount:
      return v1::ACCOUNT_ADD;
    case Action::kListAccounts:
      return v1::ACCOUNT_LIST;
    case Action::kSuspendAccount:
      return v1::ACCOUNT_SUSPEND;
    case Action::kConfirmAccount:
      return v1::ACCOUNT_CONFIRM;
    case Action::kRenewAccount:
      return v1::ACCOUNT_RENEW;
    case Action::kRestoreAccount:
      return v1::ACCOUNT_RESTORE;
    case Action::kAddContract:
      return v1::CONTRACT_ADD;
    case Action::kConfirmContract:
      return v1::CONTRACT_CONFIRM;
    case Action::kCloseContract:
      return v1::CONTRACT_CLOSE;
    case Action::kListContracts:
      return v1::CONTRACT_LIST;
    case Action::kExportAudit:
      return v1::AUDIT_EXPORT;
    case Action::kProveAudit:
      return v1::AUDIT_PROOF;
    case Action::kReopenLog:
      return v1::LOG_REOPEN;
    case Action::kMakeReceipt:
      return v1::RECEIPT;
    case Action::kLoadPolicy:
      return v1::POLICY_LOAD;
    case Action::kShowPolicy:
      return v1::POLICY_SHOW;
    case Action::kRequestGrant:
      return v1::GRANT_REQUEST;
    case Action::kApproveGrant:
      return ask.declines ? v1::GRANT_REFUSE : v1::GRANT_APPROVE;
    case Action::kRevokeGrant:
      return v1::GRANT_REVOKE;
    case Action::kListGrants:
      return v1::GRANT_LIST;
    case Action::kOpenCase:
      return v1::CASE_OPEN;
    case Action::kCloseCase:
      return v1::CASE_CLOSE;
    case Action::kListCases:
      return v1::CASE_LIST;
    case Action::kListIncidents:
      return v1::INCIDENT_LIST;
    case Action::kHandleIncident:
      return v1::INCIDENT_ACKNOWLEDGE;
    case Action::kMarkCanary:
      return v1::CANARY_MARK;
    case Action::kRequestExport:
      return v1::EXPORT_REQUEST;
    case Action::kApproveExport:
      return ask.declines ? v1::EXPORT_REFUSE : v1::EXPORT_APPROVE;
    case Action::kRevokeExport:
      return v1::EXPORT_REVOKE;
    case Action::kListExports:
      return v1::EXPORT_LIST;
    case Action::kRehearsePolicy:
      return v1::POLICY_REHEARSE;
  }
  return v1::AUDIT_ACTION_UNSPECIFIED;
}

// The first right of those that are logged alike.
std::map<v1::AuditAction, Action> RightsByEntry() {
  std::map<v1::AuditAction, Action> rights;
  for (int action = 0; action < kActions; ++action) {
    for (const bool declines : {false, true}) {
      Ask ask;
      ask.action = static_cast<Action>(action);
      ask.declines = declines;
      rights.try_emplace(AuditActionOf(ask, /*allowed=*/true), ask.action);
    }
  }
  rights.try_emplace(v1::INCIDENT_CLOSE, Action::kHandleIncident);
  rights.try_emplace(v1::EXPORT, Action::kRequestExport);
  rights.try_emplace(v1::EXPORT_MANIFEST, Action::kListExports);
  return rights;
}

// Who approved it answers for what is heard under it, with budgets of their own.
void ChargeApprover(const v1::Grant& grant, ChargedDraft* draft) {
  if (const auto id = GrantId::Parse(grant.id()); id.ok()) draft->leaf.set_grant_id(std::string(id->bytes()));
  draft->particulars.approver = grant.decided_by_person();
  draft->approver_role = grant.decided_by_role();
}

// Likewise for what is taken under an export.
void ChargeApprover(const ExportStanding& standing, ChargedDraft* draft) {
  const std::shared_ptr<const v1::Export> kept = standing.kept();
  draft->particulars.approver = kept->decided_by_person();
  draft->approver_role = kept->decided_by_role();
}

}  // namespace

std::optional<Action> RightBehind(const v1::AuditEntry& leaf) {
  static const auto* const kRights = new std::map<v1::AuditAction, Action>(RightsByEntry());
  const auto right = kRights->find(leaf.action());
  if (right == kRights->end()) return std::nullopt;
  if (right->second == Action::kSearch && !leaf.term_pseudonyms().empty()) return Action::kSearchPersonal;
  if (right->second == Action::kShow && !leaf.caller_pseudonyms().empty()) return Action::kShowPersonal;
  // A contractor has no right to revoke grants: one that did withdrew its own.
  if (right->second == Action::kRevokeGrant && leaf.role() == RoleName(v1::CONTRACTOR)) return Action::kRequestGrant;
  return right->second;
}

v1::Role RoleNamed(std::string_view name) {
  for (int role = v1::ROLE_UNSPECIFIED + 1; role < v1::Role_ARRAYSIZE; ++role) {
    if (RoleName(static_cast<v1::Role>(role)) == name) return static_cast<v1::Role>(role);
  }
  return v1::ROLE_UNSPECIFIED;
}

std::unique_ptr<ChargedDraft> DraftFor(const Caller& caller, const Ask& ask, const Decision& decision) {
  auto draft = std::make_unique<ChargedDraft>();
  v1::AuditEntry& leaf = draft->leaf;
  const bool is_named = ask.logged_as != v1::AUDIT_ACTION_UNSPECIFIED;
  leaf.set_action(is_named ? ask.logged_as : AuditActionOf(ask, decision.allowed));
  leaf.set_decision(decision.allowed ? v1::ALLOWED : v1::DENIED);
  leaf.set_rule(decision.rule);
  leaf.set_role(std::string(RoleName(caller.account().role())));
  leaf.set_purpose(decision.purpose);
  leaf.set_policy_sha256(ask.policy_sha256);
  leaf.set_grant_id(ask.grant_id);
  leaf.set_export_id(ask.export_id);
  leaf.set_offset(ask.offset);
  leaf.set_length(ask.length);
  draft->particulars = caller.Describe();
  draft->particulars.reference = ask.justification.reference();
  if (decision.grant != nullptr) ChargeApprover(decision.grant->kept, draft.get());
  if (ask.taken_under != nullptr) ChargeApprover(*ask.taken_under, draft.get());
  if (ask.resource.has_value()) {
    leaf.set_recording_id(std::string(ask.resource->id.bytes()));
    leaf.set_centre(ask.resource->centre);
  } else {
    draft->particulars.target = ask.requested_id;
  }
  return draft;
}

}  // namespace otokura::access
