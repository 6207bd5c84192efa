#include "server/access/egress/usage.h"

#include <algorithm>

namespace otokura::access {

std::optional<uint64_t> LimitOf(const v1::Budget& budget, Measure measure) {
  switch (measure) {
    case Measure::kRecordings:
      return budget.has_recordings() ? std::optional(budget.recordings()) : std::nullopt;
    case Measure::kCallers:
      return budget.has_callers() ? std::optional(budget.callers()) : std::nullopt;
    case Measure::kAudioBytes:
      return budget.has_audio_bytes() ? std::optional(budget.audio_bytes()) : std::nullopt;
    case Measure::kSearchTerms:
      return budget.has_search_terms() ? std::optional(budget.search_terms()) : std::nullopt;
    case Measure::kRows:
      return budget.has_rows() ? std::optional(budget.rows()) : std::nullopt;
  }
  return std::nullopt;
}

std::string_view MeasureName(Measure measure) {
  constexpr std::array<std::string_view, kMeasures> kNames = {"recordings", "callers", "audio_bytes", "search_terms", "rows"};
  return kNames[static_cast<size_t>(measure)];
}

absl::Duration LengthOf(v1::Window window) {
  switch (window) {
    case v1::HOUR:
      return absl::Hours(1);
    case v1::DAY:
      return absl::Hours(24);
    case v1::DAYS_30:
      return absl::Hours(30 * 24);
    default:
      return absl::Hours(365 * 24);
  }
}

absl::Duration SlotLengthOf(v1::Window window) {
  switch (window) {
    case v1::HOUR:
      return absl::Minutes(5);
    case v1::DAY:
      return absl::Hours(1);
    case v1::DAYS_30:
      return absl::Hours(24);
    default:
      return absl::Hours(10 * 24);
  }
}

std::string_view WindowName(v1::Window window) {
  switch (window) {
    case v1::HOUR:
      return "1 hour";
    case v1::DAY:
      return "1 day";
    case v1::DAYS_30:
      return "30 days";
    default:
      return "365 days";
  }
}

Slot SlotAt(v1::Window window, absl::Time time) {
  const int64_t slots = absl::ToUnixMicros(time) / absl::ToInt64Microseconds(SlotLengthOf(window));
  return static_cast<Slot>(std::max<int64_t>(slots, 0));
}

absl::Time EndOf(v1::Window window, Slot slot) { return absl::UnixEpoch() + (int64_t{slot} + 1) * SlotLengthOf(window) + LengthOf(window); }

Amounts Usage::In(v1::Window window, absl::Time now) const {
  Amounts sum{};
  for (const Counted& counted : Of(window)) {
    if (EndOf(window, counted.slot) <= now) continue;
    for (size_t measure = 0; measure < sum.size(); ++measure) sum[measure] += counted.amounts[measure];
  }
  return sum;
}

absl::Time Usage::FreesAt(v1::Window window, absl::Time now, Measure measure, uint64_t amount) const {
  if (amount == 0) return now;
  uint64_t freed = 0;
  for (const Counted& counted : Of(window)) {
    if (EndOf(window, counted.slot) <= now) continue;
    freed += access::Of(counted.amounts, measure);
    if (freed >= amount) return EndOf(window, counted.slot);
  }
  return absl::InfiniteFuture();
}

Amounts Usage::At(const WindowSlot& slot) const {
  const Counteds& counteds = Of(slot.window);
  const auto found = std::find_if(counteds.begin(), counteds.end(), [&](const Counted& counted) { return counted.slot == slot.slot; });
  return found == counteds.end() ? Amounts{} : found->amounts;
}

Amounts& Usage::Mutable(const WindowSlot& slot) {
  Counteds& counteds = slots_[static_cast<size_t>(slot.window - 1)];
  const auto at = std::lower_bound(counteds.begin(), counteds.end(), slot.slot,
                                   [](const Counted& counted, Slot wanted) { return counted.slot < wanted; });
  if (at != counteds.end() && at->slot == slot.slot) return at->amounts;
  return counteds.insert(at, Counted{slot.slot, {}})->amounts;
}

void Usage::Trim(absl::Time now, std::vector<WindowSlot>* dropped) {
  for (const v1::Window window : kWindows) {
    Counteds& counteds = slots_[static_cast<size_t>(window - 1)];
    const auto kept =
        std::find_if(counteds.begin(), counteds.end(), [&](const Counted& counted) { return EndOf(window, counted.slot) > now; });
    for (auto gone = counteds.begin(); gone != kept; ++gone) dropped->push_back({window, gone->slot});
    counteds.erase(counteds.begin(), kept);
  }
}

}  // namespace otokura::access
