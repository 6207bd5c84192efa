#include "server/access/egress/ledger_book.h"

#include <algorithm>
#include <optional>

namespace otokura::access {
namespace {

std::optional<absl::Time> LastSeen(const LedgerBook& book, const TermKey& key, const std::string& subject) {
  const auto seen = book.seen.find(key);
  if (seen == book.seen.end()) return std::nullopt;
  const auto last = seen->second.find(subject);
  return last == seen->second.end() ? std::nullopt : std::optional(last->second);
}

// A term counts where it was met last: from there it moves, so that a window that begins after an older meeting still counts it once.
void MoveTerm(const Term& term, const std::string& subject, absl::Time at, LedgerBook* book, Touched* touched) {
  const std::optional<absl::Time> last = LastSeen(*book, KeyOf(term), subject);
  const std::optional<absl::Time> before = term.before.empty() ? std::nullopt : LastSeen(*book, KeyBefore(term), subject);
  const std::optional<absl::Time> met = std::max(last, before);
  if (met.has_value() && *met > at) return;  // two that were reserved at about the same time, committed the other way round
  Usage& usage = book->usages[subject];
  Amounts one{};
  Of(one, term.measure) = 1;
  for (const v1::Window window : kWindows) {
    const WindowSlot now{window, SlotAt(window, at)};
    if (met.has_value()) {
      const WindowSlot then{window, SlotAt(window, *met)};
      if (then == now) continue;
      if (Of(usage.At(then), term.measure) > 0) {
        usage.Subtract(then, one);
        touched->slots.insert({subject, then});
      }
    }
    usage.Add(now, one);
    touched->slots.insert({subject, now});
  }
  book->seen[KeyOf(term)][subject] = at;
  touched->terms.insert(KeyOf(term));
  if (before.has_value()) {
    book->seen[KeyBefore(term)].erase(subject);
    touched->terms.insert(KeyBefore(term));
  }
}

void ForgetOld(const TermKey& key, absl::Time now, LedgerBook* book, Touched* touched) {
  const auto seen = book->seen.find(key);
  if (seen == book->seen.end()) return;
  for (auto each = seen->second.begin(); each != seen->second.end();) {
    if (each->second + LongestCounted() > now) {
      ++each;
      continue;
    }
    each = seen->second.erase(each);
    touched->terms.insert(key);
  }
}

// Of bytes and rows, which count each time again.
Amounts Amount(const LedgerEvent& event) {
  Amounts amounts{};
  Of(amounts, Measure::kAudioBytes) = event.audio_bytes;
  Of(amounts, Measure::kRows) = event.rows;
  return amounts;
}

void Take(const LedgerEvent& event, const std::string& subject, LedgerBook* book, Touched* touched) {
  Usage& usage = book->usages[subject];
  std::vector<WindowSlot> dropped;
  usage.Trim(event.at, &dropped);
  for (const WindowSlot& slot : dropped) touched->slots.insert({subject, slot});
  for (const v1::Window window : kWindows) {
    if (event.audio_bytes == 0 && event.rows == 0) break;
    const WindowSlot slot{window, SlotAt(window, event.at)};
    usage.Add(slot, Amount(event));
    touched->slots.insert({subject, slot});
  }
  for (const Term& term : event.terms) MoveTerm(term, subject, event.at, book, touched);
}

// Only where the slot still counts: what was dropped gives nothing back.
void GiveBack(const LedgerEvent& event, const std::string& subject, LedgerBook* book, Touched* touched) {
  Usage& usage = book->usages[subject];
  for (const v1::Window window : kWindows) {
    const WindowSlot slot{window, SlotAt(window, event.at)};
    const Amounts there = usage.At(slot);
    if (std::min(event.audio_bytes, Of(there, Measure::kAudioBytes)) == 0 && std::min(event.rows, Of(there, Measure::kRows)) == 0) continue;
    usage.Subtract(slot, Amount(event));
    touched->slots.insert({subject, slot});
  }
}

}  // namespace

absl::Duration LongestCounted() { return LengthOf(v1::DAYS_365) + SlotLengthOf(v1::DAYS_365); }

TermKey KeyOf(const Term& term) { return {term.measure, term.value}; }
TermKey KeyBefore(const Term& term) { return {term.measure, term.before}; }

void LedgerBook::Apply(const LedgerEvent& event, Touched* touched) {
  if (!event.gives_back) {
    for (const Term& term : event.terms) ForgetOld(KeyOf(term), event.at, this, touched);
  }
  for (const std::string& subject : event.subjects) {
    if (event.gives_back) {
      GiveBack(event, subject, this, touched);
    } else {
      Take(event, subject, this, touched);
    }
  }
}

}  // namespace otokura::access
