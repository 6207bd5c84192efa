#include "server/access/egress/reservations.h"

#include <utility>

namespace otokura::access {

uint64_t Reservations::Add(std::vector<Share> shares) {
  for (const Share& share : shares) Count(share);
  const uint64_t number = next_number_++;
  by_number_.emplace(number, std::move(shares));
  return number;
}

void Reservations::Remove(uint64_t number) {
  const auto found = by_number_.find(number);
  if (found == by_number_.end()) return;
  for (const Share& share : found->second) Discount(share);
  by_number_.erase(found);
}

Amounts Reservations::In(v1::Window window, const std::string& subject) const {
  const auto found = by_subject_.find(subject);
  return found == by_subject_.end() ? Amounts{} : found->second.amounts[static_cast<size_t>(window - 1)];
}

bool Reservations::Holds(const std::string& subject, const TermKey& term) const {
  const auto found = by_subject_.find(subject);
  return found != by_subject_.end() && found->second.terms.contains(term);
}

// A term is counted with its first holder and until its last one is gone.
void Reservations::Count(const Share& share) {
  OfSubject& of_subject = by_subject_[share.subject];
  ++of_subject.reservations;
  for (const auto& [term, windows] : share.terms) {
    Held& held = of_subject.terms[term];
    if (held.holders++ == 0) held.counted = windows;
    if (held.holders > 1) continue;
    for (size_t window = 0; window < kWindows.size(); ++window) {
      if ((windows >> window & 1) != 0) ++Of(of_subject.amounts[window], term.measure);
    }
  }
  for (Amounts& amounts : of_subject.amounts) {
    Of(amounts, Measure::kAudioBytes) += share.audio_bytes;
    Of(amounts, Measure::kRows) += share.rows;
  }
}

void Reservations::Discount(const Share& share) {
  const auto found = by_subject_.find(share.subject);
  OfSubject& of_subject = found->second;
  for (const auto& [term, windows] : share.terms) {
    const auto held = of_subject.terms.find(term);
    if (--held->second.holders > 0) continue;
    for (size_t window = 0; window < kWindows.size(); ++window) {
      if ((held->second.counted >> window & 1) != 0) --Of(of_subject.amounts[window], term.measure);
    }
    of_subject.terms.erase(held);
  }
  for (Amounts& amounts : of_subject.amounts) {
    Of(amounts, Measure::kAudioBytes) -= share.audio_bytes;
    Of(amounts, Measure::kRows) -= share.rows;
  }
  if (--of_subject.reservations == 0) by_subject_.erase(found);
}

}  // namespace otokura::access
