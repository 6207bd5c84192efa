// What is allowed (DESIGN §8, I6): pure functions of a caller, what it asks for, and the time.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/access/account_checks.h"
#include "server/access/audio_formats.h"
#include "server/access/export.h"
#include "server/access/gate.h"

namespace otokura::access {
namespace {

std::string Text(std::string_view view) { return std::string(view); }

Decision Allow() { return {true, "allowed", absl::OkStatus()}; }
Decision Deny(std::string_view rule, absl::Status refusal) { return {false, Text(rule), std::move(refusal)}; }

bool IsAboutRecording(Action action) {
  return action == Action::kShow || action == Action::kShowPersonal || action == Action::kListen || action == Action::kDownload;
}

// What is asked about one recording answers alike where there is none and where it is out of reach. Who wants to export several asks about
// each.
bool NeedsRecording(Action action) {
  return IsAboutRecording(action) || action == Action::kMakeReceipt || action == Action::kRequestExport;
}

// Whatever opens personal metadata or audio states why; so does a search by a personal term, and who wants to be granted it.
bool NeedsReason(Action action) {
  return IsAboutRecording(action) || action == Action::kSearchPersonal || action == Action::kRequestGrant ||
         action == Action::kRequestExport;
}

bool IsOfExports(Action action) {
  return action == Action::kRequestExport || action == Action::kApproveExport || action == Action::kRevokeExport ||
         action == Action::kListExports;
}

Decision DenyRole(const Caller& caller, Action action) {
  return Deny("role", absl::PermissionDeniedError(
                          absl::StrCat(Text(ActionName(action)), ": not among the rights of role ", Text(RoleName(caller.account().role())),
                                       "; ask somebody whose role has it, or the administrator for another account")));
}

Decision CheckReference(const Rules& rules, const v1::Justification& why) {
  if (absl::Status status = CheckText("justification.reference", why.reference(), kReferenceBytesMax); !status.ok()) {
    return Deny("reference", std::move(status));
  }
  if (why.purpose().empty() || rules.FitsPurpose(why.purpose(), why.reference())) return Allow();
  return Deny("reference",
              absl::InvalidArgumentError(absl::StrCat("justification.reference: not of the form that this purpose demands; write it like ",
                                                      Text(rules.ReferenceForm(why.purpose())))));
}

Decision CheckJustification(const Rules& rules, const Caller& caller, const Ask& ask) {
  const v1::Justification& why = ask.justification;
  const bool needed = NeedsReason(ask.action);
  if (why.purpose().size() > kPurposeBytesMax || (needed && why.purpose().empty())) {
    return Deny("purpose",
                absl::InvalidArgumentError(absl::StrCat("justification.purpose: ", why.purpose().size(),
                                                        " bytes; state one of your role's purposes, 1 to ", kPurposeBytesMax, " bytes")));
  }
  if (!why.purpose().empty() && !rules.MayState(caller.account().role(), why.purpose())) {
    return Deny("purpose", absl::PermissionDeniedError(
                               absl::StrCat("justification.purpose: not one that role ", Text(RoleName(caller.account().role())),
                                            " may state; state one of its own, or ask somebody whose role has it")));
  }
  if (!why.purpose().empty() && !caller.ContractPermits(why.purpose())) {
    return Deny("purpose", absl::PermissionDeniedError("justification.purpose: not one that your contract permits; ask the administrator"));
  }
  if (!needed && why.reference().empty()) return Allow();
  return CheckReference(rules, why);
}

// What a role does not see it cannot search for either: a hit would show it.
Decision CheckTerm(const Rules& rules, const Caller& caller, const Ask& ask) {
  if (ask.action != Action::kSearchPersonal || rules.Sees(caller.account().role(), ask.term)) return Allow();
  return Deny("field", absl::PermissionDeniedError(absl::StrCat("term.field: not one that role ", Text(RoleName(caller.account().role())),
                                                                " sees; search by another, or ask somebody whose role does")));
}

template <typename List>
bool Lists(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

Decision DenyOpen(std::string_view rule, std::string_view field) {
  return Deny(rule, absl::PermissionDeniedError(
                        absl::StrCat(Text(field), ": not one that this recorder's account has; ask the administrator what it has")));
}

// An account that names no queue has every queue that the gateway knows of the centre.
bool HasQueue(const Caller& caller, const RecordAsk& ask) {
  if (ask.queue.empty()) return true;
  if (!caller.account().queues().empty()) return Lists(caller.account().queues(), ask.queue);
  const auto& centres = caller.enrolled->centres;
  return std::any_of(centres.begin(), centres.end(),
                     [&](const v1::CentreConfig& centre) { return centre.name() == ask.centre && Lists(centre.queues(), ask.queue); });
}

}  // namespace

// One text and one place for both, so that nobody can tell an id that exists elsewhere from one that does not exist (I6).
Decision DenyScopeOrAbsent() {
  return Deny("scope-or-absent",
              absl::NotFoundError("recording_id: no such recording among those within your reach; check the id, or ask its centre"));
}

bool TakesAudio(const Ask& ask) {
  return ask.action == Action::kListen || ask.action == Action::kDownload ||
         (ask.action == Action::kRequestExport && ask.logged_as == v1::EXPORT);
}

v1::Scope EffectiveScope(const Rules& rules, const Caller& caller, Action action) {
  const v1::Scope widest = rules.ScopeOf(caller.account().role(), action);
  const v1::Scope narrowed = caller.account().scope();
  if (widest == v1::SCOPE_UNSPECIFIED || narrowed == v1::SCOPE_UNSPECIFIED) return widest;
  return std::min(widest, narrowed);
}

bool InScope(const Caller& caller, v1::Scope scope, const Resource& resource) {
  switch (scope) {
    case v1::OWN:  // agent ids are a centre's own: the same one elsewhere is somebody else
      return resource.own && caller.HasCentre(resource.centre);
    case v1::CENTRE:
      return caller.HasCentre(resource.centre);
    case v1::ALL:
      return caller.account().role() != v1::CONTRACTOR || caller.HasCentre(resource.centre);
    default:
      return false;
  }
}

namespace {

// The right that an ask takes: who requested a grant, or an export, withdraws it by that right.
Action RightFor(const Ask& ask) {
  if (!ask.withdraws) return ask.action;
  return ask.action == Action::kRevokeExport ? Action::kRequestExport : Action::kRequestGrant;
}

// Whether it lies within the caller's reach. A contractor reaches what it was granted, and of that what lies in its scope still.
bool Reaches(const Caller& caller, v1::Scope scope, const Ask& ask, absl::Time now, const Grant* grant) {
  if (!ask.resource.has_value() || !InScope(caller, scope, *ask.resource)) return false;
  if (caller.account().role() != v1::CONTRACTOR) return true;
  const v1::Account& account = caller.account();
  return grant != nullptr &&
         Permits(*grant, {account.name(), account.person_id(), account.contract(), ask.justification.purpose(), ask.resource->id}, now);
}

// Whether it is taken under an export that is the caller's, of this recording, and not over.
Decision JudgeTaking(const Rules& rules, const Caller& caller, const Ask& ask, absl::Time now) {
  if (ask.logged_as != v1::EXPORT) return Allow();
  const v1::Account& account = caller.account();
  if (ask.taken_under == nullptr || !ask.resource.has_value() ||
      !ask.taken_under->Names({account.name(), account.person_id(), ask.resource->id})) {
    return DenyScopeOrAbsent();
  }
  std::string rule;
  absl::Status takeable = ask.taken_under->CheckTakeable(rules, now, &rule);
  return takeable.ok() ? Allow() : Deny(rule, std::move(takeable));
}

Decision DenySecondPerson(const Ask& ask) {
  if (ask.action == Action::kApproveGrant || ask.action == Action::kApproveExport) {
    return Deny("same-person", absl::FailedPreconditionError("id: it is for you; ask another person to decide"));
  }
  return Deny("same-person",
              absl::FailedPreconditionError("name: it is for you, or you proposed it; ask another person of the security role"));
}

// Duties are apart by person too: whoever has two accounts has the rights of both.
absl::Status CheckDutiesOfPerson(const Rules& rules, const std::vector<v1::Role>& roles) {
  const std::optional<policy::Conflict> conflict = rules.ConflictOf(roles);
  if (!conflict.has_value()) return absl::OkStatus();
  const auto text = [](std::string_view word) { return absl::string_view(word.data(), word.size()); };
  return absl::FailedPreconditionError(
      absl::StrCat("account.person_id: with another account this person would have ", text(policy::ActionName(conflict->first)), " (",
                   text(conflict->first_duty), ") and ", text(policy::ActionName(conflict->second)), " (", text(conflict->second_duty),
                   "), duties that must not meet in one person; suspend the other account first, or choose another person"));
}

Decision Judge(const Rules& rules, const Caller& caller, const Ask& ask, absl::Time now, const Grant* grant) {
  if (Caller::Admission admission = caller.AdmissionAt(now); !admission.status.ok()) return Deny(admission.rule, admission.status);
  const Action right = RightFor(ask);
  const v1::Scope scope = EffectiveScope(rules, caller, right);
  // Recording is decided by DecideRecord, which knows centre, queue and format.
  if (scope == v1::SCOPE_UNSPECIFIED || ask.action == Action::kRecord) return DenyRole(caller, ask.action);
  // Whatever a policy says: a contractor takes out nothing in bulk, and hears of nobody who does (I5).
  if (caller.account().role() == v1::CONTRACTOR && IsOfExports(ask.action)) return DenyRole(caller, ask.action);
  // A right over everything means nothing less: an account narrowed below it has none of it. Not so for recordings, which lie in a scope.
  if (!IsOfRecordings(right) && scope != v1::ALL) return DenyRole(caller, ask.action);
  if (Decision taking = JudgeTaking(rules, caller, ask, now); !taking.allowed) return taking;
  if (Decision justified = CheckJustification(rules, caller, ask); !justified.allowed) return justified;
  if (Decision term = CheckTerm(rules, caller, ask); !term.allowed) return term;
  if (NeedsRecording(ask.action) && !Reaches(caller, scope, ask, now, grant)) return DenyScopeOrAbsent();
  if (ask.action == Action::kSuspendAccount && ask.requested_id == caller.account().name()) {
    return Deny("own-account",
                absl::FailedPreconditionError("name: your own account; ask somebody else of the security role to suspend it"));
  }
  if (Lists(ask.concerned, caller.account().person_id())) return DenySecondPerson(ask);
  if (absl::Status apart = CheckDutiesOfPerson(rules, ask.person_roles); !apart.ok()) return Deny("duties-of-person", std::move(apart));
  if (Lists(ask.contract_tree, caller.account().person_id())) {
    return Deny("contract-tree",
                absl::FailedPreconditionError("id: you work for a company of the same contracts, above or below; ask somebody outside of "
                                              "them to decide"));
  }
  return Allow();
}

}  // namespace

Decision Decide(const Rules& rules, const Caller& caller, const Ask& ask, absl::Time now, const std::shared_ptr<const Grant>& grant) {
  Decision decision = Judge(rules, caller, ask, now, grant.get());
  if (decision.allowed && NeedsRecording(ask.action) && caller.account().role() == v1::CONTRACTOR) decision.grant = grant;
  if (rules.IsPurpose(ask.justification.purpose())) decision.purpose = ask.justification.purpose();
  return decision;
}

Decision DecideRecord(const Rules& rules, const Caller& caller, const RecordAsk& ask, absl::Time now) {
  if (Caller::Admission admission = caller.AdmissionAt(now); !admission.status.ok()) return Deny(admission.rule, admission.status);
  if (EffectiveScope(rules, caller, Action::kRecord) != v1::ALL) return DenyRole(caller, Action::kRecord);
  const v1::RecorderLimits& limits = caller.account().recorder();
  if (!Lists(caller.account().centres(), ask.centre)) return DenyOpen("centre", "centre");
  if (!HasQueue(caller, ask)) return DenyOpen("queue", "queue");
  const bool class_ok =
      ask.retention_class.empty() ? !limits.retention_classes().empty() : Lists(limits.retention_classes(), ask.retention_class);
  if (!class_ok) return DenyOpen("retention-class", "retention_class");
  if (absl::Status status = CheckAudioFormat(ask.format); !status.ok()) return Deny("format", std::move(status));
  const bool format_ok =
      std::any_of(limits.formats().begin(), limits.formats().end(), [&](const auto& format) { return SameFormat(format, ask.format); });
  return format_ok ? Allow() : DenyOpen("format", "format");
}

}  // namespace otokura::access
