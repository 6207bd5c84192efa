#include "server/access/egress/guard.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/access/egress/ledger_rows.h"
#include "server/access/error_detail.h"

namespace otokura::access {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

absl::StatusOr<Reserved> EgressGuard::Reserve(const std::vector<BudgetSubject>& subjects, const Wanted& wanted, BudgetRefusal* refusal) {
  if (!window_clock_.ok()) return window_clock_.status();
  absl::MutexLock lock(&mutex_);
  const absl::Time now = (*window_clock_)->Now();
  const absl::StatusOr<std::vector<MetTerm>> terms = ReadTerms(wanted.terms, subjects);  // once for all subjects: it is most of the work
  if (!terms.ok()) return terms.status();
  // Before, not among them: whoever is refused is told what each of them used.
  if (durable_.size() + subjects.size() > kSubjectsInMemoryMax) durable_.clear();
  std::vector<Reservations::Share> shares;
  for (const BudgetSubject& subject : subjects) {
    const absl::StatusOr<const Usage*> used = UsageOf(subject);
    if (!used.ok()) return used.status();
    Reservations::Share share = ShareOf(subject, shares.size(), wanted, *terms, now);
    if (const std::optional<Excess> excess = FirstExcessOf(subject, **used, share, now); excess.has_value()) {
      if (refusal != nullptr) *refusal = Describe(subjects.front(), subject, *excess, now);
      return Exhausted(subject, *excess, now);
    }
    shares.push_back(std::move(share));
  }
  return Reserved{reservations_.Add(std::move(shares)), now};
}

void EgressGuard::Drop(uint64_t reservation) {
  absl::MutexLock lock(&mutex_);
  reservations_.Remove(reservation);
}

absl::StatusOr<const Usage*> EgressGuard::UsageOf(const BudgetSubject& subject) {
  if (const auto found = durable_.find(subject.id); found != durable_.end()) return &found->second;
  absl::StatusOr<Usage> usage = ReadUsage(*records_, subject.id);
  if (!usage.ok()) return usage.status();
  return &durable_.emplace(subject.id, *std::move(usage)).first->second;
}

absl::StatusOr<std::vector<EgressGuard::MetTerm>> EgressGuard::ReadTerms(const std::vector<Term>& terms,
                                                                         const std::vector<BudgetSubject>& subjects) const {
  std::vector<std::string_view> ids;
  for (const BudgetSubject& subject : subjects) ids.push_back(subject.id);
  std::vector<MetTerm> met;
  for (const Term& term : terms) {
    MetTerm& one = met.emplace_back(MetTerm{KeyOf(term), LastMet(ids.size())});
    for (const TermKey& key : {KeyOf(term), KeyBefore(term)}) {
      if (key.value.empty()) continue;
      const absl::StatusOr<LastMet> last = ReadLastMet(*records_, key, ids);
      if (!last.ok()) return last.status();
      for (size_t i = 0; i < ids.size(); ++i) one.last[i] = std::max(one.last[i], (*last)[i]);
    }
  }
  return met;
}

Reservations::Share EgressGuard::ShareOf(const BudgetSubject& subject, size_t place, const Wanted& wanted,
                                         const std::vector<MetTerm>& terms, absl::Time now) const {
  Reservations::Share share{subject.id, wanted.audio_bytes, wanted.rows};
  for (const MetTerm& term : terms) {
    share.terms.emplace_back(term.key, reservations_.Holds(subject.id, term.key) ? WindowSet{0} : NewSince(term.last[place], now));
  }
  return share;
}

std::optional<Excess> EgressGuard::FirstExcessOf(const BudgetSubject& subject, const Usage& used, const Reservations::Share& share,
                                                 absl::Time now) const {
  const auto reserved = [&](v1::Window window) { return reservations_.In(window, subject.id); };
  return FirstExcess(subject.budgets, used, reserved, share, now);
}

BudgetRefusal EgressGuard::Describe(const BudgetSubject& account, const BudgetSubject& subject, const Excess& excess,
                                    absl::Time now) const {
  const uint64_t own_use =
      Of(durable_.at(account.id).In(excess.window, now), excess.measure) + Of(reservations_.In(excess.window, account.id), excess.measure);
  return {subject.kind, subject.name, excess.limit, own_use, excess.in_flight && subject.id == account.id};
}

absl::Status EgressGuard::Exhausted(const BudgetSubject& subject, const Excess& excess, absl::Time now) const {
  const absl::Time frees = durable_.at(subject.id).FreesAt(excess.window, now, excess.measure, excess.beyond);
  v1::ErrorDetail detail;
  v1::BudgetExhausted& exhausted = *detail.mutable_budget_exhausted();
  exhausted.set_of(std::string(SubjectKindName(subject.kind)));
  exhausted.set_measure(std::string(MeasureName(excess.measure)));
  exhausted.set_window(excess.window);
  exhausted.set_maximum(excess.limit);
  std::string when = "it asks for more than may ever leave at once; ask for less";
  if (frees != absl::InfiniteFuture()) {
    const absl::Time retry_at = clock_->Now() + (frees - now);
    exhausted.set_retry_at_unix_ms(absl::ToUnixMillis(retry_at));
    when = absl::StrCat("there is room again at ", absl::FormatTime("%Y-%m-%dT%H:%MZ", retry_at + absl::Minutes(1), absl::UTCTimeZone()));
  }
  return WithDetail(absl::ResourceExhaustedError(absl::StrCat("budget: ", View(MeasureName(excess.measure)), " of the ",
                                                              View(SubjectKindName(subject.kind)), " in ", View(WindowName(excess.window)),
                                                              ", at most ", excess.limit, ": ", when)),
                    detail);
}

// ---- the record lane's half

absl::StatusOr<Usage> EgressGuard::DurableUsage(const std::string& subject) {
  absl::MutexLock lock(&mutex_);
  const auto found = durable_.find(subject);
  return found == durable_.end() ? ReadUsage(*records_, subject) : found->second;
}

absl::Status EgressGuard::LoadFor(const LedgerEvent& event) {
  for (const std::string& subject : event.subjects) {
    if (pending_.usages.contains(subject)) continue;
    absl::StatusOr<Usage> usage = DurableUsage(subject);
    if (!usage.ok()) return usage.status();
    pending_.usages[subject] = *std::move(usage);
  }
  for (const Term& term : event.terms) {
    for (const TermKey& key : {KeyOf(term), KeyBefore(term)}) {
      if (key.value.empty() || pending_.seen.contains(key)) continue;
      absl::StatusOr<Seen> seen = ReadSeen(*records_, key);
      if (!seen.ok()) return seen.status();
      pending_.seen[key] = *std::move(seen);
    }
  }
  return absl::OkStatus();
}

absl::Status EgressGuard::Add(absl::Span<const std::unique_ptr<storage::LogDraft>> drafts) {
  std::vector<const ChargedDraft*> charged;
  for (const auto& draft : drafts) {
    const auto* const one = dynamic_cast<const ChargedDraft*>(draft.get());
    if (one == nullptr || !one->event.has_value()) continue;
    if (absl::Status loaded = LoadFor(*one->event); !loaded.ok()) return loaded;
    charged.push_back(one);
  }
  for (const ChargedDraft* const one : charged) {
    pending_.Apply(*one->event, &touched_);
    if (one->reservation != 0) settled_.push_back(one->reservation);
  }
  return absl::OkStatus();
}

void EgressGuard::PutInto(storage::Batch* batch) const {
  if (touched_.slots.empty() && touched_.terms.empty()) return;
  PutTouched(pending_, touched_, batch);
  batch->Put(storage::Table::kMeta, kWindowClockKey, (*window_clock_)->Row().SerializeAsString());
}

void EgressGuard::Committed() {
  {
    absl::MutexLock lock(&mutex_);
    for (auto& [subject, usage] : pending_.usages) durable_[subject] = std::move(usage);
    for (const uint64_t reservation : settled_) reservations_.Remove(reservation);
  }
  Forget();
}

void EgressGuard::Forget() {
  pending_ = {};
  touched_ = {};
  settled_.clear();
}

}  // namespace otokura::access
