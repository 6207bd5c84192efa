#include "server/access/cases.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "server/access/case_checks.h"
#include "server/access/case_rows.h"

namespace otokura::access {
namespace {

template <typename List>
bool Lists(const List& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool IsOpen(const v1::Case& stands, absl::Time now) {
  return stands.state() == v1::Case::OPEN && now < absl::FromUnixMillis(stands.ends_unix_ms());
}

v1::Case AsOf(v1::Case stands, absl::Time now) {
  if (stands.state() == v1::Case::OPEN && !IsOpen(stands, now)) stands.set_state(v1::Case::ENDED);
  return stands;
}

absl::Status NoSuchCase() { return absl::NotFoundError("name: no such case; look at the list of cases"); }

absl::Status FateUnknown() {
  return absl::UnavailableError("the disk does not answer, so it is not known whether the change was kept; try again, which is safe");
}

// One text for a case that is not there, is closed, is for other purposes, or names others.
Decision DenyCase() {
  return {false, "case",
          absl::FailedPreconditionError(
              "justification.reference: no case of that name is open for this purpose and names this recording or its "
              "caller; have somebody else open one, with otokura case open")};
}

Decision DenyOwnCase() {
  return {false, "own-case",
          absl::FailedPreconditionError(
              "justification.reference: you opened this case, so others act under it; state a reference of your own")};
}

Decision Allow() { return {true, "allowed", absl::OkStatus()}; }

// What somebody answered itself needs no case for a while: the call is still in its ears.
bool IsOwnCallOfLately(const Rules& rules, const Ask& ask, absl::Time now) {
  if (ask.action == Action::kSearchPersonal) return ask.own_term;
  return ask.resource.has_value() && ask.resource->own && now < ask.resource->came_in + rules.OwnCallsPeriod(ask.justification.purpose());
}

bool NamesOneOf(const v1::CaseRecord& record, const std::vector<std::string>& pseudonyms) {
  return std::any_of(pseudonyms.begin(), pseudonyms.end(),
                     [&](const std::string& pseudonym) { return Lists(record.term_pseudonyms(), pseudonym); });
}

absl::StatusOr<bool> Names(const v1::CaseRecord& record, const Ask& ask) {
  if (ask.action == Action::kSearchPersonal) return NamesOneOf(record, ask.term_pseudonyms);
  if (!ask.resource.has_value()) return false;
  if (Lists(record.stands().recording_ids(), ask.resource->id.Text())) return true;
  if (record.term_pseudonyms().empty()) return false;
  if (!ask.personal_pseudonyms) return absl::InternalError("cases: a recording that does not say whose call it was");
  absl::StatusOr<std::vector<std::string>> pseudonyms = ask.personal_pseudonyms();
  if (!pseudonyms.ok()) return pseudonyms.status();
  return NamesOneOf(record, *pseudonyms);
}

}  // namespace

// Shared with the callbacks of commits, which may come after the cases are gone.
struct Cases::State {
  State(const storage::RecordReader& the_records, storage::Committer* the_committer, const keys::SiteKeys* the_keys,
        runtime::Clock* the_clock)
      : records(the_records), committer(the_committer), keys(the_keys), clock(the_clock) {}

  void Adopt(v1::CaseRecord record) {
    absl::MutexLock lock(&mutex);
    const std::string name = record.stands().name();
    if (IsOpen(record.stands(), clock->LogTime())) {
      open[name] = std::make_shared<const v1::CaseRecord>(std::move(record));
    } else {
      open.erase(name);
    }
  }
  std::shared_ptr<const v1::CaseRecord> Find(std::string_view name) const {
    absl::MutexLock lock(&mutex);
    const auto found = open.find(name);
    return found == open.end() ? nullptr : found->second;
  }
  // Those that ended by themselves are dropped when the room is needed.
  bool HasRoom() {
    absl::MutexLock lock(&mutex);
    if (open.size() < kOpenCasesMax) return true;
    std::erase_if(open, [now = clock->LogTime()](const auto& entry) { return !IsOpen(entry.second->stands(), now); });
    return open.size() < kOpenCasesMax;
  }

  const storage::RecordReader& records;
  storage::Committer* const committer;
  const keys::SiteKeys* const keys;
  runtime::Clock* const clock;
  mutable absl::Mutex mutex;
  std::map<std::string, std::shared_ptr<const v1::CaseRecord>, std::less<>> open ABSL_GUARDED_BY(mutex);
};

Cases::Cases(std::shared_ptr<State> state) : state_(std::move(state)) {}
Cases::~Cases() = default;

absl::StatusOr<std::unique_ptr<Cases>> Cases::Open(const storage::RecordReader& records, storage::Committer* committer,
                                                   const keys::SiteKeys* keys, runtime::Clock* clock) {
  auto state = std::make_shared<State>(records, committer, keys, clock);
  absl::Status loaded = ReadCases(records, *keys, [&](v1::CaseRecord record) { state->Adopt(std::move(record)); });
  if (!loaded.ok()) return loaded;
  return std::unique_ptr<Cases>(new Cases(std::move(state)));
}

void Cases::Add(const v1::OpenCaseRequest& request, std::vector<std::string> pseudonyms, const v1::Account& opener,
                std::unique_ptr<audit::Draft> entry, Done done) {
  if (!state_->HasRoom())
    return done(absl::ResourceExhaustedError(absl::StrCat("case: ", kOpenCasesMax, " are open, which is the most; close some")));
  const absl::Time now = state_->clock->LogTime();
  v1::CaseRecord record;
  v1::Case& stands = *record.mutable_stands();
  stands.set_name(request.name());
  *stands.mutable_purposes() = request.purposes();
  *stands.mutable_recording_ids() = request.recording_ids();
  stands.set_terms(static_cast<uint32_t>(request.terms_size()));
  stands.set_state(v1::Case::OPEN);
  stands.set_opened_by(opener.name());
  stands.set_opened_unix_ms(absl::ToUnixMillis(now));
  stands.set_ends_unix_ms(absl::ToUnixMillis(now + absl::Hours(24) * (request.days() == 0 ? kCaseDaysDefault : request.days())));
  record.set_opened_by_person(opener.person_id());
  for (std::string& pseudonym : pseudonyms) record.add_term_pseudonyms(std::move(pseudonym));
  absl::StatusOr<std::optional<StoredCase>> there = ReadCase(state_->records, request.name(), *state_->keys);
  if (!there.ok()) return done(there.status());
  if (there->has_value()) return done(absl::AlreadyExistsError("name: there is or was a case of that name; take another"));
  entry->particulars.reason = request.reason();
  Commit(std::move(record), std::nullopt, std::move(entry), std::move(done));
}

void Cases::Close(std::string_view name, std::string_view closer, std::unique_ptr<audit::Draft> entry, Done done) {
  absl::StatusOr<std::optional<StoredCase>> stored = ReadCase(state_->records, name, *state_->keys);
  if (!stored.ok()) return done(stored.status());
  if (!stored->has_value()) return done(NoSuchCase());
  v1::CaseRecord record = std::move((*stored)->record);
  state_->Adopt(record);
  if (!IsOpen(record.stands(), state_->clock->LogTime()))
    return done(absl::FailedPreconditionError("name: closed already, or its days are over"));
  record.mutable_stands()->set_state(v1::Case::CLOSED);
  record.mutable_stands()->set_closed_by(std::string(closer));
  Commit(std::move(record), std::move((*stored)->row), std::move(entry), std::move(done));
}

void Cases::Commit(v1::CaseRecord record, std::optional<std::string> expected, std::unique_ptr<audit::Draft> entry, Done done) {
  storage::RecordCommit commit;
  if (absl::Status put = PutCase(record, std::move(expected), *state_->keys, &commit.batch); !put.ok()) return done(put);
  commit.entries.push_back(std::move(entry));
  commit.done = [state = state_, record = std::move(record), done = std::move(done)](const absl::Status& committed,
                                                                                     absl::Span<const uint64_t>) {
    if (absl::IsAborted(committed)) return done(absl::AbortedError("name: the case was changed meanwhile; try again"));
    if (absl::IsUnavailable(committed)) return done(FateUnknown());
    if (!committed.ok()) return done(committed);
    state->Adopt(record);
    done(record.stands());
  };
  state_->committer->Commit(std::move(commit));
}

absl::StatusOr<std::optional<v1::Case>> Cases::Find(std::string_view name) const {
  absl::StatusOr<std::optional<StoredCase>> stored = ReadCase(state_->records, name, *state_->keys);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) return std::optional<v1::Case>();
  return std::optional<v1::Case>(AsOf(std::move(*(*stored)->record.mutable_stands()), state_->clock->LogTime()));
}

std::vector<v1::Case> Cases::List(std::string_view after, size_t limit) const {
  const absl::Time now = state_->clock->LogTime();
  std::vector<v1::Case> listed;
  absl::MutexLock lock(&state_->mutex);
  for (auto next = state_->open.upper_bound(after); next != state_->open.end() && listed.size() < limit; ++next) {
    if (IsOpen(next->second->stands(), now)) listed.push_back(next->second->stands());
  }
  return listed;
}

Decision Cases::JudgeAgain(const Rules& rules, const Caller& caller, const Ask& ask, absl::Time now) const {
  const std::shared_ptr<const v1::CaseRecord> record = state_->Find(ask.justification.reference());
  if (record != nullptr && record->opened_by_person() == caller.account().person_id()) return DenyOwnCase();
  if (!rules.DemandsCase(caller.account().role(), ask.justification.purpose()) || IsOwnCallOfLately(rules, ask, now)) return Allow();
  if (record == nullptr || !IsOpen(record->stands(), now) || !Lists(record->stands().purposes(), ask.justification.purpose()))
    return DenyCase();
  return Allow();
}

Decision Cases::Judge(const Rules& rules, const Caller& caller, const Ask& ask, absl::Time now) const {
  Decision decision = JudgeAgain(rules, caller, ask, now);
  if (!decision.allowed || !rules.DemandsCase(caller.account().role(), ask.justification.purpose()) || IsOwnCallOfLately(rules, ask, now))
    return decision;
  const std::shared_ptr<const v1::CaseRecord> record = state_->Find(ask.justification.reference());
  const absl::StatusOr<bool> names = record == nullptr ? false : Names(*record, ask);
  if (!names.ok()) return {false, "case", names.status()};
  return *names ? decision : DenyCase();
}

}  // namespace otokura::access
