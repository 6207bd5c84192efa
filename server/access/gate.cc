#include "server/access/gate.h"

#include <utility>

#include "server/access/refusal_floods.h"

namespace otokura::access {
namespace {

absl::Status LogIsDown() {
  return absl::UnavailableError("audit log: the entry for this request could not be made durable, so nothing was released; try again");
}

keys::Released WhatIsReleased(Action action) {
  switch (action) {
    case Action::kListen:
    case Action::kDownload:
      return keys::Released::kAudio;
    case Action::kListAudit:
    case Action::kCountAudit:
    case Action::kFollowAudit:
      return keys::Released::kAuditDetails;
    default:
      return keys::Released::kMetadata;
  }
}

bool Releases(Action action) {
  return action == Action::kShow || action == Action::kShowPersonal || action == Action::kListen || action == Action::kDownload ||
         action == Action::kListAudit || action == Action::kCountAudit || action == Action::kFollowAudit;
}

storage::RecordCommit CommitOf(std::unique_ptr<audit::Draft> entry, storage::RecordsDone done) {
  storage::RecordCommit commit;
  commit.batch.may_use_reserve = true;
  commit.entries.push_back(std::move(entry));
  commit.done = std::move(done);
  return commit;
}

}  // namespace

// Shared with the callbacks of commits, which may come after the gate is gone.
struct Gate::Floods : RefusalFloods {
  Floods() : RefusalFloods(kRefusalsPerMinute) {}
};

Gate::Gate(storage::Committer* committer, runtime::Clock* clock)
    : committer_(committer), clock_(clock), floods_(std::make_shared<Floods>()) {}

Gate::~Gate() {
  for (RefusalFloods::Summary& summary : floods_->TakeAll())
    WriteSummary(summary.kind.action, summary.kind.rule, summary.kind.address, summary.count);
}

void Gate::Release(const Caller& caller, Ask ask, std::function<void(absl::StatusOr<keys::ReleasePermit>)> done) {
  if (!Releases(ask.action)) {
    done(absl::InternalError("gate: this action releases nothing"));
    return;
  }
  const Decision decision = Decide(caller, ask, clock_->Now());
  const storage::RecordingId recording = ask.resource.has_value() ? ask.resource->id : storage::RecordingId();
  committer_->Commit(
      CommitOf(DraftFor(caller, ask, decision), [decision, recording, what = WhatIsReleased(ask.action), done = std::move(done)](
                                                    const absl::Status& status, absl::Span<const uint64_t> sequences) {
        if (!status.ok() || sequences.size() != 1) return done(LogIsDown());
        if (!decision.allowed) return done(decision.refusal);
        done(keys::ReleasePermit(what, recording, sequences.front()));
      }));
}

void Gate::Note(const Caller& caller, const Ask& ask, std::function<void(absl::StatusOr<uint64_t>)> done) {
  const Decision decision = Decide(caller, ask, clock_->Now());
  committer_->Commit(CommitOf(DraftFor(caller, ask, decision),
                              [decision, done = std::move(done)](const absl::Status& status, absl::Span<const uint64_t> sequences) {
                                if (!status.ok() || sequences.size() != 1) return done(LogIsDown());
                                if (!decision.allowed) return done(decision.refusal);
                                done(sequences.front());
                              }));
}

void Gate::Close(const Caller& caller, const Delivered& delivered, std::function<void(absl::Status)> done) {
  auto draft = std::make_unique<audit::Draft>();
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
  draft->particulars = caller.Describe();
  committer_->Commit(CommitOf(std::move(draft), [done = std::move(done)](const absl::Status& status, absl::Span<const uint64_t>) {
    done(status.ok() ? absl::OkStatus() : absl::UnavailableError("audit log: the entry that closes a release could not be made durable"));
  }));
}

void Gate::Refused(v1::AuditAction action, std::string_view rule, std::string_view role, audit::Particulars particulars) {
  SummariseRefusals();
  const RefusalKind kind{action, std::string(rule), AddressWithoutPort(particulars.address)};
  const absl::Time now = clock_->Now();
  if (!floods_->Admit(kind, now)) return;
  auto draft = std::make_unique<audit::Draft>();
  draft->leaf.set_action(action);
  draft->leaf.set_decision(v1::DENIED);
  draft->leaf.set_rule(kind.rule);
  draft->leaf.set_role(std::string(role));
  draft->particulars = std::move(particulars);
  committer_->Commit(CommitOf(std::move(draft), [floods = floods_, kind, now](const absl::Status& status, absl::Span<const uint64_t>) {
    if (!status.ok()) floods->GiveBack({kind, 1}, now);
  }));
}

void Gate::SummariseRefusals() {
  for (RefusalFloods::Summary& summary : floods_->TakeEnded(clock_->Now())) {
    WriteSummary(summary.kind.action, summary.kind.rule, summary.kind.address, summary.count);
  }
}

void Gate::WriteSummary(v1::AuditAction action, const std::string& rule, const std::string& address, uint32_t count) {
  auto draft = std::make_unique<audit::Draft>();
  draft->leaf.set_action(action);
  draft->leaf.set_decision(v1::DENIED);
  draft->leaf.set_rule(rule);
  draft->leaf.set_rows(count);
  draft->particulars.address = address;
  committer_->Commit(CommitOf(std::move(draft), [floods = floods_, kind = RefusalKind{action, rule, address}, count, now = clock_->Now()](
                                                    const absl::Status& status, absl::Span<const uint64_t>) {
    if (!status.ok()) floods->GiveBack({kind, count}, now);
  }));
}

}  // namespace otokura::access
