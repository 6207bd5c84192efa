#include "server/access/egress/fit.h"

#include <algorithm>

namespace otokura::access {
namespace {

constexpr Measure kAllMeasures[] = {Measure::kRecordings, Measure::kCallers, Measure::kAudioBytes, Measure::kSearchTerms, Measure::kRows};

// What a share adds to a window.
Amounts Asked(const Reservations::Share& share, v1::Window window) {
  Amounts asked{};
  Of(asked, Measure::kAudioBytes) = share.audio_bytes;
  Of(asked, Measure::kRows) = share.rows;
  for (const auto& [term, windows] : share.terms) {
    if ((windows >> (window - 1) & 1) != 0) ++Of(asked, term.measure);
  }
  return asked;
}

}  // namespace

void TakeLater(const Seen& seen, const std::string& subject, std::optional<absl::Time>* met) {
  if (const auto last = seen.find(subject); last != seen.end()) *met = std::max(*met, std::optional(last->second));
}

WindowSet NewSince(const std::optional<absl::Time>& met, absl::Time now) {
  WindowSet windows = 0;
  for (size_t i = 0; i < kWindows.size(); ++i) {
    if (!met.has_value() || SlotAt(kWindows[i], *met) < FirstCounted(kWindows[i], now)) windows |= static_cast<WindowSet>(1 << i);
  }
  return windows;
}

std::optional<Excess> FirstExcess(const std::vector<v1::Budget>& budgets, const Usage& counted,
                                  absl::FunctionRef<Amounts(v1::Window)> reserved, const Reservations::Share& share, absl::Time now) {
  for (const v1::Budget& budget : budgets) {
    const Amounts durable = counted.In(budget.window(), now);
    const Amounts in_flight = reserved(budget.window());
    const Amounts asked = Asked(share, budget.window());
    for (const Measure measure : kAllMeasures) {
      const std::optional<uint64_t> limit = LimitOf(budget, measure);
      if (!limit.has_value() || Of(asked, measure) == 0) continue;
      const auto beyond = [&](uint64_t used) { return Of(asked, measure) - std::min(Of(asked, measure), *limit - std::min(used, *limit)); };
      const uint64_t used = Of(durable, measure) + Of(in_flight, measure);
      if (beyond(used) > 0) return Excess{budget.window(), measure, *limit, beyond(used), beyond(Of(durable, measure)) == 0};
    }
  }
  return std::nullopt;
}

}  // namespace otokura::access
