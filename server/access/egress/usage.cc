#include "server/access/egress/usage.h"

#include <algorithm>

namespace otokura::access {
namespace {

constexpr int64_t kMinuteUs = 60'000'000;
constexpr int64_t kHourUs = 60 * kMinuteUs;
constexpr int64_t kDayUs = 24 * kHourUs;

// In whole microseconds: these are asked hundreds of times for one decision, which arithmetic of durations is too slow for.
constexpr int64_t LengthUs(v1::Window window) {
  switch (window) {
    case v1::HOUR:
      return kHourUs;
    case v1::DAY:
      return kDayUs;
    case v1::DAYS_30:
      return 30 * kDayUs;
    default:
      return 365 * kDayUs;
  }
}

constexpr int64_t SlotLengthUs(v1::Window window) {
  switch (window) {
    case v1::HOUR:
      return 5 * kMinuteUs;
    case v1::DAY:
      return kHourUs;
    case v1::DAYS_30:
      return kDayUs;
    default:
      return 10 * kDayUs;
  }
}

}  // namespace

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

absl::Duration LengthOf(v1::Window window) { return absl::Microseconds(LengthUs(window)); }
absl::Duration SlotLengthOf(v1::Window window) { return absl::Microseconds(SlotLengthUs(window)); }

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
  return static_cast<Slot>(std::max<int64_t>(absl::ToUnixMicros(time), 0) / SlotLengthUs(window));
}

absl::Time EndOf(v1::Window window, Slot slot) {
  return absl::FromUnixMicros((int64_t{slot} + 1) * SlotLengthUs(window) + LengthUs(window));
}

Slot FirstCounted(v1::Window window, absl::Time now) {
  return static_cast<Slot>(std::max<int64_t>(absl::ToUnixMicros(now) - LengthUs(window), 0) / SlotLengthUs(window));
}

// What ended since the last Trim is still in the total: a few slots, mostly none.
Amounts Usage::In(v1::Window window, absl::Time now) const {
  const OfWindow& of = Of(window);
  Amounts sum = of.total;
  const Slot first = FirstCounted(window, now);
  if (of.oldest >= first) return sum;
  for (auto ended = of.slots.begin(); ended != of.slots.end() && ended->slot < first; ++ended) {
    for (size_t measure = 0; measure < sum.size(); ++measure) sum[measure] -= ended->amounts[measure];
  }
  return sum;
}

absl::Time Usage::FreesAt(v1::Window window, absl::Time now, Measure measure, uint64_t amount) const {
  if (amount == 0) return now;
  uint64_t freed = 0;
  const Counteds& slots = Of(window).slots;
  for (auto counted = FirstAt(slots, FirstCounted(window, now)); counted != slots.end(); ++counted) {
    freed += access::Of(counted->amounts, measure);
    if (freed >= amount) return EndOf(window, counted->slot);
  }
  return absl::InfiniteFuture();
}

Amounts Usage::At(const WindowSlot& slot) const {
  const Counteds& slots = Of(slot.window).slots;
  const auto found = FirstAt(slots, slot.slot);
  return found == slots.end() || found->slot != slot.slot ? Amounts{} : found->amounts;
}

Usage::Counteds::const_iterator Usage::FirstAt(const Counteds& counteds, Slot slot) {
  return std::lower_bound(counteds.begin(), counteds.end(), slot,
                          [](const Counted& counted, Slot wanted) { return counted.slot < wanted; });
}

void Usage::Add(const WindowSlot& slot, const Amounts& amounts) {
  OfWindow& of = Of(slot.window);
  auto at = of.slots.begin() + (FirstAt(of.slots, slot.slot) - of.slots.cbegin());
  if (at == of.slots.end() || at->slot != slot.slot) at = of.slots.insert(at, Counted{slot.slot, {}});
  of.oldest = of.slots.front().slot;
  for (size_t measure = 0; measure < amounts.size(); ++measure) {
    at->amounts[measure] += amounts[measure];
    of.total[measure] += amounts[measure];
  }
}

void Usage::Subtract(const WindowSlot& slot, const Amounts& amounts) {
  OfWindow& of = Of(slot.window);
  const auto at = of.slots.begin() + (FirstAt(of.slots, slot.slot) - of.slots.cbegin());
  if (at == of.slots.end() || at->slot != slot.slot) return;
  for (size_t measure = 0; measure < amounts.size(); ++measure) {
    const uint64_t taken = std::min(amounts[measure], at->amounts[measure]);
    at->amounts[measure] -= taken;
    of.total[measure] -= taken;
  }
}

void Usage::Trim(absl::Time now, std::vector<WindowSlot>* dropped) {
  for (const v1::Window window : kWindows) {
    OfWindow& of = Of(window);
    const auto kept = FirstAt(of.slots, FirstCounted(window, now));
    for (auto gone = of.slots.cbegin(); gone != kept; ++gone) {
      for (size_t measure = 0; measure < of.total.size(); ++measure) of.total[measure] -= gone->amounts[measure];
      dropped->push_back({window, gone->slot});
    }
    of.slots.erase(of.slots.cbegin(), kept);
    of.oldest = of.slots.empty() ? 0 : of.slots.front().slot;
  }
}

}  // namespace otokura::access
