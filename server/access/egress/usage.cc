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

Amounts Usage::In(v1::Window window, absl::Time now) const {
  Amounts sum{};
  for (Counteds::const_iterator counted = FirstAt(Of(window), FirstCounted(window, now)); counted != Of(window).end(); ++counted) {
    for (size_t measure = 0; measure < sum.size(); ++measure) sum[measure] += counted->amounts[measure];
  }
  return sum;
}

absl::Time Usage::FreesAt(v1::Window window, absl::Time now, Measure measure, uint64_t amount) const {
  if (amount == 0) return now;
  uint64_t freed = 0;
  for (Counteds::const_iterator counted = FirstAt(Of(window), FirstCounted(window, now)); counted != Of(window).end(); ++counted) {
    freed += access::Of(counted->amounts, measure);
    if (freed >= amount) return EndOf(window, counted->slot);
  }
  return absl::InfiniteFuture();
}

Amounts Usage::At(const WindowSlot& slot) const {
  const Counteds& counteds = Of(slot.window);
  const auto found = FirstAt(counteds, slot.slot);
  return found == counteds.end() || found->slot != slot.slot ? Amounts{} : found->amounts;
}

Usage::Counteds::const_iterator Usage::FirstAt(const Counteds& counteds, Slot slot) {
  return std::lower_bound(counteds.begin(), counteds.end(), slot,
                          [](const Counted& counted, Slot wanted) { return counted.slot < wanted; });
}

Amounts& Usage::Mutable(const WindowSlot& slot) {
  Counteds& counteds = slots_[static_cast<size_t>(slot.window - 1)];
  const auto at = counteds.begin() + (FirstAt(counteds, slot.slot) - counteds.cbegin());
  if (at != counteds.end() && at->slot == slot.slot) return at->amounts;
  return counteds.insert(at, Counted{slot.slot, {}})->amounts;
}

void Usage::Trim(absl::Time now, std::vector<WindowSlot>* dropped) {
  for (const v1::Window window : kWindows) {
    Counteds& counteds = slots_[static_cast<size_t>(window - 1)];
    const auto kept = FirstAt(counteds, FirstCounted(window, now));
    for (auto gone = counteds.cbegin(); gone != kept; ++gone) dropped->push_back({window, gone->slot});
    counteds.erase(counteds.cbegin(), kept);
  }
}

}  // namespace otokura::access
