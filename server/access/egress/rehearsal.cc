#include "server/access/egress/rehearsal.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/access/egress/fit.h"
#include "server/access/entries.h"
#include "server/audit/commitments.h"
#include "server/audit/log_rows.h"
#include "server/audit/log_times.h"
#include "server/audit/stored_details.h"

namespace otokura::access {
namespace {

bool IsRelease(Action action) {
  switch (action) {
    case Action::kSearch:
    case Action::kSearchPersonal:
    case Action::kShow:
    case Action::kShowPersonal:
    case Action::kListen:
    case Action::kDownload:
      return true;
    default:
      return false;
  }
}

audit::Particulars ParticularsOf(const v1::AuditDetails& details) {
  audit::Particulars who;
  who.account = details.account().value();
  who.person = details.person().value();
  who.company = details.company().value();
  who.contract = details.contract().value();
  who.approver = details.approver().value();
  who.reference = details.reference().value();
  return who;
}

v1::RehearsalFinding FindingOf(const audit::Particulars& who, const v1::AuditEntry& entry) {
  v1::RehearsalFinding finding;
  finding.set_account(who.account);
  finding.set_person(who.person);
  finding.set_role(entry.role());
  finding.set_company(who.company);
  finding.set_contract(who.contract);
  return finding;
}

void SayAction(std::string_view rule, Action action, v1::RehearsalFinding* finding) {
  finding->set_rule(std::string(rule));
  finding->set_action(std::string(ActionName(action)));
}

absl::StatusOr<std::optional<v1::AuditDetails>> OpenDetails(const storage::RecordReader& records, const keys::SiteKeys& keys,
                                                            const keys::ReleasePermit& permit, const v1::AuditEntry& entry) {
  absl::StatusOr<std::optional<v1::AuditDetails>> details = audit::OpenStoredDetails(records, keys, permit, entry);
  if (!details.ok() || !details->has_value()) return details;
  if (absl::Status opens = audit::CheckDetails(entry, **details); !opens.ok()) return opens;
  return details;
}

size_t TermsMet(const LedgerBook& book, const LedgerEvent& event) {
  size_t met = 0;
  for (const Term& term : event.terms) {
    for (const TermKey& key : {KeyOf(term), KeyBefore(term)}) {
      if (const auto seen = book.seen.find(key); seen != book.seen.end()) met += seen->second.size();
    }
  }
  return met;
}

}  // namespace

// One that was allowed, of an account that is known.
struct Rehearsal::Release {
  const v1::AuditEntry& entry;
  Action action;
  v1::Role role;
  audit::Particulars who;
};

absl::StatusOr<std::unique_ptr<Rehearsal>> Rehearsal::Begin(Parts parts, absl::Time from) {
  const absl::StatusOr<v1::LogHead> head = audit::ReadHead(*parts.records);
  if (!head.ok()) return head.status();
  const absl::StatusOr<uint64_t> first = audit::FirstAt(*parts.records, absl::ToUnixMicros(from), head->tree_size());
  if (!first.ok()) return first.status();
  return std::unique_ptr<Rehearsal>(new Rehearsal(std::move(parts), *first, head->tree_size()));
}

absl::Status Rehearsal::Step(const keys::ReleasePermit& permit, uint64_t entries_max) {
  const uint64_t end = std::min(end_, next_ + entries_max);
  absl::Status taken;
  const auto take = [&](std::string_view key, std::string_view leaf) {
    if (key != audit::SequenceKey(next_)) return false;
    const absl::StatusOr<v1::AuditEntry> entry = audit::ParseLeaf(next_, leaf);
    taken = entry.ok() ? Take(permit, *entry) : entry.status();
    if (taken.ok()) ++next_;
    return taken.ok();
  };
  absl::Status scanned = parts_.records->Scan(storage::Table::kLog, {audit::SequenceKey(next_), audit::SequenceKey(end), false}, take);
  if (!scanned.ok()) return scanned;
  if (!taken.ok()) return taken;
  if (next_ < end) return absl::DataLossError(absl::StrCat("log entry ", next_, ": missing; run otokurad fsck"));
  return absl::OkStatus();
}

absl::Status Rehearsal::Take(const keys::ReleasePermit& permit, const v1::AuditEntry& entry) {
  if (summary_.from_unix_ms() == 0) summary_.set_from_unix_ms(entry.time_unix_us() / 1000);
  if (entry.action() == v1::DELIVERED) TakeDelivered(entry);
  if (entry.decision() != v1::ALLOWED) return absl::OkStatus();
  const std::optional<Action> action = RightBehind(entry);
  const v1::Role role = RoleNamed(entry.role());
  if (!action.has_value() || role == v1::ROLE_UNSPECIFIED) return absl::OkStatus();
  absl::Status taken = IsRelease(*action) || entry.action() == v1::EXPORT ? TakeRelease(permit, entry, *action, role)
                                                                          : TakeOther(permit, entry, *action, role);
  if (!taken.ok() || terms_met_ + findings_.kept() <= parts_.kept_max) return taken;
  return absl::ResourceExhaustedError(absl::StrCat("days: more met in them than the ", parts_.kept_max,
                                                   " recordings, callers and terms that a rehearsal keeps; rehearse fewer"));
}

absl::Status Rehearsal::TakeRelease(const keys::ReleasePermit& permit, const v1::AuditEntry& entry, Action action, v1::Role role) {
  summary_.set_releases(summary_.releases() + 1);
  const auto details = OpenDetails(*parts_.records, *parts_.keys, permit, entry);
  if (!details.ok()) return details.status();
  if (!details->has_value() || !(*details)->has_account()) {
    summary_.set_releases_unjudged(summary_.releases_unjudged() + 1);
    return absl::OkStatus();
  }
  const Release release{entry, action, role, ParticularsOf(**details)};
  v1::RehearsalFinding finding = FindingOf(release.who, entry);
  const std::vector<BudgetSubject> subjects = SubjectsOf(release);
  now_ = std::max(now_, absl::FromUnixMicros(entry.window_time_unix_us()));
  if (!StoppedByRules(release, &finding) && !StoppedByScope(release, &finding) && !StoppedByBudget(release, subjects, &finding)) {
    Charge(release, subjects);
    return absl::OkStatus();
  }
  summary_.set_releases_stopped(summary_.releases_stopped() + 1);
  findings_.Add(finding, entry);
  return absl::OkStatus();
}

absl::Status Rehearsal::TakeOther(const keys::ReleasePermit& permit, const v1::AuditEntry& entry, Action action, v1::Role role) {
  summary_.set_others(summary_.others() + 1);
  if (parts_.draft->ScopeOf(role, action) != v1::SCOPE_UNSPECIFIED) return absl::OkStatus();
  summary_.set_others_stopped(summary_.others_stopped() + 1);
  const auto details = OpenDetails(*parts_.records, *parts_.keys, permit, entry);
  if (!details.ok()) return details.status();
  v1::RehearsalFinding finding = FindingOf(ParticularsOf(details->value_or(v1::AuditDetails())), entry);
  SayAction("role", action, &finding);
  findings_.Add(finding, entry);
  return absl::OkStatus();
}

bool Rehearsal::StoppedByRules(const Release& release, v1::RehearsalFinding* finding) {
  const Rules& draft = *parts_.draft;
  const std::string& purpose = release.entry.purpose();
  if (draft.ScopeOf(release.role, release.action) == v1::SCOPE_UNSPECIFIED) {
    SayAction("role", release.action, finding);
  } else if (!purpose.empty() && !draft.MayState(release.role, purpose)) {
    SayAction("purpose", release.action, finding);
    finding->set_purpose(purpose);
  } else if (!purpose.empty() && !release.who.reference.empty() && !draft.FitsPurpose(purpose, release.who.reference)) {
    SayAction("reference", release.action, finding);
    finding->set_purpose(purpose);
  } else {
    return false;
  }
  return true;
}

bool Rehearsal::StoppedByScope(const Release& release, v1::RehearsalFinding* finding) {
  const v1::Scope scope = parts_.draft->ScopeOf(release.role, release.action);
  // What an account reached is known as of now: where nothing is narrowed, what it reached then stands.
  if (release.entry.recording_id().empty() || scope >= parts_.in_force->ScopeOf(release.role, release.action)) return false;
  const std::optional<bool> reaches = parts_.reaches(release.who.account, release.entry.recording_id(), scope);
  if (!reaches.has_value()) summary_.set_scopes_unjudged(summary_.scopes_unjudged() + 1);
  if (reaches.value_or(true)) return false;
  SayAction("scope", release.action, finding);
  return true;
}

// Those that have budgets: nobody else is counted.
std::vector<BudgetSubject> Rehearsal::SubjectsOf(const Release& release) const {
  const v1::Role approver_role = release.entry.grant_id().empty() ? v1::ROLE_UNSPECIFIED : parts_.approver_role(release.entry.grant_id());
  std::vector<BudgetSubject> subjects =
      SubjectsOfRelease(parts_.budgets, *parts_.keys, release.who, release.entry, release.role, approver_role);
  std::erase_if(subjects, [](const BudgetSubject& subject) { return subject.budgets.empty(); });
  return subjects;
}

bool Rehearsal::StoppedByBudget(const Release& release, const std::vector<BudgetSubject>& subjects, v1::RehearsalFinding* finding) {
  if (release.entry.window_time_unix_us() == 0) return false;
  const std::vector<Term> terms = TermsOf(release.entry);
  const auto nothing = [](v1::Window) { return Amounts{}; };
  for (const BudgetSubject& subject : subjects) {
    Reservations::Share share{subject.id, release.entry.reserved_bytes(), release.entry.reserved_rows()};
    for (const Term& term : terms) {
      std::optional<absl::Time> met;
      for (const TermKey& key : {KeyOf(term), KeyBefore(term)}) {
        if (const auto seen = book_.seen.find(key); seen != book_.seen.end()) TakeLater(seen->second, subject.id, &met);
      }
      share.terms.emplace_back(KeyOf(term), NewSince(met, now_));
    }
    const std::optional<Excess> excess = FirstExcess(subject.budgets, book_.usages[subject.id], nothing, share, now_);
    if (!excess.has_value()) continue;
    finding->set_rule("budget");
    v1::RehearsedBudget& budget = *finding->mutable_budget();
    budget.set_of(std::string(SubjectKindName(subject.kind)));
    budget.set_name(subject.name);
    budget.set_measure(std::string(MeasureName(excess->measure)));
    budget.set_window(excess->window);
    budget.set_maximum(excess->limit);
    return true;
  }
  return false;
}

void Rehearsal::Charge(const Release& release, const std::vector<BudgetSubject>& subjects) {
  std::optional<LedgerEvent> event = EventOf(release.entry, release.who, parts_.budgets.chain, *parts_.keys);
  if (!event.has_value() || subjects.empty()) return;
  event->subjects.clear();
  for (const BudgetSubject& subject : subjects) event->subjects.push_back(subject.id);
  Count(*event);
  // As the guard does with what it has no place to remember: it stays charged.
  if (charged_.size() < kOpenReleasesMax) charged_[release.entry.sequence()] = std::move(event->subjects);
}

void Rehearsal::TakeDelivered(const v1::AuditEntry& entry) {
  findings_.Close(entry.of_sequence(), entry.delivered_bytes());
  const auto charged = charged_.find(entry.of_sequence());
  if (charged == charged_.end()) return;
  std::optional<LedgerEvent> event = EventOf(entry, {}, parts_.budgets.chain, *parts_.keys);
  if (event.has_value()) {
    event->subjects = std::move(charged->second);
    Count(*event);
  }
  charged_.erase(charged);
}

void Rehearsal::Count(const LedgerEvent& event) {
  const size_t before = TermsMet(book_, event);
  Touched ignored;
  book_.Apply(event, &ignored);
  terms_met_ += TermsMet(book_, event);
  terms_met_ -= before;
}

v1::RehearsalProgress Rehearsal::progress() const {
  v1::RehearsalProgress progress;
  progress.set_entries_done(next_ - first_);
  progress.set_entries(end_ - first_);
  return progress;
}

v1::RehearsalSummary Rehearsal::summary() const {
  v1::RehearsalSummary summary = summary_;
  summary.set_stops_unlisted(findings_.unlisted());
  return summary;
}

}  // namespace otokura::access
