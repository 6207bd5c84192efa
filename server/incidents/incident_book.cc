#include "server/incidents/incident_book.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "crypto/random.h"
#include "proto/policy/actions.h"
#include "server/access/account_checks.h"
#include "server/incidents/incident_book_state.h"
#include "server/incidents/incident_changes.h"
#include "server/storage/recording_id.h"

namespace otokura::incidents {
namespace {

constexpr size_t kRandomIdBytes = 10;
constexpr int kAttemptsMax = 8;  // of a write that another one came before: of the incident, or of the account

absl::Status NoSuchIncident() { return absl::NotFoundError("id: no such incident; look at the list of incidents"); }

std::unique_ptr<audit::Draft> NotedEntry(v1::AuditAction action, const std::string& incident_id) {
  auto draft = std::make_unique<audit::Draft>();
  draft->leaf.set_action(action);
  draft->leaf.set_decision(v1::NOTED);
  draft->leaf.set_incident_id(incident_id);
  return draft;
}

std::unique_ptr<audit::Draft> AlarmEntry(v1::AuditAction action, const Alarm& alarm, const std::string& incident_id) {
  std::unique_ptr<audit::Draft> draft = NotedEntry(action, incident_id);
  draft->leaf.set_rule(std::string(AlarmName(alarm.facts.kind())));
  draft->leaf.set_role(std::string(policy::RoleName(alarm.facts.role())));
  if (alarm.facts.has_of_sequence()) draft->leaf.set_of_sequence(alarm.facts.of_sequence());
  draft->particulars = alarm.who;
  draft->particulars.target = alarm.facts.recording_id();  // never in the leaf, which would name the bait
  return draft;
}

std::string SuspensionReason(const v1::IncidentAlarm& alarm, const std::string& incident_id) {
  return absl::StrCat("by the gateway: ", std::string(AlarmName(alarm.kind())), ", incident ", absl::BytesToHexString(incident_id));
}

bool IsReasonEnough(const v1::IncidentAlarm& alarm, const v1::Incident& before) {
  if (alarm.role() == v1::RECORDER) return false;
  return alarm.kind() != v1::CANARY || Corroborates(before, alarm);
}

bool Has(const v1::Incident& incident, const v1::IncidentAlarm& alarm) {
  return std::any_of(incident.alarms().begin(), incident.alarms().end(),
                     [&](const v1::IncidentAlarm& one) { return one.id() == alarm.id(); });
}

void Append(storage::Batch from, storage::Batch* to) {
  for (storage::Write& write : from.writes) to->writes.push_back(std::move(write));
  for (storage::Precondition& condition : from.preconditions) to->preconditions.push_back(std::move(condition));
}

// Adds the suspension to the commit, if there is anybody to suspend. True where it did.
absl::StatusOr<bool> AddSuspension(const access::Directory& directory, const v1::IncidentAlarm& alarm, const std::string& incident_id,
                                   storage::RecordCommit* commit) {
  const std::string reason = SuspensionReason(alarm, incident_id);
  absl::StatusOr<access::Directory::Suspension> suspension = directory.PrepareSuspension(alarm.account(), reason);
  if (absl::IsFailedPrecondition(suspension.status())) return false;  // suspended already, or the last one who can lift anything
  if (!suspension.ok()) return suspension.status();
  std::unique_ptr<audit::Draft> entry = NotedEntry(v1::ACCOUNT_SUSPEND, incident_id);
  entry->leaf.set_rule(std::string(AlarmName(alarm.kind())));
  entry->particulars.target = alarm.account();
  entry->particulars.reason = reason;
  commit->entries.push_back(std::move(entry));
  Append(std::move(suspension->batch), &commit->batch);
  return true;
}

}  // namespace

IncidentBook::IncidentBook(std::shared_ptr<State> state) : state_(std::move(state)) {}
IncidentBook::~IncidentBook() = default;

absl::StatusOr<std::unique_ptr<IncidentBook>> IncidentBook::Open(Parts parts) {
  auto state = std::make_shared<State>(parts);
  if (absl::Status loaded = state->Load(); !loaded.ok()) return loaded;
  return std::unique_ptr<IncidentBook>(new IncidentBook(std::move(state)));
}

absl::Status IncidentBook::Raise(const Alarm& alarm) {
  absl::Status status = absl::OkStatus();
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    status = RaiseOnce(alarm);
    if (!absl::IsAborted(status)) return status;
  }
  return status;
}

absl::Status IncidentBook::RaiseOnce(const Alarm& alarm) {
  bool fate_unknown = false;
  {
    absl::MutexLock lock(&state_->mutex);
    fate_unknown = state_->fate_unknown;
  }
  if (fate_unknown) {
    if (absl::Status loaded = state_->Load(); !loaded.ok()) return loaded;
  }
  std::optional<std::string> row;
  v1::Incident before;
  if (const std::optional<std::string> id = state_->Find(alarm.facts); id.has_value()) {
    auto stored = state_->Read(*id);
    if (!stored.ok()) return stored.status();
    if (!stored->has_value() || (*stored)->incident.state() == v1::Incident::CLOSED) {
      return absl::AbortedError("incident: it was closed meanwhile");
    }
    before = (*stored)->incident;
    row = std::move((*stored)->row);
  }
  if (Has(before, alarm.facts)) return state_->parts.directory->Reread(alarm.facts.account());
  return CommitAlarm(alarm, before, std::move(row));
}

absl::Status IncidentBook::CommitAlarm(const Alarm& alarm, const v1::Incident& before, std::optional<std::string> row) {
  const bool is_new = !row.has_value();
  const absl::Time now = state_->parts.clock->Now();
  const std::string id = is_new ? std::string(storage::RecordingId::Make(now, crypto::RandomBytes(kRandomIdBytes)).bytes()) : before.id();
  storage::RecordCommit commit;
  commit.entries.push_back(AlarmEntry(is_new ? v1::INCIDENT_OPENED : v1::INCIDENT_ALARM, alarm, id));
  v1::IncidentAlarm facts = alarm.facts;
  if (IsReasonEnough(facts, before)) {
    const absl::StatusOr<bool> suspends = AddSuspension(*state_->parts.directory, facts, id, &commit);
    if (!suspends.ok()) return suspends.status();
    facts.set_suspended(*suspends);
  }
  const v1::Incident incident = is_new ? Opened(id, facts) : Joined(before, facts);
  if (absl::Status status = state_->CommitAndAdopt(incident, std::move(row), std::move(commit)); !status.ok()) return status;
  return facts.suspended() ? state_->parts.directory->Reread(facts.account()) : absl::OkStatus();
}

absl::StatusOr<v1::Incident> IncidentBook::TakeStep(const std::string& id, size_t step, const v1::LadderStep& taken,
                                                    const std::vector<std::string>& alerts) {
  auto stored = state_->Read(id);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value() || (*stored)->incident.state() != v1::Incident::OPEN) {
    return absl::FailedPreconditionError("incident: no longer open");
  }
  const v1::Incident incident = StepTaken((*stored)->incident, step, taken.name(), alerts);
  storage::RecordCommit commit;
  std::unique_ptr<audit::Draft> entry = NotedEntry(v1::INCIDENT_ALERTED, id);
  entry->leaf.set_rule("ladder");
  entry->leaf.set_subject(absl::StrCat("step ", taken.name(), ", level ", incident.level(), ", alerts ", alerts.size()));
  commit.entries.push_back(std::move(entry));
  if (absl::Status status = state_->CommitAndAdopt(incident, std::move((*stored)->row), std::move(commit)); !status.ok()) return status;
  return incident;
}

absl::Status IncidentBook::NoteTold(const std::string& id, uint32_t times_told, const std::string& alert) {
  auto stored = state_->Read(id);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) return NoSuchIncident();
  const v1::Incident& before = (*stored)->incident;
  const v1::Incident incident = Told(before, times_told, alert);
  if (incident.revision() == before.revision()) return absl::OkStatus();
  // No entry: that a message arrived changes nothing of the incident.
  return state_->CommitAndAdopt(incident, std::move((*stored)->row), {});
}

std::vector<v1::Incident> IncidentBook::Unclosed(absl::FunctionRef<bool(const v1::Incident& incident)> which) const {
  absl::MutexLock lock(&state_->mutex);
  std::vector<v1::Incident> incidents;
  for (const auto& [id, incident] : state_->unclosed) {
    if (which(incident)) incidents.push_back(incident);
  }
  return incidents;
}

bool IncidentBook::HasOpen() const {
  absl::MutexLock lock(&state_->mutex);
  return std::any_of(state_->unclosed.begin(), state_->unclosed.end(),
                     [](const auto& entry) { return entry.second.state() == v1::Incident::OPEN; });
}

void IncidentBook::Commit(std::string_view id, std::string_view words, std::unique_ptr<audit::Draft> entry, Change change, Done done) {
  auto stored = state_->Read(id);
  if (!stored.ok()) return done(stored.status());
  if (!stored->has_value()) return done(NoSuchIncident());
  absl::StatusOr<v1::Incident> changed = change((*stored)->incident);
  if (!changed.ok()) return done(changed.status());
  storage::RecordCommit commit;
  commit.batch.may_use_reserve = true;
  absl::Status put = PutIncident(*changed, std::move((*stored)->row), *state_->parts.keys, &commit.batch);
  if (!put.ok()) return done(put);
  entry->leaf.set_incident_id(std::string(id));
  entry->particulars.target = "";  // the leaf names it
  entry->particulars.reason = std::string(words);
  commit.entries.push_back(std::move(entry));
  commit.done = [state = state_, incident = *std::move(changed), done = std::move(done)](const absl::Status& committed,
                                                                                         absl::Span<const uint64_t>) {
    if (absl::IsAborted(committed)) return done(absl::AbortedError("id: the incident was changed meanwhile; look again, then try again"));
    if (absl::IsUnavailable(committed)) {
      absl::MutexLock lock(&state->mutex);
      state->fate_unknown = true;
    }
    if (!committed.ok()) return done(committed);
    state->Adopt(incident);
    done(incident);
  };
  state_->parts.committer->Commit(std::move(commit));
}

void IncidentBook::Acknowledge(std::string_view id, std::string_view note, std::string_view by, std::unique_ptr<audit::Draft> entry,
                               Done done) {
  if (absl::Status status = access::CheckText("note", note, kWordsBytesMax); !status.ok()) return done(status);
  const auto acknowledge = [&](v1::Incident stored) { return Acknowledged(std::move(stored), note, by, state_->parts.clock->Now()); };
  Commit(id, note, std::move(entry), acknowledge, std::move(done));
}

void IncidentBook::Close(std::string_view id, std::string_view conclusion, std::string_view by, std::unique_ptr<audit::Draft> entry,
                         Done done) {
  if (absl::Status status = access::CheckText("conclusion", conclusion, kWordsBytesMax); !status.ok()) return done(status);
  const auto close = [&](v1::Incident stored) { return Closed(std::move(stored), conclusion, by, state_->parts.clock->Now()); };
  Commit(id, conclusion, std::move(entry), close, std::move(done));
}

absl::StatusOr<std::optional<v1::Incident>> IncidentBook::Find(std::string_view id) const {
  auto stored = state_->Read(id);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) return std::optional<v1::Incident>();
  return std::optional<v1::Incident>(std::move((*stored)->incident));
}

absl::StatusOr<std::vector<v1::Incident>> IncidentBook::List(std::string_view before, size_t limit, bool with_closed) const {
  std::vector<v1::Incident> listed;
  absl::Status damage;
  absl::Status read = ReadIncidents(*state_->parts.records, before, *state_->parts.keys, [&](absl::StatusOr<v1::Incident> incident) {
    damage = incident.status();
    if (!damage.ok()) return false;
    if (with_closed || incident->state() != v1::Incident::CLOSED) listed.push_back(*std::move(incident));
    return listed.size() < limit;
  });
  if (!read.ok()) return read;
  if (!damage.ok()) return damage;
  return listed;
}

}  // namespace otokura::incidents
