// What the gate does with refusals: an entry each, and summaries of floods (I6, I10).
#include <utility>

#include "server/access/error_detail.h"
#include "server/access/gate.h"
#include "server/access/log_commit.h"

namespace otokura::access {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);  // UTC, as the ceilings count

// What an entry takes of the store, about: its leaf; a commitment, a salt and the value for each particular; sealing, keys and index rows.
// The same when it is read back from the log.
uint64_t LogBytes(const audit::Particulars& who) {
  constexpr uint64_t kFixedBytes = 500;
  constexpr uint64_t kParticularBytes = 110;
  uint64_t bytes = kFixedBytes;
  for (const std::string* value : {&who.account, &who.person, &who.company, &who.certificate, &who.address, &who.reference, &who.reason,
                                   &who.target, &who.contract, &who.approver}) {
    if (!value->empty()) bytes += kParticularBytes + value->size();
  }
  return bytes;
}

audit::Particulars ParticularsOf(const v1::AuditDetails& details) {
  return {details.account().value(),  details.person().value(),    details.company().value(), details.certificate().value(),
          details.address().value(),  details.reference().value(), details.reason().value(),  details.target().value(),
          details.contract().value(), details.approver().value()};
}

Refusal RefusalOf(const audit::Draft& draft) { return {draft.leaf.action(), draft.leaf.rule(), draft.leaf.role(), draft.particulars}; }

absl::Status Throttled(absl::Time retry_at) {
  return LimitReachedError("refusals a minute", kAccountRefusalsPerMinute,
                           "this account was refused too often; wait, and ask for what its role may", retry_at);
}

}  // namespace

void Gate::Refuse(const Caller& caller, const Ask& ask, const Decision& decision, std::function<void(absl::Status)> told) {
  SummariseRefusals();
  std::unique_ptr<audit::Draft> draft = DraftFor(caller, ask, decision);
  const Refusal refusal = RefusalOf(*draft);
  const GateWatch::Logged watch = Tell(caller, ask, decision);
  const RefusalFloods::Taken taken = floods_->Take(refusal, LogBytes(draft->particulars), clock_->Now());
  if (taken.verdict != RefusalFloods::Verdict::kEntry) {
    if (watch != nullptr) watch(std::nullopt);
    return told(taken.verdict == RefusalFloods::Verdict::kThrottled ? Throttled(taken.retry_at) : decision.refusal);
  }
  Log(std::move(draft), RefusalFloods::SummaryOf(refusal, 1),
      [decision, watch, told = std::move(told)](const absl::Status& status, std::optional<uint64_t> sequence) {
        if (watch != nullptr) watch(sequence);
        told(status.ok() ? decision.refusal : LogIsDown());
      });
}

void Gate::Refused(v1::AuditAction action, std::string_view rule, std::string_view role, audit::Particulars particulars) {
  SummariseRefusals();
  auto draft = std::make_unique<audit::Draft>();
  draft->leaf.set_action(action);
  draft->leaf.set_decision(v1::DENIED);
  draft->leaf.set_rule(std::string(rule));
  draft->leaf.set_role(std::string(role));
  draft->particulars = std::move(particulars);
  const Refusal refusal = RefusalOf(*draft);
  if (floods_->Take(refusal, LogBytes(draft->particulars), clock_->Now()).verdict != RefusalFloods::Verdict::kEntry) return;
  Log(std::move(draft), RefusalFloods::SummaryOf(refusal, 1), [](const absl::Status&, std::optional<uint64_t>) {});
}

void Gate::RefusedUnseen(v1::AuditAction action, std::string_view rule, uint32_t count) {
  SummariseRefusals();
  floods_->Add(RefusalFloods::SummaryOf({action, std::string(rule), "", {}}, count), clock_->Now());
}

absl::Status Gate::TakeUpCeilings(const audit::RefusalHistory& history) {
  const absl::Time now = clock_->Now();
  const absl::Time day = absl::UnixEpoch() + absl::Floor(now - absl::UnixEpoch(), kDay);
  return history.Since(day, [&](const v1::AuditEntry& leaf, const v1::AuditDetails& details) {
    const audit::Particulars who = ParticularsOf(details);
    return floods_->TakeUp(who, /*is_summary=*/leaf.rows() > 0, LogBytes(who), now);
  });
}

void Gate::SummariseRefusals() {
  for (RefusalFloods::Summary& summary : floods_->TakeEnded(clock_->Now())) WriteSummary(std::move(summary));
}

void Gate::WriteSummary(RefusalFloods::Summary summary) {
  auto draft = std::make_unique<audit::Draft>();
  draft->leaf.set_action(summary.kind.action);
  draft->leaf.set_decision(v1::DENIED);
  draft->leaf.set_rule(summary.kind.rule);
  draft->leaf.set_role(summary.role);
  draft->leaf.set_rows(summary.count);
  draft->particulars.account = summary.kind.account;
  draft->particulars.person = summary.person;
  draft->particulars.company = summary.company;
  draft->particulars.contract = summary.contract;
  draft->particulars.address = summary.kind.address;
  Log(std::move(draft), std::move(summary), [](const absl::Status&, std::optional<uint64_t>) {});
}

// What cannot be written is counted into a later summary.
void Gate::Log(std::unique_ptr<audit::Draft> draft, RefusalFloods::Summary counted_otherwise, Written written) {
  committer_->Commit(
      CommitOf(std::move(draft), [floods = floods_, counted_otherwise = std::move(counted_otherwise), now = clock_->Now(),
                                  written = std::move(written)](const absl::Status& status, absl::Span<const uint64_t> sequences) {
        if (!status.ok()) floods->Add(counted_otherwise, now);
        written(status, status.ok() && sequences.size() == 1 ? std::optional(sequences.front()) : std::nullopt);
      }));
}

}  // namespace otokura::access
