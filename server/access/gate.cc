#include "server/access/gate.h"

#include <utility>

#include "server/access/cases.h"
#include "server/access/log_commit.h"

namespace otokura::access {
namespace {

keys::Released WhatIsReleased(const Ask& ask) {
  if (TakesAudio(ask)) return keys::Released::kAudio;
  switch (ask.action) {
    case Action::kListAudit:
    case Action::kCountAudit:
    case Action::kFollowAudit:
    case Action::kExportAudit:
    case Action::kListIncidents:
    case Action::kRehearsePolicy:
      return keys::Released::kAuditDetails;
    default:
      return keys::Released::kMetadata;
  }
}

bool Releases(const Ask& ask) {
  const Action action = ask.action;
  return TakesAudio(ask) || action == Action::kShow || action == Action::kShowPersonal || action == Action::kListAudit ||
         action == Action::kCountAudit || action == Action::kFollowAudit || action == Action::kExportAudit ||
         action == Action::kListIncidents || action == Action::kRehearsePolicy;
}

}  // namespace

Gate::Gate(storage::Committer* committer, runtime::Clock* clock, const PolicyInForce* policy, const RefusalLimits& limits,
           std::function<absl::Status()> may_release, Charges* charges, const GrantsInForce* grants)
    : committer_(committer),
      clock_(clock),
      policy_(policy),
      may_release_(std::move(may_release)),
      charges_(charges),
      grants_(grants),
      floods_(std::make_shared<RefusalFloods>(limits)) {}

Gate::~Gate() {
  for (RefusalFloods::Summary& summary : floods_->TakeAll()) WriteSummary(std::move(summary));
}

absl::Status Gate::MayRelease() const {
  if (absl::Status intact = policy_->Intact(); !intact.ok()) return intact;
  return may_release_ == nullptr ? absl::OkStatus() : may_release_();
}

Decision Gate::JudgeReason(const Rules& rules, const Caller& caller, const Ask& ask, Asked asked) const {
  if (cases_ != nullptr) {
    return asked == Asked::kAgain ? cases_->JudgeAgain(rules, caller, ask, clock_->LogTime())
                                  : cases_->Judge(rules, caller, ask, clock_->LogTime());
  }
  if (!rules.DemandsCase(caller.account().role(), ask.justification.purpose())) return {true, "allowed", absl::OkStatus()};
  return {false, "case", absl::FailedPreconditionError("justification.purpose: demands a case, and none can be looked up")};
}

Decision Gate::DecideUnder(const Rules& rules, const Caller& caller, const Ask& ask, Asked asked) const {
  std::shared_ptr<const Grant> grant;
  if (grants_ != nullptr && caller.account().role() == v1::CONTRACTOR) grant = grants_->Of(caller.account().person_id());
  Decision decision = Decide(rules, caller, ask, clock_->LogTime(), grant);
  if (!decision.allowed || !IsOfRecordings(ask.action)) return decision;
  if (ask.action != Action::kSearch) {  // which tells nothing personal, and needs no reason
    Decision reason = JudgeReason(rules, caller, ask, asked);
    if (!reason.allowed) return {false, std::move(reason.rule), std::move(reason.refusal), decision.purpose};
  }
  absl::Status may = MayRelease();
  if (may.ok()) return decision;
  return {false, policy_->Intact().ok() ? "log-unproven" : "policy-damaged", std::move(may), decision.purpose};
}

Decision Gate::DecideNow(const Caller& caller, const Ask& ask) const {
  return DecideUnder(ask.rules != nullptr ? *ask.rules : *policy_->Get(), caller, ask, Asked::kFirst);
}

absl::Status Gate::StillAllows(const Caller& caller, const Ask& ask) const {
  return DecideUnder(*policy_->Get(), caller, ask, Asked::kAgain).refusal;
}

void Gate::Release(const Caller& caller, Ask ask, std::function<void(absl::StatusOr<keys::ReleasePermit>)> done) {
  if (!Releases(ask)) {
    done(absl::InternalError("gate: this action releases nothing"));
    return;
  }
  const storage::RecordingId recording = ask.resource.has_value() ? ask.resource->id : storage::RecordingId();
  Allow(caller, ask, [recording, what = WhatIsReleased(ask), done = std::move(done)](absl::StatusOr<uint64_t> sequence) {
    if (!sequence.ok()) return done(sequence.status());
    done(keys::ReleasePermit(what, recording, *sequence));
  });
}

void Gate::Note(const Caller& caller, const Ask& ask, std::function<void(absl::StatusOr<uint64_t>)> done) {
  Allow(caller, ask, std::move(done));
}

GateWatch::Logged Gate::Tell(const Caller& caller, const Ask& ask, const Decision& decision) const {
  return watch_ == nullptr ? nullptr : watch_->Decided(caller, ask, decision);
}

void Gate::Allow(const Caller& caller, const Ask& ask, Allowed done) {
  const Decision decision = DecideNow(caller, ask);
  if (!decision.allowed) return Refuse(caller, ask, decision, std::move(done));
  std::unique_ptr<ChargedDraft> draft = DraftFor(caller, ask, decision);
  if (charges_ != nullptr) {
    BudgetRefusal met;
    if (absl::Status charged = charges_->Reserve(caller, ask, draft.get(), &met); !charged.ok()) {
      if (!absl::IsResourceExhausted(charged))
        return Refuse(caller, ask, {false, "ledger", charged, decision.purpose, decision.grant}, std::move(done));
      return Refuse(caller, ask, {false, "budget", charged, decision.purpose, decision.grant, std::move(met)}, std::move(done));
    }
  }
  const v1::AuditEntry leaf = draft->leaf;
  const std::string approver = draft->particulars.approver;
  const uint64_t reservation = draft->reservation;
  committer_->Commit(CommitOf(std::move(draft), [charges = charges_, leaf, approver, reservation, told = Tell(caller, ask, decision),
                                                 done = std::move(done)](const absl::Status& status, absl::Span<const uint64_t> sequences) {
    const bool stored = status.ok() && sequences.size() == 1;
    if (charges != nullptr && stored) charges->Stored(sequences.front(), leaf, approver);
    if (charges != nullptr && !stored) charges->NotStored(reservation);
    if (told != nullptr) told(stored ? std::optional(sequences.front()) : std::nullopt);
    if (!stored) return done(LogIsDown());
    done(sequences.front());
  }));
}

std::unique_ptr<audit::Draft> Gate::Permit(const Caller& caller, const Ask& ask, std::function<void(absl::Status)> refused) {
  const Decision decision = DecideNow(caller, ask);
  if (decision.allowed) return DraftFor(caller, ask, decision);
  Refuse(caller, ask, decision, std::move(refused));
  return nullptr;
}

void Gate::Close(const Caller& caller, Delivered delivered, std::function<void(absl::Status)> done) {
  auto draft = std::make_unique<ChargedDraft>();
  v1::AuditEntry& leaf = draft->leaf;
  leaf.set_action(v1::DELIVERED);
  leaf.set_decision(v1::NOTED);
  leaf.set_role(std::string(RoleName(caller.account().role())));
  if (delivered.recording != storage::RecordingId()) leaf.set_recording_id(std::string(delivered.recording.bytes()));
  leaf.set_of_sequence(delivered.of_sequence);
  leaf.set_offset(delivered.offset);
  leaf.set_delivered_bytes(delivered.bytes);
  leaf.set_rows(delivered.rows);
  leaf.set_outcome(delivered.outcome);
  leaf.set_object_sha256(delivered.object_sha256);
  draft->particulars = caller.Describe();
  if (charges_ != nullptr) charges_->Settle(delivered.of_sequence, draft.get());
  storage::RecordCommit commit = CommitOf(std::move(draft), [done = std::move(done)](const absl::Status& status,
                                                                                     absl::Span<const uint64_t>) {
    done(status.ok() ? absl::OkStatus() : absl::UnavailableError("audit log: the entry that closes a release could not be made durable"));
  });
  commit.batch = std::move(delivered.with_it);
  commit.batch.may_use_reserve = true;
  committer_->Commit(std::move(commit));
}

}  // namespace otokura::access
