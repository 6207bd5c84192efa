#include "server/access/roles.h"

#include <algorithm>
#include <array>

namespace otokura::access {
namespace {

struct Right {
  v1::Role role;
  Action action;
  v1::Scope scope;
};

constexpr Right kRights[] = {
    {v1::RECORDER, Action::kRecord, v1::ALL},
    {v1::OPERATOR, Action::kSearch, v1::CENTRE},
    {v1::OPERATOR, Action::kSearchPersonal, v1::CENTRE},
    {v1::OPERATOR, Action::kShow, v1::CENTRE},
    {v1::OPERATOR, Action::kShowPersonal, v1::CENTRE},
    {v1::OPERATOR, Action::kListen, v1::CENTRE},
    {v1::SUPERVISOR, Action::kSearch, v1::CENTRE},
    {v1::SUPERVISOR, Action::kSearchPersonal, v1::CENTRE},
    {v1::SUPERVISOR, Action::kShow, v1::CENTRE},
    {v1::SUPERVISOR, Action::kShowPersonal, v1::CENTRE},
    {v1::SUPERVISOR, Action::kListen, v1::CENTRE},
    {v1::SUPERVISOR, Action::kDownload, v1::CENTRE},
    {v1::SECURITY, Action::kListAudit, v1::ALL},
    {v1::SECURITY, Action::kExportAudit, v1::ALL},
    {v1::SECURITY, Action::kProveAudit, v1::ALL},
    {v1::SECURITY, Action::kCountAudit, v1::ALL},
    {v1::SECURITY, Action::kFollowAudit, v1::ALL},
    {v1::SECURITY, Action::kMakeReceipt, v1::ALL},
    {v1::SECURITY, Action::kListAccounts, v1::ALL},
    {v1::SECURITY, Action::kSuspendAccount, v1::ALL},
    {v1::SECURITY, Action::kReopenLog, v1::ALL},
    {v1::AUDITOR, Action::kListAudit, v1::ALL},
    {v1::AUDITOR, Action::kExportAudit, v1::ALL},
    {v1::AUDITOR, Action::kProveAudit, v1::ALL},
    {v1::AUDITOR, Action::kCountAudit, v1::ALL},
    {v1::AUDITOR, Action::kFollowAudit, v1::ALL},
    {v1::AUDITOR, Action::kMakeReceipt, v1::ALL},
    {v1::ADMIN, Action::kAddAccount, v1::ALL},
    {v1::ADMIN, Action::kListAccounts, v1::ALL},
};

struct Purpose {
  v1::Role role;
  std::string_view purpose;
};

constexpr Purpose kPurposes[] = {
    {v1::OPERATOR, "inquiry"},   {v1::OPERATOR, "complaint"}, {v1::SUPERVISOR, "inquiry"},     {v1::SUPERVISOR, "complaint"},
    {v1::SUPERVISOR, "quality"}, {v1::SUPERVISOR, "legal"},   {v1::CONTRACTOR, "maintenance"},
};

}  // namespace

std::string_view ActionName(Action action) {
  static constexpr std::array<std::string_view, kActions> kNames = {
      "record",      "search",      "search-personal", "show",          "show-personal",   "listen",
      "download",    "list-audit",  "add-account",     "list-accounts", "suspend-account", "export-audit",
      "prove-audit", "count-audit", "follow-audit",    "reopen-log",    "make-receipt"};
  return kNames[static_cast<size_t>(action)];
}

std::string_view RoleName(v1::Role role) {
  switch (role) {
    case v1::RECORDER:
      return "recorder";
    case v1::OPERATOR:
      return "operator";
    case v1::SUPERVISOR:
      return "supervisor";
    case v1::CONTRACTOR:
      return "contractor";
    case v1::SECURITY:
      return "security";
    case v1::AUDITOR:
      return "auditor";
    case v1::ADMIN:
      return "admin";
    default:
      return "";
  }
}

v1::Scope ScopeOf(v1::Role role, Action action) {
  const auto right =
      std::find_if(std::begin(kRights), std::end(kRights), [&](const Right& r) { return r.role == role && r.action == action; });
  return right == std::end(kRights) ? v1::SCOPE_UNSPECIFIED : right->scope;
}

bool MayState(v1::Role role, std::string_view purpose) {
  return std::any_of(std::begin(kPurposes), std::end(kPurposes), [&](const Purpose& p) { return p.role == role && p.purpose == purpose; });
}

bool IsPurpose(std::string_view purpose) {
  return std::any_of(std::begin(kPurposes), std::end(kPurposes), [&](const Purpose& p) { return p.purpose == purpose; });
}

}  // namespace otokura::access
