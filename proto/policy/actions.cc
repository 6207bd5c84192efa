#include "proto/policy/actions.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace otokura::policy {
namespace {

constexpr std::array<std::string_view, kActions> kNames = {"record",         "search",          "search-personal", "show",
                                                           "show-personal",  "listen",          "download",        "list-audit",
                                                           "add-account",    "list-accounts",   "suspend-account", "export-audit",
                                                           "prove-audit",    "count-audit",     "follow-audit",    "reopen-log",
                                                           "make-receipt",   "load-policy",     "show-policy",     "confirm-account",
                                                           "renew-account",  "restore-account", "add-contract",    "confirm-contract",
                                                           "close-contract", "list-contracts",  "request-grant",   "approve-grant",
                                                           "revoke-grant",   "list-grants",     "open-case",       "close-case",
                                                           "list-cases",     "list-incidents",  "handle-incident", "mark-canary",
                                                           "request-export", "approve-export",  "revoke-export",   "list-exports",
                                                           "rehearse-policy"};

}  // namespace

std::string_view ActionName(Action action) { return kNames[static_cast<size_t>(action)]; }

std::optional<Action> ActionNamed(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Action>(std::distance(kNames.begin(), found));
}

bool IsOfRecordings(Action action) {
  switch (action) {
    case Action::kSearch:
    case Action::kSearchPersonal:
    case Action::kShow:
    case Action::kShowPersonal:
    case Action::kListen:
    case Action::kDownload:
    case Action::kApproveGrant:  // of recordings within the approver's own reach
    case Action::kRequestExport:
    case Action::kApproveExport:
      return true;
    default:
      return false;
  }
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

}  // namespace otokura::policy
